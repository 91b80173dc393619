"""The Things Stack 3 (TTN): JSON on `v3/{app}@{tenant}/devices/{id}/{kind}`.

    {"end_device_ids": {"device_id": "cover-7", "dev_eui": "0123456789ABCDEF",
                        "dev_addr": "01DA1F15"},
     "received_at": T,
     "uplink_message": {"f_port": 85, "f_cnt": 17, "frm_payload": "base64",
                        "decoded_payload": {...}, "received_at": T,
                        "rx_metadata": [{"rssi": -36, "snr": 10.5, "time": T}, ...]}}

What it is says the one member beside the first two: `uplink_message`, `join_accept`,
`downlink_ack`, `location_solved`, ... What is 0 or empty is left out.
`decoded_payload` is what the payload formatter of the application made of the payload.
Its broker sends at QoS 0 only: what is lost before us is lost.

Docs: thethingsindustries.com, Data Formats; MQTT Server; Pub/Sub.
"""

import msgspec

from ingest.protocols.errors import ProtocolError
from ingest.protocols.json_document import numbers_of, read_json
from ingest.protocols.network_server import earliest, heard_best, named
from ingest.protocols.up_message import Frame, Name, Notice, Time, Uplink
from vocabulary.quantity import Quantity
from vocabulary.refusal import Reason

NOTICES = (
    *("join_accept", "location_solved", "service_data"),
    *("downlink_ack", "downlink_nack", "downlink_sent", "downlink_failed"),
    *("downlink_queued", "downlink_queue_invalidated", "downlinks"),
)
"""Members of messages that carry no readings."""


class _Ids(msgspec.Struct, kw_only=True, omit_defaults=True):
    device_id: str = ""
    dev_eui: str = ""
    dev_addr: Name = ""


class _Reception(msgspec.Struct, kw_only=True, omit_defaults=True):
    rssi: float | None = None
    snr: float | None = None
    time: Time | None = None


class _Uplink(msgspec.Struct, kw_only=True, omit_defaults=True):
    f_port: int = 0
    f_cnt: int = 0
    frm_payload: Frame = b""  # in base64
    decoded_payload: dict[str, object] | None = None
    rx_metadata: list[_Reception] = []
    received_at: Time | None = None


class _Message(msgspec.Struct, kw_only=True, omit_defaults=True):
    end_device_ids: _Ids | None = None
    received_at: Time | None = None
    uplink_message: _Uplink | None = None
    simulated: bool = False


_MESSAGE = msgspec.json.Decoder(_Message)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def decode(payload: bytes) -> Uplink | Notice:
    """Return what a message says.

    Raises:
        ProtocolError: If it is too long, no JSON, or of no kind that is known.
    """
    message = read_json(_MESSAGE, payload)
    ids = message.end_device_ids or _Ids()
    if message.uplink_message is None:
        return Notice(
            kind=_kind_of(payload),
            device=named(ids.dev_eui, ids.device_id, payload),
            at=earliest([message.received_at]),
        )
    return _uplink(
        message,
        message.uplink_message,
        device=named(ids.dev_eui, ids.device_id, payload),
        session=ids.dev_addr,
    )


def encode(uplink: Uplink) -> bytes:
    """Return the message that says an uplink."""
    rssi = uplink.extras.get(Quantity.RSSI_DBM.value)
    heard = _Reception(rssi=rssi, snr=uplink.extras.get(Quantity.SNR_DB.value))
    said = _Uplink(
        f_port=uplink.port,
        f_cnt=uplink.counter,
        frm_payload=uplink.payload,
        decoded_payload=dict(uplink.values) or None,
        rx_metadata=[] if rssi is None else [heard],
        received_at=uplink.heard_at,
    )
    ids = _Ids(dev_eui=uplink.device.upper(), dev_addr=uplink.session.upper())
    return msgspec.json.encode(
        _Message(end_device_ids=ids, uplink_message=said, simulated=uplink.simulated)
    )


def _uplink(message: _Message, said: _Uplink, *, device: str, session: str) -> Uplink:
    heard = said.rx_metadata
    return Uplink(
        device=device,
        heard_at=earliest([said.received_at])
        or earliest(one.time for one in heard)
        or earliest([message.received_at]),
        session=session,
        counter=said.f_cnt,
        port=said.f_port,
        payload=said.frm_payload,
        values=numbers_of(said.decoded_payload or {}),
        extras=heard_best((one.rssi, one.snr) for one in heard),
        simulated=message.simulated,
    )


def _kind_of(payload: bytes) -> str:
    members = read_json(_MEMBERS, payload)
    for kind in NOTICES:
        if kind in members:
            return kind
    detail = f"no message of The Things Stack has only {', '.join(sorted(members))}"
    raise ProtocolError(Reason.UNKNOWN_MESSAGE, detail, payload)
