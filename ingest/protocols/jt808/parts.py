"""Putting sub-packages together, with bounded memory (JT/T 808-2013, 7.12).

A message too long for one frame comes in several, numbered from 1. Their serial numbers
should be consecutive; terminals have been seen to send others in between, so here they
must only rise with the numbers. A sub-package that does not fit to those held begins a
new message: what was held is given up, and, never having been answered, sent again.
"""

from dataclasses import dataclass, field

from ingest.protocols.jt808.header import SERIALS, Header

MAX_PARTS = 256
"""Most sub-packages of one message, a quarter of a megabyte."""

MAX_UNFINISHED = 2
"""Most messages that may be unfinished at once; then the oldest is given up."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A message put together.

    Attributes:
        header: Of the sub-package that came last.
        body: All of it.
        serials: Serial numbers of the sub-packages, in their order.
    """

    header: Header
    body: bytes
    serials: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A message of which sub-packages have not come.

    Attributes:
        terminal: Whose it is.
        message_id: What it is.
        first_serial: Serial number of its first sub-package, come or not.
        missing: Numbers of those that have not come, from 1.
    """

    terminal: str
    message_id: int
    first_serial: int
    missing: tuple[int, ...]


@dataclass(slots=True)
class _Unfinished:
    """The sub-packages of one message so far, by number."""

    total: int
    parts: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def first_serial(self) -> int:
        """Serial number of the first sub-package, if they are consecutive."""
        number = min(self.parts)
        return (self.parts[number][0] - number + 1) % SERIALS

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers that have not come."""
        return tuple(n for n in range(1, self.total + 1) if n not in self.parts)

    def suits(self, header: Header) -> bool:
        """Whether a sub-package can be of this message."""
        return header.total == self.total and all(
            _is_in_order(serial, header.serial, header.number - number)
            for number, (serial, _) in self.parts.items()
        )


class Assembly:
    """The sub-packages of one terminal's messages."""

    def __init__(self) -> None:
        self._unfinished: dict[tuple[str, int], _Unfinished] = {}
        self.given_up = 0

    def add(self, header: Header, body: bytes) -> Whole | None:
        """Take a sub-package; return the message that it completes, if it does."""
        key = (header.terminal, header.message_id)
        message = self._unfinished.get(key)
        if message is None or not message.suits(header):
            self.given_up += message is not None
            self._unfinished.pop(key, None)
            message = self._begin(key, header.total)
        message.parts[header.number] = (header.serial, body)
        if len(message.parts) < message.total:
            return None
        del self._unfinished[key]
        parts = [message.parts[number] for number in range(1, message.total + 1)]
        serials = tuple(serial for serial, _ in parts)
        return Whole(header, b"".join(body for _, body in parts), serials)

    def unfinished(self) -> list[Unfinished]:
        """Return what has begun and is not whole."""
        return [
            Unfinished(
                terminal=terminal,
                message_id=message_id,
                first_serial=message.first_serial,
                missing=message.missing,
            )
            for (terminal, message_id), message in self._unfinished.items()
        ]

    def _begin(self, key: tuple[str, int], total: int) -> _Unfinished:
        while len(self._unfinished) >= MAX_UNFINISHED:
            del self._unfinished[next(iter(self._unfinished))]
            self.given_up += 1
        self._unfinished[key] = _Unfinished(total)
        return self._unfinished[key]


def _is_in_order(held: int, serial: int, places: int) -> bool:
    """Return whether a serial number is as far from a held one as it can be.

    Args:
        held: Serial number of a sub-package that is held.
        serial: That of the one that comes.
        places: How many places the latter is after the former; negative if before.
    """
    if places < 0:
        return _is_in_order(serial, held, -places)
    ahead = (serial - held) % SERIALS
    return places <= ahead < SERIALS // 2 if places else ahead == 0
