"""What says where a receiver is: RMC, GGA and GLL (NMEA 0183, 8.3).

::

    RMC  hhmmss.ss,A,ddmm.mm,N,dddmm.mm,E,x.x,x.x,ddmmyy,x.x,a,m,s
         time, status, place, knots, course, date, magnetic variation, mode (2.3 and
         later), navigational status (4.1 and later)
    GGA  hhmmss.ss,ddmm.mm,N,dddmm.mm,E,q,nn,x.x,x.x,M,x.x,M,x.x,nnnn
         time, place, quality, satellites, HDOP, altitude, height of the geoid, ...
    GLL  ddmm.mm,N,dddmm.mm,E,hhmmss.ss,A,m
         place, time, status, mode

Whether something was measured is decided here, by status, mode and quality:

- RMC and GLL: status A, and a mode other than N (no fix) and M (typed in by hand). E
  (dead reckoning) under status A is a fix: in a tunnel there is no better one.
  Navigational status is ignored: many receivers always send V there.
- GGA: quality 1 to 5, 8 and 9. Not 0 (no fix), 7 (typed in), nor 6: GGA has no status
  that says whether dead reckoning is still within its limits, as RMC and GLL have.
- Mode S and quality 8 are simulators: flagged.
- (0, 0) is where receivers are that know nothing. It is refused.

Every field that is used has exactly the form of the standard, or the sentence is
refused: its checksum is right, so the receiver itself wrote nonsense.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from ingest.protocols.nmea0183 import fields
from ingest.protocols.nmea0183.sentence import Sentence
from vocabulary.refusal import Reason

KMH_PER_KNOT = 1.852
"""One knot in kilometres an hour, exactly."""

Place: TypeAlias = tuple[float, float]
"""Degrees east and north, WGS-84."""

_UNMEASURED_MODES = ("N", "M")
_SIMULATED_MODE = "S"
_NO_FIX = ("", "0")
_UNMEASURED_QUALITIES = ("6", "7")
_SIMULATED_QUALITY = "8"
_FIX_QUALITIES = tuple("123456789")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rmc:
    """What an RMC says.

    Attributes:
        since_midnight: Its time of day, UTC; None where a void one has none.
        place: Where; None if nothing was measured.
        midnight: The day it names, as the receiver gives it; None where empty.
        speed_kmh: Ground speed; None where empty.
        course_deg: Degrees clockwise from true north; None where empty.
        is_simulated: Whether it says so.
    """

    since_midnight: timedelta | None
    place: Place | None = None
    midnight: datetime | None = None
    speed_kmh: float | None = None
    course_deg: float | None = None
    is_simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gga:
    """What a GGA says.

    Attributes:
        since_midnight: Its time of day, UTC; None where one without a fix has none.
        place: Where; None if nothing was measured, or nothing to rely on alone.
        satellites: Satellites used; None where empty.
        hdop: Horizontal dilution of precision; None where empty.
        altitude_m: Above mean sea level; None where empty.
        is_simulated: Whether it says so.
    """

    since_midnight: timedelta | None
    place: Place | None = None
    satellites: int | None = None
    hdop: float | None = None
    altitude_m: float | None = None
    is_simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gll:
    """What a GLL says.

    Attributes:
        since_midnight: Its time of day, UTC; None where empty, as before 2.0.
        place: Where; None if nothing was measured.
        is_simulated: Whether it says so.
    """

    since_midnight: timedelta | None
    place: Place | None = None
    is_simulated: bool = False


def is_valid_rmc(sentence: Sentence) -> bool:
    """Return whether an RMC says that it holds a fix (status A)."""
    return len(sentence.fields) > 1 and sentence.fields[1] == b"A"


def rmc_from(rmc: dict[str, str]) -> Rmc:
    """Read an RMC's fields.

    Raises:
        FieldError: If a field of one with a fix is malformed or out of range.
        KeyError: If it is cut off.
    """
    mode = rmc.get("mode_indicator", "")
    if rmc.get("status") != "A" or mode in _UNMEASURED_MODES:
        return Rmc(since_midnight=_time_of_void(rmc))
    place = _place(rmc)
    knots = fields.number(rmc["spd_over_grnd"])
    return Rmc(
        since_midnight=fields.since_midnight(rmc["timestamp"]),
        place=place,
        midnight=fields.midnight(rmc["datestamp"]) if rmc["datestamp"] else None,
        speed_kmh=None if knots is None else knots * KMH_PER_KNOT,
        course_deg=fields.course_deg(rmc["true_course"]),
        is_simulated=mode == _SIMULATED_MODE,
    )


def gga_from(gga: dict[str, str]) -> Gga:
    """Read a GGA's fields.

    Raises:
        FieldError: If a field of one with a fix is malformed or out of range.
        KeyError: If it is cut off.
    """
    quality = gga["gps_qual"]
    if quality in _NO_FIX:
        return Gga(since_midnight=_time_of_void(gga))
    if quality not in _FIX_QUALITIES:
        detail = f"{quality!r} is no quality of a fix"
        raise fields.FieldError(Reason.BAD_FIELD, detail)
    satellites = fields.number(gga["num_sats"])
    return Gga(
        since_midnight=fields.since_midnight(gga["timestamp"]),
        place=None if quality in _UNMEASURED_QUALITIES else _place(gga),
        satellites=None if satellites is None else int(satellites),
        hdop=fields.number(gga["horizontal_dil"]),
        altitude_m=fields.signed_number(gga["altitude"]),
        is_simulated=quality == _SIMULATED_QUALITY,
    )


def gll_from(gll: dict[str, str]) -> Gll:
    """Read a GLL's fields.

    Raises:
        FieldError: If a field of one with a fix is malformed or out of range.
        KeyError: If it is cut off.
    """
    mode = gll.get("faa_mode", "")
    is_timed = bool(gll.get("timestamp"))
    if gll.get("status") != "A" or mode in _UNMEASURED_MODES or not is_timed:
        return Gll(since_midnight=_time_of_void(gll))
    return Gll(
        since_midnight=fields.since_midnight(gll["timestamp"]),
        place=_place(gll),
        is_simulated=mode == _SIMULATED_MODE,
    )


def _place(said: dict[str, str]) -> Place:
    lat = fields.lat_from(said["lat"], said["lat_dir"])
    lon = fields.lon_from(said["lon"], said["lon_dir"])
    if lon == 0 and lat == 0:
        detail = "(0, 0) is what a receiver says that knows nothing"
        raise fields.FieldError(Reason.BAD_POSITION, detail)
    return lon, lat


def _time_of_void(said: dict[str, str]) -> timedelta | None:
    """Return the time of what holds no fix; whatever it is, it is no mistake."""
    try:
        return fields.since_midnight(said.get("timestamp", ""))
    except fields.FieldError:
        return None
