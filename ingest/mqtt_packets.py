"""PUBLISH packets taken straight out of the octets; all others are left alone. Pure.

MQTT 5.0, clauses 2.1 (fixed header) and 3.3 (PUBLISH), as a subscriber gets it:

    3X RR.. TTTT topic.. [IIII] [PP.. properties..] payload..

    3 = PUBLISH, X = DUP, QoS (two bits), RETAIN
    R = length of all that follows, 7 bits an octet, the lowest first, at most 4 octets
    T = length of the topic, I = packet identifier (QoS 1 and 2 only)
    P = length of the properties, as R; absent in MQTT 3.1.1. We need none of them.

The client library reads the same stream octet by octet and makes an object of the
properties of every message: more than all the rest of the way to the database costs.
"""

from typing import NamedTuple

PUBLISH = 3
"""Packet type."""

_QOS = 0b110  # bits of the first octet
_MORE = 128  # bit of a length that says another octet follows
_MOST_LENGTH_OCTETS = 4


class MalformedPacketError(ValueError):
    """The broker sent what is not MQTT."""


class Publish(NamedTuple):
    """One message.

    Attributes:
        topic: Where it was published.
        payload: Its octets.
        packet_id: What to acknowledge; 0 at QoS 0.
    """

    topic: str
    payload: bytes
    packet_id: int


class PacketBuffer:
    """Octets from the broker, whole packets at a time."""

    def __init__(self) -> None:
        self._octets = bytearray()
        self._at = 0  # where the first packet starts
        self._being_read = 0  # octets left of the packet that `read` is giving out

    def feed(self, octets: bytes) -> None:
        """Add octets as they came."""
        if self._at:
            del self._octets[: self._at]
            self._at = 0
        self._octets += octets

    def publishes(self) -> list[Publish]:
        """Take the messages at the front, up to another packet or an unfinished one.

        Raises:
            MalformedPacketError: If the octets are not MQTT.
        """
        octets, at, found = self._octets, self._at, list[Publish]()
        while not self._being_read and at < len(octets) and octets[at] >> 4 == PUBLISH:
            span = _span(octets, at + 1)
            if span is None or span[1] > len(octets):
                break
            found.append(_publish(octets, octets[at], *span))
            at = span[1]
        self._at = at
        return found

    def has_other(self) -> bool:
        """Return whether a whole packet that is no message stands at the front."""
        if self._being_read:
            return True
        if self._at >= len(self._octets) or self._octets[self._at] >> 4 == PUBLISH:
            return False
        span = _span(self._octets, self._at + 1)
        return span is not None and span[1] <= len(self._octets)

    def read(self, size: int) -> bytes:
        """Give out a packet that is no message, `size` octets at a time.

        Args:
            size: Most octets wanted; never more than the packet has left.
        """
        if not self._being_read:
            span = _span(self._octets, self._at + 1)
            if span is None:
                return b""
            self._being_read = span[1] - self._at
        size = min(size, self._being_read)
        part = bytes(self._octets[self._at : self._at + size])
        self._at += size
        self._being_read -= size
        return part


def _span(octets: bytearray, at: int) -> tuple[int, int] | None:
    """Return where what a length counts starts and ends; None if it is unfinished."""
    length = shift = 0
    for n in range(_MOST_LENGTH_OCTETS):
        if at + n >= len(octets):
            return None
        octet = octets[at + n]
        length |= (octet & ~_MORE) << shift
        if not octet & _MORE:
            return at + n + 1, at + n + 1 + length
        shift += 7
    raise MalformedPacketError("a length of more than four octets")


def _publish(octets: bytearray, head: int, start: int, end: int) -> Publish:
    try:
        topic_at = start + 2
        at = topic_at + (octets[start] << 8 | octets[start + 1])
        topic = octets[topic_at:at].decode()
        packet_id = 0
        if head & _QOS:
            packet_id = octets[at] << 8 | octets[at + 1]
            at += 2
        properties = _span(octets, at) if octets[at] else (at, at + 1)
    except (IndexError, UnicodeDecodeError) as error:
        raise MalformedPacketError("a message with a broken header") from error
    if properties is None or properties[1] > end:
        raise MalformedPacketError("a message shorter than its own header")
    at = properties[1]
    return Publish(topic, bytes(octets[at:end]), packet_id)
