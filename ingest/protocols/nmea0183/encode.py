"""Sentences as a receiver writes them; what `stream` reads, it reads back equal.

Coordinates are written to a millionth of a minute (2 mm), time to a thousandth of a
second, speed to a thousandth of a knot, course to a hundredth of a degree.
"""

from collections.abc import Sequence
from datetime import UTC

from ingest.protocols.nmea0183.fix import KMH_PER_KNOT
from ingest.protocols.nmea0183.login import login_sentence
from ingest.protocols.nmea0183.sentence import pack
from vocabulary.position import Position
from vocabulary.quality import Quality

GPS = "GP"
"""The talker of a receiver that hears GPS only; GN is one that hears several."""

GSA_ROOM = 12
"""Satellites that one GSA has room for."""

_MILLIONTHS = 1_000_000


def encode_login(terminal: str) -> bytes:
    """Make the sentence by which a terminal says who it is.

    Raises:
        ValueError: If `terminal` is not what the sentence can carry.
    """
    return login_sentence(terminal)


def encode_rmc(position: Position, talker: str = GPS) -> bytes:
    """Make the RMC of a position; status A, and mode S if it is simulated."""
    at = position.fixed_at.astimezone(UTC)
    knots = "" if position.speed_kmh is None else _knots(position.speed_kmh)
    return _pack(
        f"{talker}RMC,{_time(position)},A,{_coordinates(position)},{knots},"
        f"{_course(position)},{at:%d%m%y},,,{_mode(position)}"
    )


def encode_gga(position: Position, talker: str = GPS) -> bytes:
    """Make the GGA that carries a position's satellites, dilution and altitude."""
    quality = 8 if Quality.SIMULATED in position.quality else 1
    satellites = "" if position.satellites is None else f"{position.satellites:02d}"
    altitude = "" if position.altitude_m is None else f"{position.altitude_m:.1f}"
    return _pack(
        f"{talker}GGA,{_time(position)},{_coordinates(position)},"
        f"{quality},{satellites},{_hdop(position)},{altitude},M,,M,,"
    )


def encode_gll(position: Position, talker: str = GPS) -> bytes:
    """Make the GLL of a position; status A, and mode S if it is simulated."""
    return _pack(
        f"{talker}GLL,{_coordinates(position)},{_time(position)},A,{_mode(position)}"
    )


def encode_gsa(
    position: Position, satellites: Sequence[int], talker: str = GPS
) -> bytes:
    """Make a GSA of a position, in three dimensions.

    Args:
        position: Whose dilution it carries.
        satellites: Numbers of at most `GSA_ROOM` of those used.
        talker: Whose satellites they are.
    """
    numbers = [f"{number:02d}" for number in satellites]
    numbers += [""] * (GSA_ROOM - len(numbers))
    return _pack(f"{talker}GSA,A,3,{','.join(numbers)},,{_hdop(position)},")


def encode_vtg(position: Position, talker: str = GPS) -> bytes:
    """Make the VTG that carries a position's speed and course."""
    kmh = position.speed_kmh
    knots = "" if kmh is None else _knots(kmh)
    speed = "" if kmh is None else f"{kmh:.3f}"
    return _pack(
        f"{talker}VTG,{_course(position)},T,,M,{knots},N,{speed},K,{_mode(position)}"
    )


def encode_zda(position: Position, talker: str = GPS) -> bytes:
    """Make the ZDA that carries a position's day."""
    at = position.fixed_at.astimezone(UTC)
    return _pack(f"{talker}ZDA,{_time(position)},{at:%d,%m,%Y},00,00")


def _pack(body: str) -> bytes:
    return pack(body.encode("ascii"))


def _time(position: Position) -> str:
    at = position.fixed_at.astimezone(UTC)
    return f"{at:%H%M%S}.{at.microsecond // 1000:03d}"


def _mode(position: Position) -> str:
    return "S" if Quality.SIMULATED in position.quality else "A"


def _course(position: Position) -> str:
    return "" if position.course_deg is None else f"{position.course_deg:.2f}"


def _hdop(position: Position) -> str:
    return "" if position.hdop is None else f"{position.hdop:.1f}"


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
