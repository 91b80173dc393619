"""ChirpStack 4: JSON on `application/{id}/device/{DevEUI}/event/{kind}`.

    {"time": T, "deviceInfo": {"devEui": "0123456789abcdef", "deviceName": "..."},
     "devAddr": "00189440", "fCnt": 17, "fPort": 85, "data": "base64",
     "object": {...}, "rxInfo": [{"rssi": -36, "snr": 10.5, "gwTime": T}, ...]}

`kind` is the topic's last level: up, status, join, ack, txack, log, location,
integration. What is 0 or empty is left out (the JSON mapping of Protocol Buffers 3);
`object` is what the codec of ChirpStack's own device profile made of the payload. A
status has `batteryLevel`, %, unless it could not be told. Without a topic the kind is
seen by the fields.

Docs: chirpstack.io, Integrations, Events; `integration.proto` of chirpstack-api 4.
"""

from collections.abc import Mapping

import msgspec

from ingest.protocols.json_document import numbers_of, read_json
from ingest.protocols.network_server import earliest, heard_best, named
from ingest.protocols.up_message import Frame, Name, Notice, Number, Time, Uplink
from vocabulary.quantity import Quantity

KINDS = ("up", "status", "join", "ack", "txack", "log", "location", "integration")
"""Every sort of message there is."""


class _Reception(msgspec.Struct, kw_only=True, rename="camel"):
    rssi: float | None = None
    snr: float | None = None
    gw_time: Time | None = None


class _Device(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    dev_eui: str = ""
    device_name: str = ""


class _Event(msgspec.Struct, kw_only=True, rename="camel", omit_defaults=True):
    device_info: _Device
    time: Time | None = None
    dev_addr: Name = ""
    f_cnt: int = 0
    f_port: int = 0
    data: Frame = b""  # in base64
    decoded: dict[str, object] | None = msgspec.field(default=None, name="object")
    rx_info: list[_Reception] = []
    # What tells the other kinds apart.
    tx_info: msgspec.Raw = msgspec.Raw()
    dr: int | None = None
    margin: int | None = None
    battery_level: float | None = None
    battery_level_unavailable: bool = False
    external_power_source: bool = False
    location: msgspec.Raw = msgspec.Raw()
    queue_item_id: str = ""
    downlink_id: int | None = None
    code: str = ""
    integration_name: str = ""


_EVENT = msgspec.json.Decoder(_Event)


def decode(payload: bytes, kind: str = "") -> Uplink | Notice:
    """Return what a message says.

    Args:
        payload: Its octets.
        kind: The last level of its topic; seen by the fields if empty.

    Raises:
        ProtocolError: If it is too long, no JSON, or not of its kind.
    """
    event = read_json(_EVENT, payload)
    info = event.device_info
    device = named(info.dev_eui, info.device_name, payload)
    if (kind or _kind_of(event)) == "up":
        return _uplink(event, device)
    return Notice(
        kind=kind or _kind_of(event),
        device=device,
        at=earliest([event.time]),
        extras=_battery(event),
    )


def encode(uplink: Uplink) -> bytes:
    """Return the message that says an uplink."""
    rssi = uplink.extras.get(Quantity.RSSI_DBM.value)
    heard = _Reception(rssi=rssi, snr=uplink.extras.get(Quantity.SNR_DB.value))
    return msgspec.json.encode(
        _Event(
            device_info=_Device(dev_eui=uplink.device),
            time=uplink.heard_at,
            dev_addr=uplink.session,
            f_cnt=uplink.counter,
            f_port=uplink.port,
            data=uplink.payload,
            decoded=dict(uplink.values) or None,
            rx_info=[] if rssi is None else [heard],
            tx_info=msgspec.Raw(b"{}"),
        )
    )


def _uplink(event: _Event, device: str) -> Uplink:
    heard = event.rx_info
    return Uplink(
        device=device,
        # The server's own word first: it knows which gateways have a clock.
        heard_at=earliest([event.time]) or earliest(one.gw_time for one in heard),
        session=event.dev_addr,
        counter=event.f_cnt,
        port=event.f_port,
        payload=event.data,
        values=numbers_of(event.decoded or {}),
        extras=heard_best((one.rssi, one.snr) for one in heard),
    )


def _kind_of(event: _Event) -> str:
    if event.rx_info or event.tx_info or event.data or event.decoded is not None:
        return "up"
    signs = {
        "location": event.location,
        "status": event.margin is not None or event.battery_level is not None,
        "ack": event.queue_item_id and event.downlink_id is None,
        "txack": event.downlink_id is not None,
        "log": event.code,
        "integration": event.integration_name,
    }
    kinds = [kind for kind, sign in signs.items() if sign]
    return kinds[0] if kinds else "join"


def _battery(event: _Event) -> Mapping[str, Number]:
    is_known = not (event.battery_level_unavailable or event.external_power_source)
    if event.battery_level is None or not is_known:
        return {}
    return {Quantity.BATTERY_PCT.value: event.battery_level}
