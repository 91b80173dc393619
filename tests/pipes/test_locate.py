"""Bursts are found on the pipe they were put on."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.pipes.locate import Drop, locate
from rules.pipes.network import Network, Pipe

SIDE = 4
STREET_M = 250.0


def _lattice() -> Network:
    """Return a square of streets, 250 m each, a pressure point at every corner."""
    pipes = []
    for x in range(SIDE):
        for y in range(SIDE):
            for dx, dy in ((1, 0), (0, 1)):
                if x + dx < SIDE and y + dy < SIDE:
                    a, b = f"{x}{y}", f"{x + dx}{y + dy}"
                    pipes.append(
                        Pipe(code=f"{a}-{b}", start=a, end=b, length_m=STREET_M)
                    )
    return Network.of(pipes)


NETWORK = _lattice()


def _drops(pipe: Pipe, share: float, *, every_s: float, seed: int) -> list[Drop]:
    """Return what points see that are read every so often, each at its own phase."""
    rng = np.random.default_rng(seed)
    travel_s = NETWORK.along(pipe, np.array([share]))[0]
    drops = []
    for node, place in NETWORK.place.items():
        lost = 300 * math.exp(-((travel_s[place] * 1000 / 400) ** 2))
        if lost < 20:
            continue
        comes_s = 100 + travel_s[place]
        phase = rng.uniform(0, every_s)
        seen_s = math.ceil((comes_s - phase) / every_s) * every_s + phase
        drops.append(
            Drop(
                node=node,
                before_us=round((seen_s - every_s) * 1e6),
                at_us=round(seen_s * 1e6),
                lost_kpa=lost,
            )
        )
    return drops


@given(
    pipe=st.sampled_from(NETWORK.pipes),
    share=st.floats(0.2, 0.8),
    seed=st.integers(0, 1000),
)
def test_quick_points_name_the_very_pipe(pipe: Pipe, share: float, seed: int) -> None:
    burst = locate(NETWORK, _drops(pipe, share, every_s=0.02, seed=seed))
    assert burst is not None
    assert burst.pipe.code == pipe.code
    assert burst.share == pytest.approx(share, abs=0.1)
    assert burst.began_us == pytest.approx(100e6, abs=0.05e6)
    assert burst.slack_s >= -0.0125  # the places tried are 12.5 m apart


@given(
    pipe=st.sampled_from(NETWORK.pipes),
    share=st.floats(0.3, 0.7),
    seed=st.integers(0, 1000),
)
def test_slow_points_name_it_by_the_depth_of_the_drops(
    pipe: Pipe, share: float, seed: int
) -> None:
    burst = locate(NETWORK, _drops(pipe, share, every_s=5, seed=seed))
    assert burst is not None
    assert {burst.pipe.start, burst.pipe.end} & {pipe.start, pipe.end}
    assert burst.slack_s > -0.0125


def test_one_point_alone_is_no_burst() -> None:
    drop = Drop(node="11", before_us=0, at_us=5_000_000, lost_kpa=200)
    assert locate(NETWORK, [drop]) is None


def test_points_off_the_network_do_not_count() -> None:
    drops = [
        Drop(node=node, before_us=0, at_us=1_000_000, lost_kpa=200)
        for node in ("11", "elsewhere")
    ]
    assert locate(NETWORK, drops) is None


def test_mains_that_do_not_meet_have_no_common_burst() -> None:
    apart = Network.of(
        [
            Pipe(code="A", start="a", end="b", length_m=100),
            Pipe(code="B", start="c", end="d", length_m=100),
        ]
    )
    drops = [
        Drop(node=node, before_us=0, at_us=1_000_000, lost_kpa=200) for node in "ac"
    ]
    assert locate(apart, drops) is None


def test_what_no_moment_explains_is_still_placed_and_says_by_how_much() -> None:
    drops = [
        Drop(node="00", before_us=0, at_us=10_000, lost_kpa=200),
        Drop(node="01", before_us=9_000_000, at_us=9_010_000, lost_kpa=100),
    ]
    burst = locate(NETWORK, drops)
    assert burst is not None
    assert burst.slack_s < -8


def test_the_runner_up_lies_elsewhere() -> None:
    pipe = NETWORK.pipes[0]
    burst = locate(NETWORK, _drops(pipe, 0.5, every_s=5, seed=1))
    assert burst is not None
    assert burst.runner_up is not None
    ends = {burst.pipe.start, burst.pipe.end}
    assert ends.isdisjoint({burst.runner_up.start, burst.runner_up.end})
