"""NMEA 0183 in an MQTT message: whole sentences, of the device that the topic names.

Each message stands alone, as it is acknowledged alone: what it says of a fix the next
one does not go on with. A gateway publishes a receiver's burst as one message. Pure.
"""

from datetime import datetime

from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183 import NmeaStream
from vocabulary.position import Position


def nmea_content(
    payload: bytes, device: str, now: datetime
) -> tuple[list[Position], list[ProtocolError]]:
    """Return what a message says, and what of it could not be taken.

    Args:
        payload: Sentences; the last one needs no line end.
        device: Who says it, from the topic; it need not log in.
        now: When it came, aware.
    """
    stream = NmeaStream(device)
    items = [*stream.receive_data(payload, now), *stream.receive_eof(now)]
    return (
        [item for item in items if isinstance(item, Position)],
        [item for item in items if isinstance(item, ProtocolError)],
    )
