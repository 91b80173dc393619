"""Times: aware UTC datetimes outside, int64 microseconds since 1970 in arrays."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

Clock = Callable[[], datetime]
"""What tells the time to an edge; only gezhi/ and the tests make one."""

SECOND_US = 1_000_000
"""Microseconds in a second."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Where microseconds are counted from."""

BEIJING = timezone(timedelta(hours=8), "UTC+8")
"""China's one civil time, without summer time: what clocks of field devices show there.

China's field protocols write times without a zone; this is where one comes from, unless
a device's profile names another.
"""

_ONE_US = timedelta(microseconds=1)


class NaiveTimeError(ValueError):
    """A time came without a zone, and nobody may guess one."""

    def __init__(self, at: datetime) -> None:
        super().__init__(f"{at.isoformat()} has no time zone")
        self.at = at


def us_from_datetime(at: datetime) -> int:
    """Return microseconds since 1970, UTC.

    Raises:
        NaiveTimeError: If `at` has no zone.
    """
    if at.tzinfo is None:
        raise NaiveTimeError(at)
    return (at - EPOCH) // _ONE_US


def datetime_from_us(us: int) -> datetime:
    """Return the aware UTC datetime of `us` microseconds since 1970."""
    return EPOCH + timedelta(microseconds=int(us))
