"""The clock by which things grow old: the journal's, but with a brake. Pure.

A machine whose clock jumps two years ahead takes the journal's time with it, for that
never goes back. By it everything would be old at once. So this clock follows the
journal's at twice real time at most: what was off for three weeks has caught up after
three more, and a wrong clock has dropped nothing when somebody sees it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

FASTEST = 2
"""So many seconds it makes in one, at most."""

LONGEST_STEP = timedelta(days=1)
"""At the first look so much is believed of a step between two looked-at entries."""

JUMPED = timedelta(days=1)
"""Further behind the journal's than this, somebody should look why."""


@dataclass(frozen=True, slots=True)
class RetentionClock:
    """The clock after a look.

    Attributes:
        at: What it says.
        told_at: What the journal said.
        ran_at: What this machine's clock said.
    """

    at: datetime
    told_at: datetime
    ran_at: datetime

    @property
    def behind(self) -> timedelta:
        """How far the journal's clock is ahead of it."""
        return self.told_at - self.at

    @property
    def is_braking(self) -> bool:
        """Whether the journal's clock has jumped, or stood still for long."""
        return self.behind > JUMPED


def first_clock(looked_at: Sequence[datetime], *, ran_at: datetime) -> RetentionClock:
    """Return the clock of a journal that nobody has looked at yet.

    Args:
        looked_at: Times of entries all along it, in their order, at least one.
        ran_at: This machine's clock.
    """
    at = looked_at[0]
    for before, after in pairwise(looked_at):
        at += min(after - before, LONGEST_STEP)
    return RetentionClock(at, looked_at[-1], ran_at)


def followed(
    clock: RetentionClock, told_at: datetime, *, elapsed: timedelta, ran_at: datetime
) -> RetentionClock:
    """Return the clock at the next look.

    Args:
        clock: At the one before.
        told_at: What the journal says by now.
        elapsed: Real time since then, by a clock that nobody sets.
        ran_at: This machine's clock.
    """
    at = min(told_at, clock.at + FASTEST * elapsed)
    return RetentionClock(max(at, clock.at), told_at, ran_at)


def believed(clock: RetentionClock) -> RetentionClock:
    """Return the clock once somebody has said that the journal's is right."""
    return replace(clock, at=clock.told_at)
