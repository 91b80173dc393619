"""Our own MQTT messages as MessagePack: the maps of `gezhi_json`, in fewer octets.

Names, types and what may be left out are those of `gezhi_json`. A time is its text, or
MessagePack's own timestamp (extension -1), which is UTC. The topics are the same, too:
the first octet tells the two apart.

    80..8f, de, df   a map in MessagePack
    7b, or space     an object in JSON
"""

import msgspec

from ingest.protocols import gezhi_message
from ingest.protocols.gezhi_message import Seq, StatusMessage, Wire
from ingest.protocols.up_message import Number, Time, UpMessage
from vocabulary.refusal import Reason

MAPS = frozenset({*range(0x80, 0x90), 0xDE, 0xDF})
"""First octets of a map."""

_WIRE = Wire(
    broken=Reason.BAD_FRAME,
    encode=msgspec.msgpack.encode,
    up=msgspec.msgpack.Decoder(gezhi_message.Up),
    doubtful_up=msgspec.msgpack.Decoder(gezhi_message.DoubtfulUp),
    status=msgspec.msgpack.Decoder(StatusMessage),
    raw_up=msgspec.msgpack.Decoder(gezhi_message.RawUp),
    parts=msgspec.msgpack.Decoder(list[msgspec.Raw]),
    raw_readings=msgspec.msgpack.Decoder(gezhi_message.RawReadings),
    fix=msgspec.msgpack.Decoder(gezhi_message.Fix),
    seq=msgspec.msgpack.Decoder(Seq | None),
    sent_at=msgspec.msgpack.Decoder(Time | None),
    value=msgspec.msgpack.Decoder(Number),
)


def is_mine(payload: bytes) -> bool:
    """Tell whether a message of ours is in MessagePack, not in JSON."""
    return bool(payload) and payload[0] in MAPS


def decode(payload: bytes) -> UpMessage:
    """Return what a gateway says; parts of it that cannot be are among its errors.

    Raises:
        ProtocolError: If it is too long, or no map.
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
    return msgspec.msgpack.encode(message)
