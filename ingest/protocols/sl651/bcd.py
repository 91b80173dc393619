"""Numbers and times in BCD (6.6.2.5, 6.6.2.8, 6.6.3.3)."""

from datetime import datetime, tzinfo

CENTURY = 2000
"""What a year's two digits are counted from (the standard is of 2014)."""

NEGATIVE = 0xFF
"""In place of the first digits: the number is below zero."""


class BcdError(ValueError):
    """Octets are no BCD, or no time."""


def digits(octets: bytes) -> str:
    """Return two decimal digits for each octet.

    Raises:
        BcdError: If a half octet is above 9.
    """
    text = octets.hex()
    if not text.isdecimal():
        raise BcdError(f"{text.upper()} is not BCD")
    return text


def number(octets: bytes, decimals: int) -> float | None:
    """Read a number.

    Args:
        octets: The digits, after FF if it is negative.
        decimals: How many of them are behind the point.

    Returns:
        None if all is F: there is no value (6.6.4.4 d).

    Raises:
        BcdError: If it is not BCD.
    """
    if octets.count(NEGATIVE) == len(octets):
        return None
    is_negative = octets[0] == NEGATIVE
    whole = int(digits(octets[1:] if is_negative else octets))
    return (-whole if is_negative else whole) / 10.0**decimals


def number_octets(value: float | None, length: int, decimals: int) -> bytes:
    """Write a number; the inverse of `number`.

    Raises:
        ValueError: If it does not fit into `length` octets.
    """
    if value is None:
        return bytes([NEGATIVE]) * length
    whole = round(value * 10.0**decimals)
    sign = bytes([NEGATIVE]) if whole < 0 else b""
    room = 2 * (length - len(sign))
    text = f"{abs(whole):0{room}d}"
    if len(text) > room:
        raise ValueError(f"{value} has more than {room} digits")
    return sign + bytes.fromhex(text)


def time_from(octets: bytes, zone: tzinfo) -> datetime:
    """Read YYMMDDHHmm or YYMMDDHHmmSS.

    Args:
        octets: Five or six.
        zone: Of the station's clock.

    Raises:
        BcdError: If it is no time.
    """
    text = digits(octets)
    pairs = [int(text[at : at + 2]) for at in range(0, len(text), 2)]
    year, month, day, hour, minute, second = (*pairs, 0)[:6]
    try:
        return datetime(CENTURY + year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError as error:
        raise BcdError(f"{text}: {error}") from error


def time_octets(at: datetime, zone: tzinfo) -> bytes:
    """Write YYMMDDHHmmSS; its first five octets are YYMMDDHHmm."""
    return bytes.fromhex(f"{at.astimezone(zone):%y%m%d%H%M%S}")
