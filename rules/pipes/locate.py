"""From the drops that pressure points saw to the pipe that explains them best.

A burst at time t reaches point i at t + d(i), d being the wave's travel time. A point
that is read every few seconds tells only that the wave came between two readings, so
each drop is an interval. A place on a pipe is possible if one moment t fits all
intervals; how wide the choice of t is, its slack, tells how well. Where no place is
possible (clocks of points that are off) the least impossible one is taken, and says so.

Among possible places the one wins from which the drops die away best: by the same
share for each metre, that is on a straight line of their logarithm against the
distance, the deep ones weighing more. Two drops lie on a line from anywhere: then the
place nearest to the deeper one wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.pipes.network import Network, Pipe
from vocabulary.times import SECOND_US

STEPS = 21
"""Places tried along each pipe, both ends among them."""

SHARES = np.linspace(0, 1, STEPS)
"""How far along a pipe they lie."""

LEAST_POINTS = 2
"""Fewer than this many points that dropped tell a sensor's fault, not a burst."""


DIGITS = 9
"""Of a misfit: below that is rounding, which must not decide."""

TINY = 1e-12
"""Keeps from dividing by nothing where all points are as far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One point's sudden loss of pressure.

    Attributes:
        node: Where the point sits.
        before_us: Its last reading before the drop.
        at_us: The first reading that shows it.
        lost_kpa: How much it lost.
    """

    node: str
    before_us: int
    at_us: int
    lost_kpa: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Where a burst most likely is.

    Attributes:
        pipe: The pipe.
        share: How far along it from its start, 0 to 1.
        began_us: Midst of the moments that fit.
        slack_s: How wide that choice is; negative if nothing fits, and by how much.
        runner_up: The next best pipe that does not share a node with it; None if there
            is none.
        certainty: How much better the drops die away from it than from the runner-up,
            0 (as well from either) to 1; 1 without a runner-up or if that one does not
            fit in time.
    """

    pipe: Pipe
    share: float
    began_us: int
    slack_s: float
    runner_up: Pipe | None
    certainty: float


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well the places along one pipe explain the drops; shape (STEPS,) each.

    Attributes:
        began_s: Midst of the moments that fit.
        slack_s: How wide that choice is.
        short_s: What is missing to a choice, beyond the distance of two places.
        misfit: How badly the drops die away from there, see the module.
        far: Mean travel time to the points, weighed by what they lost.
    """

    began_s: NDArray[np.float64]
    slack_s: NDArray[np.float64]
    short_s: NDArray[np.float64]
    misfit: NDArray[np.float64]
    far: NDArray[np.float64]


def locate(network: Network, drops: Sequence[Drop]) -> Burst | None:
    """Return the pipe that explains the drops best; None if none can.

    Args:
        network: The mains.
        drops: One per point, of one moment.
    """
    known = [drop for drop in drops if drop.node in network.place]
    if len({drop.node for drop in known}) < LEAST_POINTS:
        return None
    first_us = min(drop.at_us for drop in known)
    travel_s = network.travel_s([drop.node for drop in known])
    ranked = sorted(
        (
            (_rank(fit, at), pipe.code, pipe, fit, at)
            for pipe in network.pipes
            for fit in [
                _fit(known, first_us, network.along(pipe, SHARES, travel_s), pipe)
            ]
            for at in [_best(fit)]
            if np.isfinite(fit.far[at])
        ),
        key=lambda found: found[:2],
    )
    if not ranked:
        return None
    rank, _, pipe, fit, at = ranked[0]
    others = ((one[2], one[0]) for one in ranked[1:] if not _touch(pipe, one[2]))
    runner_up, next_rank = next(others, (None, (np.inf, np.inf, np.inf)))
    return Burst(
        pipe=pipe,
        share=float(SHARES[at]),
        began_us=first_us + round(float(fit.began_s[at]) * SECOND_US),
        slack_s=float(fit.slack_s[at]),
        runner_up=runner_up,
        certainty=_certainty(rank, next_rank),
    )


def _fit(
    drops: Sequence[Drop], first_us: int, travel_s: NDArray[np.float64], pipe: Pipe
) -> _Fit:
    """Return how well places along a pipe explain drops, `travel_s` away from them."""
    not_before = np.array([(d.before_us - first_us) / SECOND_US for d in drops])
    not_after = np.array([(d.at_us - first_us) / SECOND_US for d in drops])
    depth = np.array([d.lost_kpa for d in drops])
    earliest = (not_before - travel_s).max(axis=1)
    latest = (not_after - travel_s).min(axis=1)
    return _Fit(
        began_s=np.where(np.isfinite(earliest), (earliest + latest) / 2, 0),
        slack_s=latest - earliest,
        short_s=np.maximum(earliest - latest - pipe.travel_s / (STEPS - 1), 0),
        misfit=_misfit(travel_s, depth),
        far=(travel_s * depth).sum(axis=1) / depth.sum(),
    )


def _misfit(
    travel_s: NDArray[np.float64], depth: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far the drops' logarithms lie off a line that falls with distance.

    Args:
        travel_s: To each point, from each place, shape (k, n).
        depth: What each point lost, shape (n,).

    Returns:
        Mean square of what is left, shape (k,).
    """
    weight = depth / depth.sum()
    fall = np.log(depth)
    off_fall = fall - (weight * fall).sum()
    with np.errstate(invalid="ignore"):  # mains that do not meet are infinitely far
        off = travel_s - (weight * travel_s).sum(axis=1, keepdims=True)
        spread = (weight * off**2).sum(axis=1)
        slope = (weight * off * off_fall).sum(axis=1) / np.maximum(spread, TINY)
        left = off_fall - np.minimum(slope, 0)[:, np.newaxis] * off
    misfit: NDArray[np.float64] = (weight * left**2).sum(axis=1)
    return np.where(np.isfinite(misfit), np.round(misfit, DIGITS), np.inf)


def _best(fit: _Fit) -> int:
    """Return the best place along a pipe: possible, then the best fit, then near."""
    return int(np.lexsort((fit.far, fit.misfit, fit.short_s))[0])


def _rank(fit: _Fit, at: int) -> tuple[float, float, float]:
    return float(fit.short_s[at]), float(fit.misfit[at]), float(fit.far[at])


def _certainty(
    best: tuple[float, float, float], other: tuple[float, float, float]
) -> float:
    """Return how clearly one rank is before another, 0 to 1."""
    if other[0] > best[0] or not np.isfinite(other[2]):
        return 1.0
    # Where both explain the depths alike, as with two drops, nearness tells.
    ours, theirs = (best[2], other[2]) if best[1] == other[1] else (best[1], other[1])
    return 1 - ours / theirs if theirs > 0 else 0.0


def _touch(one: Pipe, other: Pipe) -> bool:
    return not {one.start, one.end}.isdisjoint({other.start, other.end})
