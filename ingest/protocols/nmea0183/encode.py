"""Sentences as a receiver writes them; what `stream` reads, it reads back equal.

Coordinates are written to a millionth of a minute (2 mm), time to a thousandth of a
second, speed to a thousandth of a knot, course to a hundredth of a degree.
"""

from datetime import UTC

from ingest.protocols.nmea0183.fix import KMH_PER_KNOT
from ingest.protocols.nmea0183.login import login_sentence
from ingest.protocols.nmea0183.sentence import pack
from vocabulary.position import Position
from vocabulary.quality import Quality

_MILLIONTHS = 1_000_000


def encode_login(terminal: str) -> bytes:
    """Make the sentence by which a terminal says who it is.

    Raises:
        ValueError: If `terminal` is not what the sentence can carry.
    """
    return login_sentence(terminal)


def encode_rmc(position: Position) -> bytes:
    """Make the RMC of a position; status A, and mode S if it is simulated."""
    at = position.fixed_at.astimezone(UTC)
    knots = "" if position.speed_kmh is None else _knots(position.speed_kmh)
    course = "" if position.course_deg is None else f"{position.course_deg:.2f}"
    mode = "S" if Quality.SIMULATED in position.quality else "A"
    body = (
        f"GPRMC,{at:%H%M%S}.{at.microsecond // 1000:03d},A,{_coordinates(position)},"
        f"{knots},{course},{at:%d%m%y},,,{mode}"
    )
    return pack(body.encode("ascii"))


def encode_gga(position: Position) -> bytes:
    """Make the GGA that carries a position's satellites, dilution and altitude.

    Send it before the RMC of the same time.
    """
    at = position.fixed_at.astimezone(UTC)
    satellites = "" if position.satellites is None else f"{position.satellites:02d}"
    hdop = "" if position.hdop is None else f"{position.hdop:.1f}"
    altitude = "" if position.altitude_m is None else f"{position.altitude_m:.1f}"
    body = (
        f"GPGGA,{at:%H%M%S}.{at.microsecond // 1000:03d},{_coordinates(position)},"
        f"1,{satellites},{hdop},{altitude},M,,M,,"
    )
    return pack(body.encode("ascii"))


def _coordinates(position: Position) -> str:
    lat_side = "S" if position.lat < 0 else "N"
    lon_side = "W" if position.lon < 0 else "E"
    lat = _degrees_and_minutes(position.lat, degree_digits=2)
    lon = _degrees_and_minutes(position.lon, degree_digits=3)
    return f"{lat},{lat_side},{lon},{lon_side}"


def _degrees_and_minutes(degrees: float, *, degree_digits: int) -> str:
    # In whole millionths of a minute, or 59.9999996 would be written 60.000000.
    millionths = round(abs(degrees) * 60 * _MILLIONTHS)
    whole, minutes = divmod(millionths, 60 * _MILLIONTHS)
    return f"{whole:0{degree_digits}d}{minutes / _MILLIONTHS:09.6f}"


def _knots(speed_kmh: float) -> str:
    return f"{speed_kmh / KMH_PER_KNOT:.3f}"
