"""The case number (案卷编号): 6 digits county, 8 day, 5 sequence.

No national layout could be found; these 19 digits are ours. The day is the city's own.
"""

from datetime import date, datetime, tzinfo

LAST_SEQUENCE = 99_999
"""The last number of a county's day."""

UNKNOWN_COUNTY = "000000"
"""Stands where a case lies in no grid cell and the caller named no county."""


class NumbersSpentError(ValueError):
    """A county's day has no number left.

    Attributes:
        county: Its six digits.
        day: The day.
    """

    def __init__(self, county: str, day: date) -> None:
        super().__init__(f"county {county} has no case number left for {day}")
        self.county = county
        self.day = day


def day_of(at: datetime, zone: tzinfo) -> date:
    """Return the city's day that `at` falls in."""
    return at.astimezone(zone).date()


def case_number(county: str, day: date, sequence: int) -> str:
    """Write a case number.

    Args:
        county: Six digits, GB/T 2260.
        day: The city's day of filing.
        sequence: From 1.

    Raises:
        NumbersSpentError: If the sequence has more than five digits.
    """
    if sequence > LAST_SEQUENCE:
        raise NumbersSpentError(county, day)
    return f"{county}{day:%Y%m%d}{sequence:05d}"
