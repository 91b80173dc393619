"""One entry of the journal as the engine takes it."""

from dataclasses import dataclass
from typing import TypeAlias

from vocabulary.command import State
from vocabulary.position import Positions
from vocabulary.reading import Readings


@dataclass(frozen=True, slots=True)
class EdgeWord:
    """One of our own edges went up or down.

    Attributes:
        edge: `ingest` for the whole platform, else as in `plan.subject`.
        gateway: The one gateway it is about; empty for all behind that edge.
        is_up: Whether we can hear through it.
    """

    edge: str
    gateway: str
    is_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be read of a device that obeys, see `vocabulary.command.Effect`.

    Attributes:
        quantity: Which of its readings.
        low: Least value that shows it, in the quantity's unit.
        high: Greatest value that shows it.
    """

    quantity: str
    low: float
    high: float

    def is_met_by(self, value: float) -> bool:
        """Tell whether a reading shows it."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandWord:
    """A command came to another state.

    Attributes:
        device_id: Whom it is for.
        number: Its place in the queue: a later command has a higher one.
        turn: What it is to bring about, see `vocabulary.command.turn_of`.
        state: How far it has come.
        wanted: What should be read of the device then; None if no reading shows it.
        is_read: Whether a reading has shown that by now.
    """

    device_id: int
    number: int
    turn: str
    state: State
    wanted: Wanted | None = None
    is_read: bool = False


Content: TypeAlias = Readings | Positions | EdgeWord | CommandWord | None
"""What was learned; None means only that time has passed."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What the platform learned at one moment.

    Attributes:
        seq: Number of the journal entry.
        at_us: Its time, microseconds since 1970; never before that of the one before.
        content: What was learned.
        worker: The ingest worker that says so, in words on edges and where it says that
            it is there; empty for none, and for entries of before workers had names.
        wrong: Why it could not be read; empty if it could.
    """

    seq: int
    at_us: int
    content: Content
    worker: str = ""
    wrong: str = ""
