"""What a terminal has reported and not been answered yet: it keeps that, to the last.

Each report has a number of the terminal's own. A message in flight holds the numbers of
the reports it carries; when it is answered, they are forgotten, and when the line ends,
they are to be sent again.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

from ingest.protocols.jt808 import SERIALS, Location

MOST_KEPT = 10_000
"""Reports a terminal has room for; then the oldest makes way."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """A message that waits for its answer.

    Attributes:
        frames: As it was sent.
        numbers: Of the reports it carries.
        sent_s: When it was sent last.
        times: How often it was sent.
    """

    frames: bytes
    numbers: tuple[int, ...]
    sent_s: float
    times: int


@dataclass(slots=True)
class Memory:
    """One terminal's reports.

    Attributes:
        kept: Reports not answered yet, oldest first, by number.
        in_flight: Messages that wait for their answer, by serial number.
        dropped: Reports that had to make way.
        serial: Of the next message.
    """

    kept: OrderedDict[int, Location] = field(default_factory=OrderedDict)
    in_flight: dict[int, InFlight] = field(default_factory=dict)
    dropped: int = 0
    serial: int = 0
    _next: int = 0
    _sent: set[int] = field(default_factory=set)

    def keep(self, location: Location) -> None:
        """Take a new report."""
        self.kept[self._next] = location
        self._next += 1
        if len(self.kept) > MOST_KEPT:
            number, _ = self.kept.popitem(last=False)
            self._sent.discard(number)
            self.dropped += 1

    def unsent(self) -> list[int]:
        """Return the numbers of reports that are in no message, oldest first."""
        return [number for number in self.kept if number not in self._sent]

    def take_serials(self, count: int) -> int:
        """Return the serial number of the next message, which has so many frames."""
        serial, self.serial = self.serial, (self.serial + count) % SERIALS
        return serial

    def fly(self, serial: int, message: InFlight) -> None:
        """Take note of a message that carries reports and was sent."""
        self.in_flight[serial] = message
        self._sent.update(message.numbers)

    def land(self, serial: int) -> None:
        """Take note that a message was answered: its reports are safe."""
        message = self.in_flight.pop(serial, None)
        if message is None:
            return
        self._sent.difference_update(message.numbers)
        for number in message.numbers:
            self.kept.pop(number, None)

    def lose_line(self) -> None:
        """Take note that what is in flight will not be answered."""
        self.in_flight.clear()
        self._sent.clear()
