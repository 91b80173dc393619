"""A vehicle's track from its fixes, pure: cut at gaps, measured, simplified.

A gap is a statement about the record, not about the vehicle: nothing is drawn across it
and nothing is counted in it. Simplification never moves a fix: it leaves some out. It
works on runs of one speed band, so that stops and speed colours keep their place.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from store.telemetry.track import Fixes
from vocabulary.position import DEGREES_E7
from vocabulary.times import SECOND_US

EARTH_M = 6_371_008.8
"""Mean radius (IUGG)."""

STANDING_KMH = 3.0
"""Below this a vehicle counts as standing: drift of a receiver at rest."""

BANDS_KMH = (STANDING_KMH, 20.0, 40.0, 60.0, 80.0)
"""Limits of the speed bands that a track is coloured by."""

GAP_INTERVALS = 5
"""So many intervals without a fix are a gap."""

SHORTEST_GAP_S = 60.0
"""Less is never a gap: a tunnel, a tall street."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch without gaps, as columns of shape (n,).

    Attributes:
        fixed_us: int64, microseconds since 1970 UTC.
        lon: float64, degrees east, WGS-84.
        lat: float64, degrees north, WGS-84.
        speed_kmh: float32, NaN where not sent.
        distance_m: Its length, measured before anything was left out.
    """

    fixed_us: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    speed_kmh: NDArray[np.float32]
    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of time without fixes.

    Attributes:
        from_us: The last fix before it.
        to_us: The first fix after it.
        apart_m: How far apart those two are, as the crow flies.
    """

    from_us: int
    to_us: int
    apart_m: float


@dataclass(frozen=True, slots=True)
class Track:
    """A vehicle's way through a span of time.

    Attributes:
        segments: Stretches without gaps, in order.
        gaps: What lies between them.
    """

    segments: tuple[Segment, ...]
    gaps: tuple[Gap, ...]


def gap_s_of(expected_interval_s: float) -> float:
    """Return from how many seconds without a fix on there is a gap."""
    return max(GAP_INTERVALS * expected_interval_s, SHORTEST_GAP_S)


def track_of(fixes: Fixes, *, gap_s: float, tolerance_m: float) -> Track:
    """Return the track through `fixes`.

    Args:
        fixes: In order of time.
        gap_s: From how many seconds without a fix on there is a gap.
        tolerance_m: How far a left-out fix may lie from the drawn line; 0 keeps all.
    """
    if not len(fixes):
        return Track((), ())
    steps_m = _steps_m(fixes)
    cuts = np.flatnonzero(np.diff(fixes.fixed_us) > gap_s * SECOND_US) + 1
    bounds = [0, *cuts.tolist(), len(fixes)]
    return Track(
        tuple(
            _segment(fixes, steps_m, start, end, tolerance_m=tolerance_m)
            for start, end in itertools.pairwise(bounds)
        ),
        tuple(_gap(fixes, steps_m, int(cut)) for cut in cuts),
    )


def page_of(fixes: Fixes, most: int) -> tuple[Fixes, int | None]:
    """Return the fixes of one page, and where the next begins, microseconds since 1970.

    That is the last moment of this one, so that the way between two pages is not lost;
    fixes of one moment stand together. None if this page has all.

    Args:
        fixes: In order of time; one more than `most` if there is a next page.
        most: Of a page; more than a vehicle can have of one moment.
    """
    times = fixes.fixed_us
    if len(times) <= most:
        return fixes, None
    count = int(np.searchsorted(times, times[most]))
    page = fixes.take(np.arange(count))
    last = int(times[count - 1]) if count else None
    # A page of one moment leads on to the next one.
    is_one = last is None or last == times[0]
    return page, int(times[most]) if is_one else last


def simplified(fixes: Fixes, tolerance_m: float) -> Fixes:
    """Return the fixes that are needed to draw `fixes` within `tolerance_m`."""
    last = len(fixes) - 1
    if last < 1:
        return fixes
    bands = np.digitize(fixes.speed_kmh, BANDS_KMH)
    turns = np.flatnonzero(np.diff(bands[:-1])) + 1
    starts, ends = np.append(0, turns), np.append(turns, last)
    x_m, y_m = _metres(fixes)
    points = np.column_stack((x_m, y_m, np.arange(len(fixes), dtype=np.float64)))
    return fixes.take(_kept(points, starts, ends, tolerance_m=tolerance_m))


def _kept(
    points: NDArray[np.float64],
    starts: NDArray[np.intp],
    ends: NDArray[np.intp],
    *,
    tolerance_m: float,
) -> NDArray[np.intp]:
    """Return the rows (the third coordinate) that Douglas and Peucker keep of runs.

    Neighbouring runs share the row between them; all runs go through GEOS at once.
    """
    lengths = ends - starts + 1
    run = np.repeat(np.arange(len(starts)), lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    lines = shapely.linestrings(points[starts[run] + within], indices=run)
    simple = shapely.simplify(lines, tolerance_m, preserve_topology=False)
    rows = shapely.get_coordinates(simple, include_z=True)[:, 2]
    kept: NDArray[np.intp] = np.unique(rows.astype(np.intp))
    return kept


def _segment(
    fixes: Fixes,
    steps_m: NDArray[np.float64],
    start: int,
    end: int,
    *,
    tolerance_m: float,
) -> Segment:
    part = fixes.take(np.arange(start, end))
    shown = simplified(part, tolerance_m) if tolerance_m > 0 else part
    return Segment(
        fixed_us=shown.fixed_us,
        lon=shown.lon_e7 / DEGREES_E7,
        lat=shown.lat_e7 / DEGREES_E7,
        speed_kmh=shown.speed_kmh,
        distance_m=round(float(steps_m[start : end - 1].sum()), 1),
    )


def _gap(fixes: Fixes, steps_m: NDArray[np.float64], cut: int) -> Gap:
    return Gap(
        from_us=int(fixes.fixed_us[cut - 1]),
        to_us=int(fixes.fixed_us[cut]),
        apart_m=round(float(steps_m[cut - 1]), 1),
    )


def _steps_m(fixes: Fixes) -> NDArray[np.float64]:
    x_m, y_m = _metres(fixes)
    steps: NDArray[np.float64] = np.hypot(np.diff(x_m), np.diff(y_m))
    return steps


def _metres(fixes: Fixes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return metres east and north on a plane; good to 0.1 % within a city."""
    lat = np.radians(fixes.lat_e7 / DEGREES_E7)
    lon = np.radians(fixes.lon_e7 / DEGREES_E7)
    return EARTH_M * lon * np.cos(np.median(lat)), EARTH_M * lat
