"""A gateway's count of its messages: what is heard of it, and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

HIGHEST_SEQ = 2**63 - 1
"""The highest number a message can have: what the database's column holds."""


class Number(NamedTuple):
    """The number of one message.

    Attributes:
        seq: What the gateway counted it as.
        sent_us: When the gateway made it, by its own clock, microseconds since 1970;
            None if it does not say.
    """

    seq: int
    sent_us: int | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that were left out and did not come since, both ends included.

    Attributes:
        first: The lowest of them.
        last: The highest of them.
        opened_us: When a higher number came, microseconds since 1970.
    """

    first: int
    last: int
    opened_us: int

    def __len__(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One run of a gateway's counter, from one start to the next.

    Attributes:
        epoch: Which run of this gateway, from 1.
        first: The lowest number heard; what was before it is not known.
        last: The highest number heard.
        oldest_us: The earliest time its messages say they were made; None if none says.
        newest_us: The latest one.
        gaps: What is missing between `first` and `last`, lowest first; or that part of
            it that was asked for.
        repeated: How many messages came again.
        unlisted: How many more are missing, in gaps too many to be listed.
    """

    epoch: int
    first: int
    last: int
    oldest_us: int | None
    newest_us: int | None
    gaps: Sequence[Gap] = ()
    repeated: int = 0
    unlisted: int = 0

    @property
    def missing(self) -> int:
        """How many numbers are in `gaps`, or were missing in unlisted ones."""
        return sum(len(gap) for gap in self.gaps) + self.unlisted
