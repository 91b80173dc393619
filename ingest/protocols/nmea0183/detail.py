"""What says more about a fix: GSA, VTG and ZDA (NMEA 0183, 8.3).

::

    GSA  a,x,nn,nn,nn,nn,nn,nn,nn,nn,nn,nn,nn,nn,x.x,x.x,x.x,h
         selection, fix 1 none 2 2D 3 3D, satellites used, PDOP, HDOP, VDOP, system (4.1
         and later); one sentence for each system, or each twelve satellites
    VTG  x.x,T,x.x,M,x.x,N,x.x,K,m
         course true, course magnetic, knots, km/h, mode (2.3 and later)
    ZDA  hhmmss.ss,dd,mm,yyyy,xx,xx
         time, day, month, year, local zone

GSA and VTG have no time: they are of the epoch whose burst they come in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.protocols.nmea0183 import fields
from ingest.protocols.nmea0183.fix import KMH_PER_KNOT

_NONE_MEASURED = ("", "1")
_UNMEASURED_MODES = ("N", "M")
_SATELLITE_FIELDS = [f"sv_id{number:02d}" for number in range(1, 13)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gsa:
    """What a GSA says.

    Attributes:
        satellites: Those used, by their numbers; a number is one within its system.
        hdop: Horizontal dilution of precision; None where empty.
    """

    satellites: frozenset[str]
    hdop: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vtg:
    """What a VTG says.

    Attributes:
        speed_kmh: Ground speed; None where empty.
        course_deg: Degrees clockwise from true north; None where empty.
    """

    speed_kmh: float | None
    course_deg: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Zda:
    """What a ZDA says.

    Attributes:
        since_midnight: Its time of day, UTC; None where empty.
        midnight: The day, as the receiver gives it; None where empty.
    """

    since_midnight: timedelta | None
    midnight: datetime | None


def gsa_from(gsa: dict[str, str]) -> Gsa | None:
    """Read a GSA's fields; None if it has no fix.

    Raises:
        FieldError: If a field is malformed.
        KeyError: If it is cut off.
    """
    if gsa["mode_fix_type"] in _NONE_MEASURED:
        return None
    used = [gsa[name] for name in _SATELLITE_FIELDS]
    return Gsa(
        satellites=frozenset(number for number in used if number),
        hdop=fields.number(gsa["hdop"]),
    )


def vtg_from(vtg: dict[str, str]) -> Vtg | None:
    """Read a VTG's fields; None if nothing was measured, or it is older than 2.0.

    Before 2.0 it had no letters between the numbers, so nobody knows which is which.

    Raises:
        FieldError: If a field is malformed or out of range.
        KeyError: If it is cut off.
    """
    if vtg.get("faa_mode", "") in _UNMEASURED_MODES:
        return None
    if vtg["true_track_sym"] != "T" or vtg["spd_over_grnd_kts_sym"] != "N":
        return None
    speed_kmh = fields.number(vtg.get("spd_over_grnd_kmph", ""))
    if speed_kmh is None:
        knots = fields.number(vtg["spd_over_grnd_kts"])
        speed_kmh = None if knots is None else knots * KMH_PER_KNOT
    return Vtg(speed_kmh=speed_kmh, course_deg=fields.course_deg(vtg["true_track"]))


def zda_from(zda: dict[str, str]) -> Zda:
    """Read a ZDA's fields.

    Raises:
        FieldError: If a field is malformed or out of range.
        KeyError: If it is cut off.
    """
    if not (zda["timestamp"] and zda["day"] and zda["month"] and zda["year"]):
        return Zda(since_midnight=None, midnight=None)
    since_midnight = fields.since_midnight(zda["timestamp"])
    midnight = fields.midnight_of(zda["year"], zda["month"], zda["day"])
    return Zda(since_midnight=since_midnight, midnight=midnight)
