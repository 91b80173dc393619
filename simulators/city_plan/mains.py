"""Water mains of the sample city: between pressure points that are neighbours.

Two points have a main between them unless a third lies in the circle over it (a Gabriel
graph): what results hangs together, has loops as real mains do, and no long stretches.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import dist

from simulators.city_plan.ground import degrees
from simulators.city_plan.placing import Place
from simulators.city_plan.rows import Device

HEADER = (
    *("code", "name_zh", "name_en", "start", "end"),
    *("start_lon", "start_lat", "end_lon", "end_lat", "length_m", "wave_m_s"),
)
"""Columns of pipes.csv."""

WAVE_M_S = 1000
"""Ductile iron."""


def draw_mains(devices: Iterable[Device]) -> list[tuple[str | float, ...]]:
    """Return the rows of pipes.csv.

    Args:
        devices: Of the whole city; pressure points among them are the nodes.
    """
    points = [
        (device.code, device.place)
        for device in devices
        if device.profile == "pressure-simulated" and device.place is not None
    ]
    places = [place for _, place in points]
    pairs = [
        (one, other)
        for one, other in combinations(points, 2)
        if _is_neighbour(one[1], other[1], places)
    ]
    return [_row(number, *pair) for number, pair in enumerate(pairs, 1)]


def _is_neighbour(one: Place, other: Place, places: Sequence[Place]) -> bool:
    middle = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
    radius = dist(one, other) / 2
    return all(
        dist(place, middle) >= radius for place in places if place not in (one, other)
    )


def _row(
    number: int, one: tuple[str, Place], other: tuple[str, Place]
) -> tuple[str | float, ...]:
    (start, start_place), (end, end_place) = one, other
    return (
        f"WM-{number:04d}",
        f"{number}号给水干管",
        f"Water main {number}",
        start,
        end,
        *degrees(*start_place),
        *degrees(*end_place),
        round(dist(start_place, end_place), 1),
        WAVE_M_S,
    )
