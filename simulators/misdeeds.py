"""What a vehicle does that it ought not to, and how it moves meanwhile."""

from collections.abc import Callable, Collection
from dataclasses import replace

from shapely import LineString, Point

from simulators.city import Hardware
from simulators.incidents import Cause, Incident
from simulators.motion import Moment, Motion
from simulators.outings import outing, speeding, standing, window
from simulators.town import Town, pace_of

PLACE_OF = {
    Cause.NO_ENTRY: "no_entry",
    Cause.NIGHT_BAN: "night_ban",
    Cause.LATE_TO_DEPOT: "stop_place",  # and no depot
}
"""Kind of the geofences to which a vehicle drives that it ought not to, by cause."""

LEAST_OUTSIDE_M = 80.0
"""A vehicle that has left gets at least this far from its area."""

DEEP_M = 25.0
"""So deep within its border a vehicle is surely in a place."""

CLEAR_M = 70.0
"""Further than this from a place where it may stand it is surely outside of it."""

LOOK_AHEAD_S = 600
"""A vehicle that is to stand about may drive on for so long to where it may not."""

LEAST_KMH = 12.0
"""Who works more slowly may as well be standing: nobody can tell a fix is frozen."""

TOO_FAST = 1.4
"""Overspeed is this many times the limit."""

USUAL_LIMIT_KMH = 60.0
"""Where a vehicle has no limit of its own."""


def misdeed(town: Town, device: Hardware, plain: Incident) -> Incident | None:
    """Make what one vehicle does; None where streets or beat do not allow it.

    Args:
        town: Where.
        device: The vehicle's terminal.
        plain: What, from when, until when; getting there takes some driving first.
    """
    if plain.device not in town.beats:
        return None
    if plain.cause in PLACE_OF:
        return _entering(town, plain, PLACE_OF[plain.cause])
    match plain.cause:
        case Cause.LEFT_AREA:
            return _leaving(town, plain)
        case Cause.STOPPED_OUTSIDE:
            return _stopping(town, plain)
        case Cause.OVERSPEED:
            return _speeding(town, device, plain)
        case _:
            pass
    cruise_kmh = pace_of(town.city.cars[device.vehicle]).cruise_kmh
    is_told = plain.cause is not Cause.POSITION_FROZEN or cruise_kmh >= LEAST_KMH
    return plain if is_told else None


def _leaving(town: Town, plain: Incident) -> Incident | None:
    """Drive out; the incident lasts as long as the vehicle is outside."""
    area = town.areas[plain.device]
    outside = _nodes(town, lambda at: area.distance(at) >= LEAST_OUTSIDE_M)
    motion = outing(
        town.streets,
        town.beats[plain.device],
        outside,
        start_s=plain.starts_s,
        stay_s=plain.ends_s - plain.starts_s,
        allowed=town.clear,
    )
    return _while_there(plain, motion, lambda at: not area.contains(Point(at.x, at.y)))


def _entering(town: Town, plain: Incident, kind: str) -> Incident | None:
    """Drive to a place of one kind in its own area, stay there, and come back."""
    area, place = town.areas[plain.device], town.place(kind)
    inner = place.buffer(-DEEP_M)
    goals = _nodes(town, lambda at: inner.contains(at) and area.contains(at))
    mine = {
        index
        for index, stretch in enumerate(town.streets.stretches)
        if area.contains(LineString(stretch.line))
    }
    motion = outing(
        town.streets,
        town.beats[plain.device],
        goals,
        start_s=plain.starts_s,
        stay_s=plain.ends_s - plain.starts_s,
        allowed=mine,
    )
    return _while_there(plain, motion, lambda at: place.contains(Point(at.x, at.y)))


def _while_there(
    plain: Incident, motion: Motion | None, is_there: Callable[[Moment], bool]
) -> Incident | None:
    """Return the incident that a motion is while the vehicle is where it may not be."""
    if motion is None:
        return None
    first_s, last_s = window(motion, is_there)
    return replace(plain, starts_s=first_s, ends_s=last_s, motion=motion)


def _stopping(town: Town, plain: Incident) -> Incident | None:
    """Stand on the beat, at the first spot from where no stopping place is near."""
    beat, permitted = town.beats[plain.device], town.place("stop_place")
    for waited_s in range(LOOK_AHEAD_S):
        start_s = plain.starts_s + waited_s
        at = beat.motion.moment(start_s % beat.round_s)
        if permitted.is_empty or permitted.distance(Point(at.x, at.y)) > CLEAR_M:
            motion = standing(
                beat, start_s=start_s, for_s=plain.ends_s - plain.starts_s
            )
            end_s = float(motion.at_s[-1])
            return replace(plain, starts_s=start_s, ends_s=end_s, motion=motion)
    return None


def _speeding(town: Town, device: Hardware, plain: Incident) -> Incident | None:
    limit = town.city.cars[device.vehicle].speed_limit_kmh or USUAL_LIMIT_KMH
    motion = speeding(
        town.beats[plain.device],
        start_s=plain.starts_s,
        for_s=plain.ends_s - plain.starts_s,
        speed_kmh=limit * TOO_FAST,
    )
    return replace(plain, motion=motion)


def _nodes(town: Town, wanted: Callable[[Point], bool]) -> Collection[int]:
    nodes = enumerate(town.streets.nodes)
    return [node for node, place in nodes if wanted(Point(place))]
