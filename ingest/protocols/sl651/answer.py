"""What the centre says to a station: taken in, or send that packet again (6.3)."""

from dataclasses import replace
from datetime import datetime, tzinfo

from ingest.protocols.sl651.bcd import time_octets
from ingest.protocols.sl651.frame import End, Frame, Function, Packet, encode_frame
from ingest.protocols.sl651.packets import Missing
from vocabulary.times import BEIJING


def acknowledgement(message: Frame, at: datetime, zone: tzinfo = BEIJING) -> bytes:
    """Return what tells a station that its message was taken in.

    A station in mode M1 waits for no answer and heeds none; nothing in the frame tells
    it from M2, so both are answered. A message that more follow (ETB) is answered ACK,
    else EOT: the station may leave the line.

    Args:
        message: One that came up, whole.
        at: When it was taken in; stations may set their clocks by it.
        zone: Of the station's clock.

    Returns:
        Nothing for a keep-alive, which is not answered (6.6.4.2).
    """
    if message.function == Function.KEEP_ALIVE:
        return b""
    end = End.ACK if message.end is End.ETB else End.EOT
    packet = message.packet and Packet(message.packet.total, message.packet.total)
    serial = int.from_bytes(message.body[:2], "big")
    return _down(replace(message, packet=packet), serial, at, zone, end)


def resend_request(missing: Missing, at: datetime, zone: tzinfo = BEIJING) -> bytes:
    """Return what asks a station for one packet again (mode M3).

    Args:
        missing: What is missing.
        at: Now.
        zone: Of the station's clock.
    """
    return _down(missing.frame, missing.serial, at, zone, End.NAK)


def _down(frame: Frame, serial: int, at: datetime, zone: tzinfo, end: End) -> bytes:
    body = serial.to_bytes(2, "big") + time_octets(at, zone)
    return encode_frame(replace(frame, is_down=True, body=body, end=end))
