"""Silence is the lack of data: links that talk do not end it, nor begin it."""

from collections.abc import Iterable

from cases.request import Hit
from rules.engine.carry import carry
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.engine.state import read_back, written
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from tests.rules.town import START_S, device, edge, positions, readings, source, tick
from vocabulary.device import DeviceKind
from vocabulary.times import SECOND_US

COVER = device(1, DeviceKind.COVER, "tilt_deg", interval_s=10)
VALVE = device(0, DeviceKind.COVER, "tilt_deg", interval_s=10)


def numbered(entries: Iterable[Learned]) -> list[Learned]:
    """Return entries by their times, numbered."""
    ordered = sorted(entries, key=lambda entry: (entry.at_us, entry.seq))
    return [
        Learned(seq, entry.at_us, entry.content) for seq, entry in enumerate(ordered, 1)
    ]


def found(plan: Plan, entries: Iterable[Learned]) -> list[Transition]:
    return fold(plan, plan.fresh_state(), numbered(entries)).transitions


def second(transition: Transition) -> float:
    return transition.at_us / SECOND_US - START_S


def test_s06_a_link_that_blinks_for_150_ms_each_hour_is_no_silence() -> None:
    plan = compile_plan(source([COVER], "cover-silent"))
    hours = 6
    entries = [readings(0, t, [(10, t, 2, 0)]) for t in range(0, hours * 3600, 10)]
    entries += [tick(0, t + 0.5) for t in range(0, hours * 3600, 5)]
    for hour in range(hours):
        entries.append(edge(0, hour * 3600 + 1800, "mqtt", up=False))
        entries.append(edge(0, hour * 3600 + 1800.15, "mqtt", up=True))
    assert found(plan, entries) == []


def test_s07_what_returns_at_the_very_millisecond_of_the_limit_is_clear() -> None:
    plan = compile_plan(source([COVER], "cover-silent"))
    entries = [readings(0, 0, [(10, 0, 2, 0)])]
    entries += [tick(0, t) for t in range(1, 101)]
    entries.append(readings(1, 100, [(10, 100, 2, 0)]))  # after the tick of its moment
    entries += [tick(0, t) for t in range(101, 120)]
    turns = found(plan, entries)
    assert [(t.kind, second(t)) for t in turns] == [
        (Hit.RAISED, 100),
        (Hit.CLEARED, 100),
    ]


def test_s07_what_returns_at_the_limit_before_anybody_looked_is_nothing() -> None:
    plan = compile_plan(source([COVER], "cover-silent"))
    entries = [readings(0, 0, [(10, 0, 2, 0)])]
    entries += [tick(0, t) for t in range(1, 100)]
    entries.append(readings(0, 100, [(10, 100, 2, 0)]))
    assert found(plan, entries) == []


def test_s08_a_link_that_keeps_saying_it_is_up_is_no_data() -> None:
    plan = compile_plan(source([COVER], "cover-silent"))
    entries = [readings(0, 0, [(10, 0, 2, 0)])]
    entries += [tick(0, t) for t in range(1, 200)]
    entries += [edge(0, t + 0.5, "mqtt", up=True) for t in range(0, 200, 30)]
    (silent,) = found(plan, entries)
    assert (silent.kind, second(silent)) == (Hit.RAISED, 100)


def test_s08_a_terminal_whose_heartbeat_brings_no_fix_is_silent() -> None:
    vehicle = device(3, DeviceKind.VEHICLE, edge="jt808")
    plan = compile_plan(source([vehicle], "vehicle-silent"))
    entries = [positions(0, 0, [(3, 0, -500, 30, 0)])]
    entries += [tick(0, t) for t in range(1, 700)]
    entries += [edge(0, t + 0.5, "jt808", up=True) for t in range(0, 700, 60)]
    (silent,) = found(plan, entries)
    assert (silent.kind, second(silent)) == (Hit.RAISED, 600)


def test_s23_a_slave_that_answers_no_more_is_silent_and_its_neighbours_are_not() -> (
    None
):
    slaves = [
        device(k, DeviceKind.PRESSURE, "pressure_kpa", edge="modbus", interval_s=5)
        for k in range(1, 11)
    ]
    plan = compile_plan(source(slaves, "pressure-silent", "pressure-unreachable"))
    entries = [tick(0, t + 0.5) for t in range(200)]
    for t in range(0, 200, 5):
        heard = [k for k in range(1, 11) if k != 7 or t < 20]
        entries.append(readings(0, t, [(10 * k, t, 330, 0) for k in heard]))
    turns = found(plan, entries)
    assert {(t.rule.code, t.device_id) for t in turns} == {
        ("pressure-silent", 7),
        ("pressure-unreachable", 7),
    }


def reporting(every_s: float, times: int) -> list[Learned]:
    """Return reports and ticks; the cover is declared to report each 10 s."""
    end = int(every_s * times)
    entries = [readings(0, t, [(10, t, 2, 0)]) for t in range(0, end, int(every_s))]
    return entries + [tick(0, t + 0.5) for t in range(end + 2000)]


def test_an_interval_that_is_longer_than_declared_is_learned() -> None:
    plan = compile_plan(source([COVER], "cover-silent"))
    (silent,) = found(plan, reporting(50, 30))
    assert second(silent) == 29 * 50 + 500.5  # ten of its own intervals
    (silent,) = found(plan, reporting(10, 30))
    assert second(silent) == 29 * 10 + 100.5


def test_what_is_learned_widens_no_further_than_the_rule_lets_it() -> None:
    plan = compile_plan(source([COVER], "cover-silent"))
    turns = found(plan, reporting(90, 30))
    assert second(turns[-1]) == 29 * 90 + 600.5


def test_a_few_absences_are_no_habit() -> None:
    plan = compile_plan(source([COVER], "cover-silent"))
    at, reports = 0, []
    for n in range(40):
        reports.append(readings(0, at, [(10, at, 2, 0)]))
        at += 90 if n % 8 == 7 else 10
    entries = [*reports, *(tick(0, t + 0.5) for t in range(at + 300))]
    (silent,) = found(plan, entries)
    assert second(silent) == at - 90 + 100.5


def test_what_was_learned_is_carried_over_to_another_plan() -> None:
    plan = compile_plan(source([COVER], "cover-silent"))
    other = compile_plan(source([VALVE, COVER], "cover-silent", "cover-tilted"))
    entries = numbered(reporting(50, 30))
    folded = fold(plan, plan.fresh_state(), entries[:1450])
    state, _ = carry(plan, read_back(written(folded.state)), other)
    (silent,) = fold(other, state, entries[1450:]).transitions
    assert second(silent) == 29 * 50 + 500.5
