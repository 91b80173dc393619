"""Placing things along streets, on the plan."""

from collections.abc import Sequence
from itertools import combinations
from math import hypot

from shapely import LineString, Point, get_parts
from shapely.geometry.base import BaseGeometry

from simulators.city_plan.streets import Street

Place = tuple[float, float]
"""x and y on the plan, metres."""


def beside(line: LineString, along_m: float, aside_m: float) -> Place:
    """Return the place `aside_m` to the left of a line's point (right if negative)."""
    here = line.interpolate(along_m)
    behind = line.interpolate(max(along_m - 1, 0))
    ahead = line.interpolate(min(along_m + 1, line.length))
    dx, dy = ahead.x - behind.x, ahead.y - behind.y
    length = hypot(dx, dy)
    return here.x - dy / length * aside_m, here.y + dx / length * aside_m


def junctions(streets: Sequence[Street]) -> list[Place]:
    """Return the places where streets meet, each once, from west to east."""
    seen: set[Place] = set()
    for one, other in combinations(streets, 2):
        for point in points_of(one.line.intersection(other.line)):
            seen.add((round(point.x, 2), round(point.y, 2)))
    return sorted(seen)


def points_of(shape: BaseGeometry) -> list[Point]:
    """Return the single points that an intersection consists of."""
    return [part for part in get_parts(shape) if isinstance(part, Point)]


def crossing(one: Street, other: Street) -> Point:
    """Return the one point where two streets cross."""
    (point,) = points_of(one.line.intersection(other.line))
    return point


def spread(places: Sequence[Place], count: int) -> list[Place]:
    """Return `count` of the places, each as far as can be from those before it."""
    chosen = [places[0]]
    while len(chosen) < count:
        chosen.append(max(places, key=lambda place: nearest_m(place, chosen)))
    return sorted(chosen)


def nearest_m(place: Place, others: Sequence[Place]) -> float:
    """Return the distance from a place to the nearest of others."""
    return min(hypot(place[0] - x, place[1] - y) for x, y in others)


def side_of(line: LineString, place: Place) -> tuple[str, str]:
    """Return on which side of a street a place is, in Chinese and English."""
    here = line.interpolate(line.project(Point(place)))
    dx, dy = place[0] - here.x, place[1] - here.y
    if abs(dx) > abs(dy):
        return ("东", "east") if dx > 0 else ("西", "west")
    return ("北", "north") if dy > 0 else ("南", "south")
