"""Geofences: which of 10,000 areas hold each of a million points.

Side by side with shapely in the same process: `STRtree.query` in bulk, and
`contains_xy` of prepared areas one by one. Both are asked about fewer points where a
million would take minutes, and reckoned up; what each was asked is shown.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from rules.fences.index import Index

FENCES = 10_000
"""Areas."""

POINTS = 1_000_000
"""Points."""

TREE_POINTS = 200_000
"""Points that the tree is asked about."""

BRUTE_FENCES = 100
"""Areas that are asked one by one, about all points."""

CITY_DEG = 0.5
"""How wide and high the city is: about 45 by 55 km."""


@dataclass(frozen=True, slots=True)
class Town:
    """What is asked of what."""

    areas: NDArray[np.object_]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]


def bench(rounds: int) -> None:
    """Print seconds and ratios.

    Args:
        rounds: Of each, interleaved; the medians are shown.
    """
    for corners in (20, 200):
        town = _town(corners)
        begin = time.perf_counter()
        index = Index.of(list(town.areas))
        built_s = time.perf_counter() - begin
        tree = shapely.STRtree(town.areas)
        shapely.prepare(town.areas)
        asked: dict[str, Callable[[], float]] = {
            "raster": partial(_raster_s, index, town),
            "STRtree": partial(_tree_s, tree, town),
            "contains_xy": partial(_brute_s, town),
        }
        _show(corners, index, built_s, _medians(asked, rounds))


def _medians(asked: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Return the median seconds of each, asked in turn after one round to warm up."""
    found: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(rounds + 1):
        for name, ask in asked.items():
            taken_s = ask()
            if number:
                found[name].append(taken_s)
    return {name: median(taken) for name, taken in found.items()}


def _show(
    corners: int, index: Index, built_s: float, taken_s: dict[str, float]
) -> None:
    print(
        f"{FENCES:,} fences of {corners} corners, {POINTS:,} points: "
        f"raster built in {built_s:.1f} s, {index.octets / 1e6:.0f} MB"
    )
    for name, seconds in taken_s.items():
        ratio = seconds / taken_s["raster"]
        print(
            f"  {name:12} {seconds:9.2f} s {POINTS / seconds:12,.0f} points/s "
            f"{ratio:8.1f} x the raster's time"
        )
    print(
        f"  (STRtree asked about {TREE_POINTS:,} points, contains_xy of {BRUTE_FENCES} "
        "fences about all; reckoned up)"
    )


def _raster_s(index: Index, town: Town) -> float:
    begin = time.perf_counter()
    index.hits(town.lon_e7, town.lat_e7)
    return time.perf_counter() - begin


def _tree_s(tree: shapely.STRtree, town: Town) -> float:
    some = slice(TREE_POINTS)
    begin = time.perf_counter()
    points = shapely.points(town.lon_e7[some] / 1e7, town.lat_e7[some] / 1e7)
    tree.query(points, predicate="intersects")
    return (time.perf_counter() - begin) * POINTS / TREE_POINTS


def _brute_s(town: Town) -> float:
    begin = time.perf_counter()
    lon, lat = town.lon_e7 / 1e7, town.lat_e7 / 1e7
    for area in town.areas[:BRUTE_FENCES]:
        shapely.contains_xy(area, lon, lat)
    return (time.perf_counter() - begin) * FENCES / BRUTE_FENCES


def _town(corners: int) -> Town:
    """Return uneven areas of 100 m to 2 km all over a city, and points in it."""
    rng = np.random.default_rng(corners)
    places = rng.uniform(
        (111.0, 35.0), (111.0 + CITY_DEG, 35.0 + CITY_DEG), (FENCES, 2)
    )
    areas = np.empty(FENCES, np.object_)
    areas[:] = [_area(rng, lon, lat, corners) for lon, lat in places]
    lon, lat = rng.uniform((111.0, 35.0), places.max(axis=0), (POINTS, 2)).T
    return Town(areas, _e7(lon), _e7(lat))


def _area(
    rng: np.random.Generator, lon: float, lat: float, corners: int
) -> BaseGeometry:
    radius = 10 ** rng.uniform(-3.3, -2.0)
    turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = radius * rng.uniform(0.7, 1.0, corners)
    ring = np.stack((lon + reach * np.cos(turn), lat + reach * np.sin(turn)), axis=1)
    return shapely.buffer(shapely.Polygon(ring), 0)


def _e7(degrees: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(degrees * 1e7).astype(np.int32)
