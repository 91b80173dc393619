"""ChirpStack 3: JSON on `application/{id}/device/{DevEUI}/event/{kind}`.

    {"devEUI": "ASNFZ4mrze8=", "deviceName": "...", "devAddr": "ABiUQA==",
     "fCnt": 17, "fPort": 85, "data": "base64", "objectJSON": "{...}",
     "rxInfo": [{"rssi": -36, "loRaSNR": 10.5, "time": T or null}, ...],
     "publishedAt": T}

DevEUI and DevAddr are in base64 (the JSON mapping of Protocol Buffers), and the decoded
object is a text. Where the server is set to "JSON v3" they are hexadecimal, and the
object is `object`: both are read. `time` is null where a gateway has no clock;
`publishedAt` came with 3.11. Kinds: up, status, join, ack, error, txack, location,
integration; before 3.11 the topic ended in `rx` for up.

Docs: ChirpStack v3, Application Server, Event types; `integration.proto` of
chirpstack-api 3.
"""

from base64 import b64encode
from collections.abc import Mapping

import msgspec

from ingest.protocols.json_document import numbers_of, read_json
from ingest.protocols.network_server import earliest, heard_best, named
from ingest.protocols.up_message import Frame, Name, Notice, Number, Time, Uplink
from vocabulary.quantity import Quantity

KINDS = ("up", "status", "join", "ack", "error", "txack", "location", "integration")
"""Every sort of message there is."""

_OLD_UP = "rx"


class _Reception(msgspec.Struct, kw_only=True, omit_defaults=True):
    rssi: float | None = None
    snr: float | None = msgspec.field(default=None, name="loRaSNR")
    time: Time | None = None


class _Event(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    dev_eui: str = msgspec.field(default="", name="devEUI")
    device_name: str = ""
    dev_addr: Name = ""
    f_cnt: int = 0
    f_port: int = 0
    data: Frame | None = None  # in base64
    object_json: str = msgspec.field(default="", name="objectJSON")
    decoded: dict[str, object] | None = msgspec.field(default=None, name="object")
    rx_info: list[_Reception] | None = None
    published_at: Time | None = None
    # What tells the other kinds apart.
    margin: int | None = None
    battery_level: float | None = None
    battery_level_unavailable: bool = False
    external_power_source: bool = False
    location: msgspec.Raw = msgspec.Raw()
    acknowledged: bool | None = None
    error: str = ""


_EVENT = msgspec.json.Decoder(_Event)
_OBJECT = msgspec.json.Decoder(dict[str, object])


def decode(payload: bytes, kind: str = "") -> Uplink | Notice:
    """Return what a message says.

    Args:
        payload: Its octets.
        kind: The last level of its topic; seen by the fields if empty.

    Raises:
        ProtocolError: If it is too long, no JSON, or not of its kind.
    """
    event = read_json(_EVENT, payload)
    device = named(event.dev_eui, event.device_name, payload)
    if (kind or _kind_of(event)) in {"up", _OLD_UP}:
        return _uplink(event, device)
    return Notice(
        kind=kind or _kind_of(event),
        device=device,
        at=earliest([event.published_at]),
        extras=_battery(event),
    )


def encode(uplink: Uplink) -> bytes:
    """Return the message that says an uplink."""
    rssi = uplink.extras.get(Quantity.RSSI_DBM.value)
    heard = _Reception(rssi=rssi, snr=uplink.extras.get(Quantity.SNR_DB.value))
    values = msgspec.json.encode(uplink.values).decode() if uplink.values else ""
    return msgspec.json.encode(
        _Event(
            dev_eui=b64encode(bytes.fromhex(uplink.device)).decode(),
            dev_addr=b64encode(bytes.fromhex(uplink.session)).decode(),
            f_cnt=uplink.counter,
            f_port=uplink.port,
            data=uplink.payload,
            object_json=values,
            rx_info=[] if rssi is None else [heard],
            published_at=uplink.heard_at,
        )
    )


def _uplink(event: _Event, device: str) -> Uplink:
    heard = event.rx_info or []
    values = event.decoded or {}
    if event.object_json:
        values = read_json(_OBJECT, event.object_json.encode())
    return Uplink(
        device=device,
        heard_at=earliest(one.time for one in heard) or earliest([event.published_at]),
        session=_hexadecimal(event.dev_addr),
        counter=event.f_cnt,
        port=event.f_port,
        payload=event.data or b"",
        values=numbers_of(values),
        extras=heard_best((one.rssi, one.snr) for one in heard),
    )


def _kind_of(event: _Event) -> str:
    if event.rx_info is not None and event.data is not None:
        return "up"
    signs = {
        "location": event.location,
        "status": event.margin is not None or event.battery_level is not None,
        "ack": event.acknowledged is not None,
        "error": event.error,
    }
    kinds = [kind for kind, sign in signs.items() if sign]
    return kinds[0] if kinds else "join"


def _hexadecimal(dev_addr: str) -> str:
    """Return a DevAddr, which is in base64 or is hexadecimal already."""
    try:
        octets = msgspec.convert(dev_addr, bytes)
    except msgspec.ValidationError:
        return dev_addr
    return octets.hex() if len(octets) == 4 else dev_addr  # noqa: PLR2004 - its length


def _battery(event: _Event) -> Mapping[str, Number]:
    is_known = not (event.battery_level_unavailable or event.external_power_source)
    if event.battery_level is None or not is_known:
        return {}
    return {Quantity.BATTERY_PCT.value: event.battery_level}
