"""Times on this wire: twelve decimal digits in six octets, always GMT+8.

Layout (JT/T 808-2019, 8.18, BCD[6])::

    YY MM DD hh mm ss
"""

from datetime import UTC, datetime

from ingest.protocols.jt808.octets import FieldError
from vocabulary.refusal import Reason
from vocabulary.times import BEIJING

LENGTH = 6
"""Octets of a time."""

_CENTURY = 2000


def time_from(octets: bytes) -> datetime:
    """Read six octets as an aware time, UTC.

    Raises:
        FieldError: If they are no date and time.
    """
    digits = octets.hex()
    if len(digits) != 2 * LENGTH or not digits.isdecimal():
        raise FieldError(Reason.BAD_TIME, f"time {digits} is not twelve digits")
    year, *others = (int(digits[n : n + 2]) for n in range(0, 2 * LENGTH, 2))
    month, day, hour, minute, second = others
    try:
        at = datetime(_CENTURY + year, month, day, hour, minute, second, tzinfo=BEIJING)
    except ValueError as error:
        raise FieldError(Reason.BAD_TIME, f"time {digits}: {error}") from error
    return at.astimezone(UTC)


def time_octets(at: datetime) -> bytes:
    """Return the six octets of an aware time; what is less than a second is cut off."""
    return bytes.fromhex(at.astimezone(BEIJING).strftime("%y%m%d%H%M%S"))
