"""Receivers whose GPS week number rolled over (IS-GPS-200, 20.3.3.3.1.1).

GPS counts weeks in ten bits. A receiver whose firmware no longer knows which round of
1,024 weeks it is in keeps a perfect time of week and a date that is wrong by exactly
k · 1,024 weeks (7,168 days, 19.6 years).

How such a date is told from a fix that is truly that old: move the date by whole
1,024-week steps to be the nearest before now. If that lands within the last `RECENT`
(or at most `AHEAD` after now, for our clock may lag), the receiver is live and rolled
over: the moved date is right and flagged `CLOCK_CORRECTED`. If it lands anywhere else,
nothing speaks for a roll-over, and the date stays: a fix that comes a year late is old,
not impossible. The price: one true fix in a thousand of those that are 19.6 years late
(`RECENT` in 7,168 days) would be moved.

A date before `EARLIEST` that no step brings to now is refused: it is neither live nor
from any terminal of ours.
"""

from datetime import UTC, datetime, timedelta

ROUND = timedelta(weeks=1024)
"""How far a rolled-over date is off, or a multiple of it."""

RECENT = timedelta(days=7)
"""How late a fix of a rolled-over receiver may come and still be known for one."""

AHEAD = timedelta(minutes=5)
"""How far a live receiver may be ahead of our clock."""

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before this no terminal of ours has sent anything."""


def redated(fixed_at: datetime, now: datetime) -> datetime | None:
    """Return the date a rolled-over receiver meant, or the date as it is.

    Args:
        fixed_at: What the receiver said, aware.
        now: When it reached us, aware.

    Returns:
        `fixed_at` itself, or a whole number of `ROUND` away from it; None if it can
        only be wrong.
    """
    steps = (now + AHEAD - fixed_at) // ROUND
    moved = fixed_at + steps * ROUND
    if moved >= now - RECENT and moved >= EARLIEST:
        return moved
    return fixed_at if fixed_at >= EARLIEST else None
