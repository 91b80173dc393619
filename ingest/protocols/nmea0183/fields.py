"""Fields of a sentence: exactly the standard's form, or refused (NMEA 0183, 6.2)."""

import re
from datetime import UTC, datetime, timedelta

from vocabulary.refusal import Reason

_NUMBER = re.compile(r"\d{1,6}(?:\.\d{0,9})?")
_SIGNED = re.compile(r"-?\d{1,6}(?:\.\d{0,9})?")
_LAT = re.compile(r"([0-8]\d|90)([0-5]\d(?:\.\d{0,9})?),([NS])")
_LON = re.compile(r"(0\d\d|1[0-7]\d|180)([0-5]\d(?:\.\d{0,9})?),([EW])")
_DATE = re.compile(r"(\d\d)(\d\d)(\d\d)")
_LONG_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_TIME = re.compile(
    r"([01]\d|2[0-3])([0-5]\d)((?:[0-5]\d|60)(?:\.\d{0,9})?)"
)  # 60: leap
_FIRST_GPS_YEAR = 80  # yy of 1980; two digits below it are of this century
_MOST_LAT = 90
_MOST_LON = 180
_FULL_TURN_DEG = 360


class FieldError(ValueError):
    """A field has not the form, or the range, that the standard gives it.

    Attributes:
        reason: Why, as the word that is counted.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def midnight(text: str) -> datetime:
    """Read `ddmmyy`.

    Raises:
        FieldError: If it is no date.
    """
    match = _DATE.fullmatch(text)
    if match is None:
        raise FieldError(Reason.BAD_TIME, f"date {text!r} is not ddmmyy")
    day, month, year = map(int, match.groups())
    year += 1900 if year >= _FIRST_GPS_YEAR else 2000
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError as error:
        raise FieldError(Reason.BAD_TIME, f"date {text!r}: {error}") from error


def midnight_of(year: str, month: str, day: str) -> datetime:
    """Read a day whose year has four digits.

    Raises:
        FieldError: If it is no date.
    """
    text = f"{year}-{month}-{day}"
    match = _LONG_DATE.fullmatch(text)
    if match is None:
        raise FieldError(Reason.BAD_TIME, f"date {text!r} is not yyyy, mm, dd")
    try:
        return datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=UTC)
    except ValueError as error:
        raise FieldError(Reason.BAD_TIME, f"date {text!r}: {error}") from error


def since_midnight(text: str) -> timedelta:
    """Read `hhmmss.ss`.

    Raises:
        FieldError: If it is no time of day.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise FieldError(Reason.BAD_TIME, f"time {text!r} is not hhmmss.ss")
    hours, minutes, seconds = match.groups()
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))


def lat_from(text: str, side: str) -> float:
    """Read `ddmm.mm` and N or S as degrees north.

    Raises:
        FieldError: If it is no latitude.
    """
    return _degrees(_LAT, f"{text},{side}", most=_MOST_LAT)


def lon_from(text: str, side: str) -> float:
    """Read `dddmm.mm` and E or W as degrees east.

    Raises:
        FieldError: If it is no longitude.
    """
    return _degrees(_LON, f"{text},{side}", most=_MOST_LON)


def number(text: str) -> float | None:
    """Read a number without sign; None where the field is empty.

    Raises:
        FieldError: If it is not one.
    """
    return _number(_NUMBER, text)


def signed_number(text: str) -> float | None:
    """Read a number that may be negative; None where the field is empty.

    Raises:
        FieldError: If it is not one.
    """
    return _number(_SIGNED, text)


def course_deg(text: str) -> float | None:
    """Read degrees clockwise from true north; None where the field is empty.

    Raises:
        FieldError: If it is not a number up to a full turn.
    """
    course = number(text)
    if course is not None and course > _FULL_TURN_DEG:
        detail = f"course {course:g} is more than a full turn"
        raise FieldError(Reason.BAD_FIELD, detail)
    return course


def _degrees(form: re.Pattern[str], text: str, *, most: int) -> float:
    match = form.fullmatch(text)
    if match is None:
        detail = f"coordinate {text!r} is not degrees, minutes and a side"
        raise FieldError(Reason.BAD_POSITION, detail)
    degrees = int(match[1]) + float(match[2]) / 60
    if degrees > most:
        raise FieldError(Reason.BAD_POSITION, f"{text!r} is not on the globe")
    return -degrees if match[3] in "SW" else degrees


def _number(form: re.Pattern[str], text: str) -> float | None:
    if not text:
        return None
    if form.fullmatch(text) is None:
        raise FieldError(Reason.BAD_FIELD, f"{text!r} is not a number")
    return float(text)
