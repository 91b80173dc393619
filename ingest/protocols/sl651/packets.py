"""Put messages of several packets together (mode M3, 6.3.1.2 c).

The station sends all packets at once; the centre answers once when all are there, or
names one that is missing, and the station sends that one again, ended by ETX. Each is
asked for at most twice.
"""

from dataclasses import dataclass, field, replace

from ingest.protocols.errors import ProtocolError
from ingest.protocols.sl651.frame import End, Frame, Packet
from vocabulary.refusal import Reason

MAX_MESSAGE = 65536
"""Most octets of a message put together; reports need some hundred."""

MAX_ASSEMBLIES = 4
"""Messages of one connection that may be incomplete at a time."""

MOST_ASKED = 2
"""How often one packet is asked for again (6.3.2.3)."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A packet that the station must send again.

    Attributes:
        frame: One that did come; its packet's number is the missing one's.
        serial: The message's, if its first packet came; else 0.
    """

    frame: Frame
    serial: int


@dataclass(slots=True)
class _Assembly:
    total: int
    size: int = 0
    parts: dict[int, Frame] = field(default_factory=dict)
    asked: dict[int, int] = field(default_factory=dict)

    def put(self, number: int, part: Frame) -> None:
        old = self.parts.get(number)
        self.size += len(part.body) - (0 if old is None else len(old.body))
        self.parts[number] = part

    def first_missing(self) -> int:
        return next(n for n in range(1, self.total + 1) if n not in self.parts)


class Assembler:
    """The incomplete messages of one connection."""

    def __init__(self) -> None:
        self._assemblies: dict[tuple[str, int], _Assembly] = {}

    @property
    def is_amid(self) -> bool:
        """Whether a message is incomplete."""
        return bool(self._assemblies)

    def add(
        self, frame: Frame, packet: Packet
    ) -> Frame | Missing | ProtocolError | None:
        """Take one packet.

        Returns:
            The message, once it is whole; what to ask for, if the station has ended and
            it is not; why it was given up; None while more must come.
        """
        key = (frame.station, frame.function)
        assembly = self._assemblies.get(key)
        if assembly is None or assembly.total != packet.total:
            if assembly is None and len(self._assemblies) >= MAX_ASSEMBLIES:
                return _refused(frame, Reason.TOO_LONG, "too many messages begun")
            assembly = self._assemblies[key] = _Assembly(packet.total)
        assembly.put(packet.number, frame)
        if assembly.size > MAX_MESSAGE:
            del self._assemblies[key]
            detail = f"its packets hold more than {MAX_MESSAGE} octets"
            return _refused(frame, Reason.TOO_LONG, detail)
        if len(assembly.parts) == assembly.total:
            del self._assemblies[key]
            return _whole(assembly)
        return self._missing(key) if frame.end is End.ETX else None

    def receive_gap(self) -> list[Missing | ProtocolError]:
        """Take note that nothing followed for a while: ask for what is missing."""
        return [self._missing(key) for key in list(self._assemblies)]

    def receive_eof(self) -> list[ProtocolError]:
        """Take the end: what is incomplete is given up."""
        assemblies = self._assemblies.values()
        return [_incomplete(assembly) for assembly in assemblies]

    def _missing(self, key: tuple[str, int]) -> Missing | ProtocolError:
        assembly = self._assemblies[key]
        number = assembly.first_missing()
        asked = assembly.asked[number] = assembly.asked.get(number, 0) + 1
        if asked > MOST_ASKED:
            del self._assemblies[key]
            return _incomplete(assembly)
        one = next(iter(assembly.parts.values()))
        frame = replace(one, packet=Packet(assembly.total, number))
        first = assembly.parts.get(1)
        serial = 0 if first is None else int.from_bytes(first.body[:2], "big")
        return Missing(frame, serial)


def _whole(assembly: _Assembly) -> Frame:
    last = assembly.parts[assembly.total]
    numbers = range(1, assembly.total + 1)
    body = b"".join(assembly.parts[number].body for number in numbers)
    return replace(last, body=body, end=End.ETX)


def _incomplete(assembly: _Assembly) -> ProtocolError:
    number = assembly.first_missing()
    detail = f"packet {number} of {assembly.total} never came"
    return _refused(next(iter(assembly.parts.values())), Reason.BAD_FRAME, detail)


def _refused(frame: Frame, reason: Reason, detail: str) -> ProtocolError:
    words = f"message {frame.function:02X} of {frame.station}: {detail}"
    return ProtocolError(reason, words, frame.body)
