"""When a lamp's programme says that it is lit, the plain way, by another sun.

The sun is the Astronomical Almanac's low-precision one (good to 0.01 degrees until
2050): mean longitude and anomaly, ecliptic longitude, right ascension, sidereal time.
Evening is where it has passed the meridian.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from math import asin, atan2, cos, degrees, radians, sin
from zoneinfo import ZoneInfo

from rules.plan.subject import Subject
from rules.schedules.lamp import LampAsk, Lit, Without
from vocabulary.lighting import LampProgramme

S = 1_000_000
J2000_S = 946_728_000
NEAR_S = 8
"""So well two suns agree on when one turns: 0.01 degrees, where it climbs by as little
as 0.1 degrees a minute."""


def sun(at_s: float, lon: float, lat: float) -> tuple[float, bool]:
    """Return the sun's elevation in degrees, and whether it sinks."""
    days = (at_s - J2000_S) / 86_400
    mean = 280.460 + 0.9856474 * days
    anomaly = radians(357.528 + 0.9856003 * days)
    ecliptic = radians(mean + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.0000004 * days)
    right_ascension = atan2(cos(tilt) * sin(ecliptic), cos(ecliptic))
    declination = asin(sin(tilt) * sin(ecliptic))
    sidereal = radians(280.46062 + 360.98564737 * days + lon)
    hour_angle = (sidereal - right_ascension) % radians(360)
    height = sin(radians(lat)) * sin(declination)
    height += cos(radians(lat)) * cos(declination) * cos(hour_angle)
    return degrees(asin(height)), hour_angle < radians(180)


@lru_cache(maxsize=1 << 16)
def level_pct(
    programme: LampProgramme, at_s: int, place: tuple[float, float], zone: str
) -> float:
    """Return the level that a lamp should have; 0 is dark."""
    elevation, sinks = sun(at_s, *place)
    limit = programme.on_below_deg if sinks else programme.off_above_deg
    if elevation >= limit:
        return 0.0
    wall = datetime.fromtimestamp(at_s, ZoneInfo(zone)).replace(tzinfo=None)
    noon = wall.replace(hour=12, minute=0, second=0)
    noon = noon if noon <= wall else noon - timedelta(days=1)
    level = 100.0
    for step in programme.steps:
        after_noon = timedelta(minutes=(step.minute - 720) % 1440)
        level = step.level_pct if noon + after_noon <= wall else level
    return level


@lru_cache(maxsize=1 << 16)
def is_lamp_open(
    ask: LampAsk,
    programme: LampProgramme | None,
    at_s: int,
    place: tuple[float, float],
    zone: str,
) -> bool:
    """Tell whether a rule judges at a second, which is not where nobody can say."""
    if programme is None:
        return ask.without_programme is Without.ALWAYS
    if ask.lamp is Lit.DAY:
        programme = LampProgramme(
            code=programme.code,
            on_below_deg=programme.on_below_deg,
            off_above_deg=programme.off_above_deg,
            margin_s=programme.margin_s,
        )
    level = level_pct(programme, at_s, place, zone)
    margin_s = round(programme.margin_s)
    around = range(at_s - margin_s, at_s + margin_s + 1, 5)
    levels = {level_pct(programme, each, place, zone) for each in around}
    return levels == {level} and (level > 0) == (ask.lamp is Lit.LIT)


def programme_of(
    subject: Subject, programmes: dict[str, LampProgramme]
) -> LampProgramme | None:
    """Return what holds for a device; none where nobody knows where it stands."""
    if subject.lon is None or subject.lat is None:
        return None
    return programmes.get(subject.programme)
