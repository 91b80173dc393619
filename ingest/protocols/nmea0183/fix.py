"""What a sentence with a right checksum says: RMC a fix, GGA more about it.

RMC (NMEA 0183, 8.3.69)::

    hhmmss.ss,A,ddmm.mm,N,dddmm.mm,E,x.x,x.x,ddmmyy,x.x,a,m,s

time, status, latitude, longitude, knots, course, date, magnetic variation, mode (2.3
and later), navigational status (4.1 and later). pynmea2 says which field is which and
nothing more, because of what it takes for valid: a void fix reads as 0.0, 0.0; so does
one cut off before its longitude; a receiver that sends navigational status V ("I do not
provide it") is never valid; a date of `2208-1` is a string and fails later. So:

- A fix is status A and a mode that measured something. Navigational status is ignored.
- Every field that is used has exactly the form of the standard, or the sentence is
  refused: its checksum is right, so the receiver itself wrote nonsense.
- (0, 0) is where receivers are that know nothing. It is refused.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pynmea2

from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183 import fields
from ingest.protocols.nmea0183.sentence import Sentence
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

KMH_PER_KNOT = 1.852
"""One knot in kilometres an hour, exactly."""

FASTEST_KMH = 400
"""No road vehicle is faster; what says so is kept and flagged."""

_UNMEASURED_MODES = ("N", "M")  # no fix; typed in by hand
_SIMULATED_MODE = "S"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """What one RMC says, before anybody judged its date.

    Attributes:
        fixed_at: As the receiver gives it, UTC.
        lon: Degrees east, WGS-84.
        lat: Degrees north, WGS-84.
        speed_kmh: Ground speed; None where empty.
        course_deg: Degrees clockwise from true north; None where empty.
        quality: What is doubtful about it.
    """

    fixed_at: datetime
    lon: float
    lat: float
    speed_kmh: float | None
    course_deg: float | None
    quality: Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class FixDetail:
    """What one GGA adds to the RMC of the same time of day.

    Attributes:
        since_midnight: Its time of day, UTC.
        satellites: Satellites used; None where empty.
        hdop: Horizontal dilution of precision; None where empty.
        altitude_m: Above mean sea level; None where empty.
    """

    since_midnight: timedelta
    satellites: int | None
    hdop: float | None
    altitude_m: float | None


def is_valid_rmc(sentence: Sentence) -> bool:
    """Return whether an RMC says that it holds a fix (status A)."""
    return len(sentence.fields) > 1 and sentence.fields[1] == b"A"


def fix_from_rmc(sentence: Sentence) -> Fix | None:
    """Read a fix from an RMC of status A.

    Returns:
        None if its mode says that nothing was measured.

    Raises:
        ProtocolError: If a field is missing, malformed or out of range.
    """
    rmc = _named_fields(sentence)
    try:
        return _fix(rmc)
    except KeyError as error:
        detail = f"the sentence is cut off before its {error}"
        raise ProtocolError(Reason.BAD_FIELD, detail, sentence.octets) from error
    except fields.FieldError as error:
        raise ProtocolError(error.reason, str(error), sentence.octets) from error


def detail_from_gga(sentence: Sentence) -> FixDetail | None:
    """Read what a GGA adds; None if it has no fix or is malformed.

    A GGA only adds to a fix, so a bad one is no loss and nothing to refuse.
    """
    try:
        gga = _named_fields(sentence)
        if gga["gps_qual"] in ("", "0"):
            return None
        satellites = fields.number(gga["num_sats"])
        return FixDetail(
            since_midnight=fields.since_midnight(gga["timestamp"]),
            satellites=None if satellites is None else int(satellites),
            hdop=fields.number(gga["horizontal_dil"]),
            altitude_m=fields.signed_number(gga["altitude"]),
        )
    except (ProtocolError, KeyError, fields.FieldError):
        return None


def since_midnight_of(at: datetime) -> timedelta:
    """Return the time of day of an aware UTC time."""
    return at - at.replace(hour=0, minute=0, second=0, microsecond=0)


def _named_fields(sentence: Sentence) -> dict[str, str]:
    try:
        parsed = pynmea2.parse(sentence.octets.decode("ascii").rstrip(), check=True)
    except (pynmea2.ParseError, UnicodeDecodeError) as error:
        raise ProtocolError(Reason.BAD_FRAME, str(error), sentence.octets) from error
    names = [field[1] for field in parsed.fields]
    return dict(zip(names, parsed.data, strict=False))


def _fix(rmc: dict[str, str]) -> Fix | None:
    mode = rmc.get("mode_indicator", "")
    if mode in _UNMEASURED_MODES:
        return None
    lat = fields.lat_from(rmc["lat"], rmc["lat_dir"])
    lon = fields.lon_from(rmc["lon"], rmc["lon_dir"])
    if lon == 0 and lat == 0:
        detail = "(0, 0) is what a receiver says that knows nothing"
        raise fields.FieldError(Reason.BAD_POSITION, detail)
    knots = fields.number(rmc["spd_over_grnd"])
    speed_kmh = None if knots is None else knots * KMH_PER_KNOT
    return Fix(
        fixed_at=fields.midnight(rmc["datestamp"])
        + fields.since_midnight(rmc["timestamp"]),
        lon=lon,
        lat=lat,
        speed_kmh=speed_kmh,
        course_deg=fields.course_deg(rmc["true_course"]),
        quality=_quality(mode, speed_kmh),
    )


def _quality(mode: str, speed_kmh: float | None) -> Quality:
    quality = Quality.SIMULATED if mode == _SIMULATED_MODE else Quality.GOOD
    if speed_kmh is not None and speed_kmh > FASTEST_KMH:
        quality |= Quality.OUT_OF_RANGE
    return quality
