"""Times of HJ 212 (6.3.3.2.2); they have no zone."""

import re
from datetime import datetime, tzinfo

from vocabulary.times import BEIJING


class ClockError(ValueError):
    """A text is no time."""


_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})?", re.ASCII)


def time_from(text: str, zone: tzinfo = BEIJING) -> datetime:
    """Read YYYYMMDDhhmmss; the milliseconds that some devices add are taken too.

    Raises:
        ClockError: If it is no time.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ClockError(f"{text!r} is not YYYYMMDDhhmmss")
    year, month, day, hour, minute, second, ms = (int(n or 0) for n in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, ms * 1000, tzinfo=zone)
    except ValueError as error:
        raise ClockError(f"{text!r}: {error}") from error


def time_text(at: datetime, zone: tzinfo = BEIJING) -> str:
    """Write YYYYMMDDhhmmss."""
    return f"{at.astimezone(zone):%Y%m%d%H%M%S}"


def qn_text(at: datetime, zone: tzinfo = BEIJING) -> str:
    """Write YYYYMMDDhhmmsszzz, the name of an exchange."""
    return f"{time_text(at, zone)}{at.microsecond // 1000:03d}"
