"""Water that is believed and gauges that are not, through the engine."""

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from cases.request import Hit, Severity
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from rules.plan.plan_source import RuleText
from rules.triage.decision import File, Open
from tests.covers_pipes.mains import TRIAGE, decided
from tests.rules.town import device, readings, source
from vocabulary.device import DeviceKind

FLOODS = (
    Path(__file__).parents[3]
    / "shared"
    / "realdata"
    / "timeseries"
    / "floodnet_events.ndjson.gz"
)

FILED_MM = 150.0
"""The filing line."""

REACH_IT = 116
"""Real floods that reach it."""

BELIEVED, DOUBTED = 100, 15
"""Those of them that are ponding, whether a rain gauge says all the time that it is dry
or nobody says; and those at which the gauge is doubted as well, if it is dry."""


def raised(transitions: Iterable[Transition], rule: str) -> list[int]:
    return [
        t.device_id for t in transitions if t.kind is Hit.RAISED and t.rule.code == rule
    ]


def played(
    depths: Sequence[float], rain: Sequence[float], *, every_s: float = 20
) -> list[Transition]:
    """Fold what one gauge says: depth and rain, together."""
    gauge = device(1, DeviceKind.GAUGE, "depth_mm", "rain_mm", interval_s=every_s)
    plan = compile_plan(source([gauge], "ponding", "gauge-doubtful"))
    entries = [
        readings(
            n + 1,
            n * every_s,
            [(10, n * every_s, depth, 0), (11, n * every_s, rain_mm, 0)],
        )
        for n, (depth, rain_mm) in enumerate(zip(depths, rain, strict=True))
    ]
    return fold(plan, plan.fresh_state(), entries).transitions


def test_s29_trash_under_a_gauge_is_a_device_s_fault_and_no_flood() -> None:
    found = played([0, 0, *[180.0, 183, 178, 181, 180, 182] * 3], [0.0] * 20)
    assert raised(found, "ponding") == []
    assert raised(found, "gauge-doubtful") == [1]


def test_s29_a_tilted_mount_that_makes_noise_is_a_device_s_fault_and_no_flood() -> None:
    found = played([260.0, 210, 300, 180, 280, 220, 310, 190] * 4, [0.0] * 32)
    assert raised(found, "ponding") == []
    assert raised(found, "gauge-doubtful") == [1]


def test_a_burst_main_floods_the_street_without_rain() -> None:
    found = played([0, 20, 60, 100, 140, 175, 200, 215, 225, 230], [0.0] * 10)
    assert raised(found, "ponding") == [1]
    assert raised(found, "gauge-doubtful") == []


def test_a_gauge_without_rain_of_its_own_asks_the_nearest_one() -> None:
    dry = device(2, DeviceKind.GAUGE, "rain_mm", interval_s=20)
    gauge = device(1, DeviceKind.GAUGE, "depth_mm", interval_s=20)
    plan = compile_plan(source([gauge, dry], "ponding", "gauge-doubtful"))
    entries = [
        readings(n, 20 * n, [(20, 20 * n, 0, 0), (10, 20 * n, depth, 0)])
        for n, depth in enumerate([0, 180, 180, 181, 180, 180, 180, 180, 180], 1)
    ]
    found = fold(plan, plan.fresh_state(), entries).transitions
    assert raised(found, "ponding") == []
    assert raised(found, "gauge-doubtful") == [1]


def test_s28_in_a_cloudburst_60_gauges_are_one_storm_and_the_deep_ones_alone() -> None:
    gauges = [
        device(k, DeviceKind.GAUGE, "depth_mm", "rain_mm", interval_s=10)
        for k in range(1, 61)
    ]
    wanted = replace(source(gauges, "ponding"), triage=RuleText("triage", 1, TRIAGE))
    plan = compile_plan(wanted)
    deep = {7, 31}
    decisions = decided(plan, [_cloudburst(n, deep) for n in range(1, 31)])
    alone = [d for d in decisions if isinstance(d, File)]
    storms = {d.bundle.key.code for d in decisions if isinstance(d, Open)}
    assert storms == {"storm:ponding"}
    told = {
        d.alarm.key.device_id
        for d in alone
        if d.transition.severity is not Severity.MINOR
    }
    assert told == deep
    assert len({d.alarm.key.device_id for d in alone}) <= 10 + 3 + len(deep)


def _cloudburst(n: int, deep: set[int]) -> Learned:
    """Return what gauges say that fill one after the other, two of them deeply."""
    rows = []
    for k in range(1, 61):
        since_s = max(0.0, 10 * n - k)
        rise = min(since_s * 4, 330 if k in deep else 200)
        rows += [(10 * k, 10 * n, rise, 0), (10 * k + 1, 10 * n, n / 2, 0)]
    return readings(n, 10 * n, rows)


@pytest.mark.realdata
@pytest.mark.skipif(not FLOODS.exists(), reason="no real floods here")
def test_most_real_floods_are_believed_even_if_a_rain_gauge_said_that_it_is_dry() -> (
    None
):
    with gzip.open(FLOODS, "rt", encoding="utf-8") as lines:
        floods = [json.loads(line) for line in lines]
    floods = [f for f in floods if max(f["depth_mm"]) >= FILED_MM]
    gauges = [
        device(k, DeviceKind.GAUGE, "depth_mm", "rain_mm", interval_s=63)
        for k in range(1, len(floods) + 1)
    ]
    plan = compile_plan(source(gauges, "ponding", "gauge-doubtful"))
    told = {}
    for has_rain_gauge in (False, True):
        rows = sorted(
            row
            for k, flood in enumerate(floods, 1)
            for at_s, depth in zip(flood["t_s"], flood["depth_mm"], strict=True)
            for row in ((at_s, 10 * k, depth), (at_s, 10 * k + 1, 0))
            if row[1] % 10 == 0 or has_rain_gauge
        )
        said = [(series, at_s, value, 0) for at_s, series, value in rows]
        entry = readings(1, 100_000, said)
        found = fold(plan, plan.fresh_state(), [entry]).transitions
        told[has_rain_gauge] = (
            len(set(raised(found, "ponding"))),
            len(set(raised(found, "gauge-doubtful"))),
        )
    assert len(floods) == REACH_IT
    # Some reach the line for one sample only, which no rule calls a flood.
    assert told == {False: (BELIEVED, 0), True: (BELIEVED, DOUBTED)}
