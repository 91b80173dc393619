"""Which day it is on a receiver whose sentences do not all say it.

RMC and ZDA name the day; GGA and GLL have a time of day only. A receiver that sends ZDA
now and then has said the day for what comes between: the clock in it runs on. So a day
that was named holds for an hour of ours, and the time of day says whether it is past
midnight by now. Longer than that, or never named: the day is not known, and nothing is
guessed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

HOLDS = timedelta(hours=1)
"""How long after a receiver has named the day it is known, by our clock."""

_DAY = timedelta(days=1)
_HALF = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class NamedDay:
    """A receiver named the day.

    Attributes:
        at: Its date and time, as it gives them, UTC.
        heard_at: When that came, aware.
    """

    at: datetime
    heard_at: datetime

    def time_of(self, since_midnight: timedelta, now: datetime) -> datetime | None:
        """Return the date and time of another time of day, the nearest to the named.

        Args:
            since_midnight: The time of day.
            now: When it came, aware.

        Returns:
            None if the day was named too long ago.
        """
        if abs(now - self.heard_at) > HOLDS:
            return None
        at = midnight_of(self.at) + since_midnight
        if at - self.at > _HALF:
            return at - _DAY
        return at + _DAY if self.at - at > _HALF else at


def midnight_of(at: datetime) -> datetime:
    """Return the beginning of a day."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
