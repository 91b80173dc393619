"""One entry of the journal as the engine takes it."""

from dataclasses import dataclass
from typing import TypeAlias

from vocabulary.position import Positions
from vocabulary.reading import Readings


@dataclass(frozen=True, slots=True)
class EdgeWord:
    """One of our own edges went up or down.

    Attributes:
        edge: `ingest` for the whole platform, else `mqtt`, `modbus`, `nmea`.
        gateway: The one gateway it is about; empty for all behind that edge.
        is_up: Whether we can hear through it.
    """

    edge: str
    gateway: str
    is_up: bool


Content: TypeAlias = Readings | Positions | EdgeWord | None
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
    """

    seq: int
    at_us: int
    content: Content
    worker: str = ""
