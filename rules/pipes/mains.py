"""Mains as triage needs them: which points hang together, and what they saw."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rules.pipes.locate import Burst, Drop, locate
from rules.pipes.network import Network, Pipe
from vocabulary.registry_facts import PipeFacts

EVEN = 0.5
"""The least drop of an even fall is this share of the greatest; a burst's die away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mains:
    """Pipes that hang together, and the pressure points on them.

    Attributes:
        code: Code of the first pipe.
        pipes: By code.
        points: Device id of every point, ascending, with its node.
    """

    code: str
    pipes: Mapping[str, PipeFacts]
    points: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Where a burst is, for people.

    Attributes:
        pipe: Code of the pipe.
        metres: How far along it from its start.
        start: Name of the node there.
        lon: Degrees east, WGS-84.
        lat: Degrees north.
        slack_s: How wide the choice of the moment is; below 0, times do not agree.
        certainty: How clearly it is before the runner-up, see `locate.Burst`.
        runner_up: Code of the next best pipe elsewhere; empty if there is none.
    """

    pipe: str
    metres: int
    start: str
    lon: float
    lat: float
    slack_s: float
    certainty: float
    runner_up: str


def mains_of(pipes: Sequence[PipeFacts], points: Mapping[str, int]) -> list[Mains]:
    """Return the mains that pipes make, by their first codes.

    Args:
        pipes: Every pipe.
        points: Device id of every pressure point by code; it sits on the node so named.
    """
    found = []
    for part in _connected(sorted(pipes, key=lambda pipe: pipe.code)):
        nodes = {node for pipe in part for node in (pipe.start, pipe.end)}
        on = {points[node]: node for node in nodes if node in points}
        found.append(
            Mains(
                code=part[0].code,
                pipes={pipe.code: pipe for pipe in part},
                points=dict(sorted(on.items())),
            )
        )
    return found


def locate_on(mains: Mains, drops: Sequence[Drop]) -> Located | None:
    """Return where on some mains a burst is; None if the drops do not tell."""
    burst = locate(_network(tuple(mains.pipes.values())), drops)
    return None if burst is None else _located(mains, burst)


def is_even(drops: Iterable[Drop]) -> bool:
    """Tell whether all lost about as much: then it is the supply, not a pipe."""
    lost = [drop.lost_kpa for drop in drops]
    return min(lost) >= EVEN * max(lost)


def _located(mains: Mains, burst: Burst) -> Located:
    pipe, share = mains.pipes[burst.pipe.code], burst.share
    lon, lat = (
        float(np.interp(share, (0, 1), ends))
        for ends in ((pipe.start_lon, pipe.end_lon), (pipe.start_lat, pipe.end_lat))
    )
    return Located(
        pipe=pipe.code,
        metres=round(share * pipe.length_m),
        start=pipe.start,
        lon=lon,
        lat=lat,
        slack_s=burst.slack_s,
        certainty=burst.certainty,
        runner_up="" if burst.runner_up is None else burst.runner_up.code,
    )


@lru_cache(maxsize=4)
def _network(pipes: tuple[PipeFacts, ...]) -> Network:
    """Return pipes as waves see them: made when a burst first asks, for it costs."""
    return Network.of([_pipe(pipe) for pipe in pipes])


def _pipe(facts: PipeFacts) -> Pipe:
    return Pipe(
        code=facts.code,
        start=facts.start,
        end=facts.end,
        length_m=facts.length_m,
        wave_m_s=facts.wave_m_s,
    )


def _connected(pipes: Iterable[PipeFacts]) -> list[list[PipeFacts]]:
    """Return pipes in groups that hang together, in their order."""
    group_of: dict[str, list[PipeFacts]] = {}
    for pipe in pipes:
        ours = group_of.setdefault(pipe.start, [])
        theirs = group_of.get(pipe.end, ours)
        if theirs is not ours:
            ours.extend(theirs)
            for other in theirs:
                group_of[other.start] = group_of[other.end] = ours
        ours.append(pipe)
        group_of[pipe.start] = group_of[pipe.end] = ours
    unique = {id(group): group for group in group_of.values()}
    found = [sorted(group, key=lambda pipe: pipe.code) for group in unique.values()]
    return sorted(found, key=lambda group: group[0].code)
