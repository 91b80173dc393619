"""Our own MQTT messages: JSON on `gezhi/v1/{gateway}/up` and `.../status`.

    up      {"seq": 17, "sent_at": T, "readings": [R, ...], "positions": [P, ...]}
      R     {"device": "MH-0001", "measured_at": T, "values": {"tilt_deg": 3.2, ...},
             "quality": 512}
      P     {"device": "VT-0001", "fixed_at": T, "lon": 111.0, "lat": 35.0,
             "speed_kmh": 31.5, "course_deg": 270, "altitude_m": 390,
             "satellites": 9, "hdop": 0.8, "inputs": 1, "quality": 32}
    status  {"up": true, "at": T}            retained; the last will says false
      T     RFC 3339 with its zone, "2026-11-21T08:00:00Z"

A gateway counts `seq` up by one a message, from 0 or 1 whenever it starts, and says in
`sent_at` when it made the message: both stay the same when it is sent again. What is
missing of its numbers was lost, see `ingest.sequence`.

In P all after `lat` may be left out, and so may `seq`, `sent_at`, `readings`,
`positions`, a status's `at`, and `quality`: the sum of what the gateway doubts (32
clock corrected, 64 no checksum, 128 simulated, 256 the device gave no time, 512 the
device says that its sensor is bad). A field that is not known is skipped. Values are
numbers or true and false. A bad value, reading or position is refused by itself: its
neighbours count. Nothing is flagged for want of a checksum, because
TCP has one.
"""

import msgspec

from ingest.protocols import gezhi_message
from ingest.protocols.gezhi_message import Seq, StatusMessage, Wire
from ingest.protocols.up_message import (
    MAX_MESSAGE,
    DeviceReadings,
    Number,
    Time,
    UpMessage,
)
from vocabulary.refusal import Reason

__all__ = [
    "MAX_MESSAGE",
    "DeviceReadings",
    "StatusMessage",
    "UpMessage",
    "decode",
    "decode_status",
    "encode",
    "encode_status",
]

_WIRE = Wire(
    broken=Reason.BAD_JSON,
    encode=msgspec.json.encode,
    up=msgspec.json.Decoder(gezhi_message.Up),
    doubtful_up=msgspec.json.Decoder(gezhi_message.DoubtfulUp),
    status=msgspec.json.Decoder(StatusMessage),
    raw_up=msgspec.json.Decoder(gezhi_message.RawUp),
    parts=msgspec.json.Decoder(list[msgspec.Raw]),
    raw_readings=msgspec.json.Decoder(gezhi_message.RawReadings),
    fix=msgspec.json.Decoder(gezhi_message.Fix),
    seq=msgspec.json.Decoder(Seq | None),
    sent_at=msgspec.json.Decoder(Time | None),
    value=msgspec.json.Decoder(Number),
)


def decode(payload: bytes) -> UpMessage:
    """Return what a gateway says; parts of it that cannot be are among its errors.

    Raises:
        ProtocolError: If it is too long, or not a JSON object.
    """
    return gezhi_message.decode_up(_WIRE, payload)


def encode(message: UpMessage) -> bytes:
    """Return the payload that says `message`; its errors are not said."""
    return gezhi_message.encode_up(_WIRE, message)


def decode_status(payload: bytes) -> StatusMessage:
    """Return whether a gateway is connected.

    Raises:
        ProtocolError: If it does not say so.
    """
    return gezhi_message.decode_status(_WIRE, payload)


def encode_status(message: StatusMessage) -> bytes:
    """Return the payload that says `message`."""
    return msgspec.json.encode(message)
