"""Bursts through the engine and triage: one case, on the right pipe or beside it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.triage.decision import Close, Join
from tests.covers_pipes.mains import (
    NODES,
    Burst,
    Pressure,
    decided,
    filed,
    members,
    opened,
    pipes,
    plan,
    sampled,
)

PLAN = plan()
PIPES = pipes()


def test_s40_a_burst_felt_by_its_neighbours_is_one_case_on_its_pipe() -> None:
    pressure = Pressure(Burst("P-6-7", 0.4, 60))
    found = decided(PLAN, sampled(150, pressure))
    (burst,) = opened(found)
    located = burst.bundle.burst
    assert located is not None
    assert located.pipe == "P-6-7"
    assert located.slack_s > 0
    assert located.runner_up not in ("", "P-6-7")
    assert 0 < located.certainty <= 1
    assert 111.01 <= located.lon <= 111.02
    assert located.lat == pytest.approx(35.01)
    drops = {k for rule, k in members(found) if rule == "pressure-dropped"}
    assert {6, 7} <= drops
    assert len(drops) > 2
    # The points below the least service pressure join it.
    assert {k for rule, k in members(found) if rule == "pressure-low"} == {6, 7}
    # They come half a minute later, and do not make the fall any slower.
    joined = [d for d in found if isinstance(d, Join)]
    dropped = [d for d in joined if d.transition.rule.code == "pressure-dropped"]
    assert joined[-1].transition.rule.code == "pressure-low"
    assert joined[-1].bundle.last_us == dropped[-1].bundle.last_us
    assert filed(found) == []
    assert burst.at_us / 1e6 - PLAN_START_S - 60 <= 30


PLAN_START_S = 1_800_000_000


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    pipe=st.sampled_from(PIPES),
    share=st.floats(0.1, 0.9),
    at_s=st.floats(40, 60),
    seed=st.integers(0, 10_000),
)
def test_any_burst_sampled_every_5_s_is_one_case_on_its_pipe_or_beside_it(
    pipe: object, share: float, at_s: float, seed: int
) -> None:
    truth = next(one for one in PIPES if one is pipe)
    pressure = Pressure(Burst(truth.code, share, at_s))
    found = decided(PLAN, sampled(120, pressure, seed=seed))
    (burst,) = opened(found)
    located = burst.bundle.burst
    assert located is not None
    named = next(one for one in PIPES if one.code == located.pipe)
    assert {named.start, named.end} & {truth.start, truth.end}
    assert filed(found) == []


def test_a_drop_at_one_point_alone_is_a_doubt_about_its_sensor() -> None:
    def pressure(point: int, second: float) -> float:
        return 330.0 - (80 if point == 6 and second >= 60 else 0)

    found = decided(PLAN, sampled(150, pressure))
    assert opened(found) == []
    assert filed(found) == [("pressure-dropped", 6)]


def test_a_slow_fall_everywhere_is_no_burst_and_no_alarm() -> None:
    pressure = Pressure(falls=[(60, 660, 100)])
    assert decided(PLAN, sampled(700, pressure)) == []


def test_a_pump_that_trips_is_one_fall_of_the_supply_and_no_burst() -> None:
    pressure = Pressure(falls=[(60, 64, 70)])
    found = decided(PLAN, sampled(150, pressure))
    (fall,) = opened(found)
    assert fall.bundle.key.code == "group:supply-fall"
    assert fall.bundle.burst is None
    assert {k for _, k in members(found)} == set(NODES)
    assert filed(found) == []


def test_a_second_burst_elsewhere_is_a_case_of_its_own() -> None:
    pressure = Pressure(Burst("P-1-2", 0.5, 60), Burst("P-15-16", 0.5, 150))
    first, second = opened(decided(PLAN, sampled(260, pressure)))
    assert first.bundle.key.node == "pipe:P-1-2"
    assert second.bundle.key.node == "pipe:P-15-16"


def test_a_mended_burst_closes_its_case() -> None:
    burst = Burst("P-6-7", 0.5, 60)

    def pressure(point: int, second: float) -> float:
        return 330 - (burst.loss_kpa(point, second) if second < 140 else 0)

    found = decided(PLAN, sampled(240, pressure))
    (over,) = [d for d in found if isinstance(d, Close)]
    assert over.bundle.key.node == "pipe:P-6-7"
    assert len(opened(found)) == 1
