"""What ends a run: each entry that could come to something else beside those before."""

from collections.abc import Sequence

import numpy as np
import pytest

import rules.engine.together
from rules.engine.fold import fold
from rules.engine.held import hold_all
from rules.engine.learned import CommandWord, Learned
from rules.engine.run import put_together
from rules.engine.state import State as EngineState
from rules.engine.together import end_together
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.trial.orders import OrderWord
from rules.trial.orders import said as ordered
from tests.rules.talk import timed
from tests.rules.town import device, positions, readings, source, tick
from vocabulary.command import State, Switch
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality

TAIL = 'reason: {zh: "{value}", en: "{value}"}\nsource: test\n'
DEEP = (
    "code: deep\nname: {zh: 深, en: deep}\nkind: gauge\nquantity: depth_mm\n"
    "condition: {type: threshold, above: 10, severity: minor}\n" + TAIL
)
DARK = (
    "code: dark\nname: {zh: 暗, en: dark}\nkind: lamp\nquantity: power_w\n"
    "condition: {type: threshold, below: 10, severity: minor,"
    " while: {of: upstream, quantity: voltage_v, above: 10}}\nlargest_gap_s: 60\n"
    + TAIL
)
BOTH = (
    "code: both\nname: {zh: 两, en: both}\nkind: gauge\ncondition: {type: expression,"
    " expression: depth_mm > 10 and rain_mm > 1, severity: minor}\n" + TAIL
)
FAST = (
    "code: fast\nname: {zh: 快, en: fast}\nkind: vehicle\n"
    "condition: {type: overspeed, above: 15, margin_kmh: 0, severity: minor}\n" + TAIL
)
ORDERED = (
    "code: ordered\nname: {zh: 令, en: ordered}\nkind: lamp\ncondition: {type: command,"
    " orders: [switch_on], no_effect_after_s: 9, severity: minor}\n" + TAIL
)
DEVICES = [
    device(1, DeviceKind.CABINET, "voltage_v"),
    device(2, DeviceKind.LAMP, "power_w", upstream_id=1),
    device(3, DeviceKind.GAUGE, "depth_mm", "rain_mm"),
    device(4, DeviceKind.VEHICLE),
]
VOLTAGE, POWER, DEPTH, RAIN, CAR = 10, 20, 30, 31, 4
WHEN = 'when: {local: "16:02-16:05"}\n'  # second 0 is 16:00


def plan_of(*texts: str) -> Plan:
    return compile_plan(source(DEVICES, *texts))


def said(seq: int, at_s: float, *rows: tuple[int, float]) -> Learned:
    return readings(seq, at_s, [(series, own_s, 5.0, 0) for series, own_s in rows])


def after(plan: Plan, *entries: Learned) -> EngineState:
    return fold(plan, plan.fresh_state(), entries).state


def taken(plan: Plan, state: EngineState, *entries: Learned) -> int:
    """Return how many of some entries can be judged in one go."""
    lane, at_us = plan.lanes[0], np.array([entry.at_us for entry in entries])
    told = [(entry.content, entry.at_us) for entry in entries]
    _, contents, _ = hold_all(lane, state.held[0], told)
    words = [n for n, entry in enumerate(told) if isinstance(entry[0], CommandWord)]
    (run,) = put_together(contents, np.array(words, np.intp))
    return end_together(state, lane, run, at_us)


def own_times(plan: Plan, series: int, times: Sequence[float]) -> int:
    entries = [said(n, 100 + n, (series, at_s)) for n, at_s in enumerate(times, 1)]
    return taken(plan, plan.fresh_state(), *entries)


def test_a_series_that_goes_on_in_its_order_is_taken_together() -> None:
    assert own_times(plan_of(DEEP), DEPTH, [1, 2, 3, 5]) == 4


@pytest.mark.parametrize("again_s", [3, 2.5, 1])
def test_what_is_no_later_than_before_begins_another_run(again_s: float) -> None:
    assert own_times(plan_of(DEEP), DEPTH, [1, 2, 3, again_s, 9]) == 3


def test_what_nobody_asks_for_or_is_from_the_future_ends_nothing() -> None:
    assert own_times(plan_of(DEEP), RAIN, [3, 2, 1]) == 3
    plan = plan_of(DEEP)
    odd = readings(2, 12, [(DEPTH, 9e6, 5, int(Quality.FUTURE))])
    entries = [said(1, 11, (DEPTH, 10)), odd, said(3, 13, (DEPTH, 12))]
    assert taken(plan, plan.fresh_state(), *entries) == 3


def test_fixes_of_one_vehicle_keep_their_order() -> None:
    plan = plan_of(FAST)
    fixes = [positions(n, 20 + n, [(CAR, s, 0, 9, 0)]) for n, s in enumerate((1, 2, 2))]
    assert taken(plan, plan.fresh_state(), *fixes) == 2


def test_with_enough_readings_a_run_ends_before_a_series_speaks_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules.engine.together, "ENOUGH_ROWS", 2)
    assert own_times(plan_of(DEEP), DEPTH, [1, 2, 3]) == 3  # too few before that
    plan = plan_of(DEEP, DARK)
    entries = [
        said(1, 11, (DEPTH, 10)),
        said(2, 12, (POWER, 11)),
        tick(3, 13),
        said(4, 14, (DEPTH, 13)),
    ]
    assert taken(plan, plan.fresh_state(), *entries) == 3


def test_a_vehicle_that_tells_twice_cuts_no_readings_short(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules.engine.together, "ENOUGH_ROWS", 1)
    plan = plan_of(DEEP, FAST)
    entries = [
        said(1, 11, (DEPTH, 10)),
        positions(2, 12, [(CAR, 11, 0, 9, 0)]),
        positions(3, 13, [(CAR, 12, 0, 9, 0)]),
        tick(4, 14),
    ]
    assert taken(plan, plan.fresh_state(), *entries) == 4


@pytest.mark.parametrize(("rain_s", "together"), [(11, 2), (10, 1), (9, 1)])
def test_series_of_one_slot_keep_one_order(rain_s: float, together: int) -> None:
    plan = plan_of(BOTH)
    entries = said(1, 20, (DEPTH, 10)), said(2, 21, (RAIN, rain_s))
    assert taken(plan, plan.fresh_state(), *entries) == together


def test_what_comes_late_to_such_a_slot_counts_at_its_newest() -> None:
    plan = plan_of(BOTH)
    state = after(plan, said(1, 31, (DEPTH, 30)))
    late = said(2, 32, (RAIN, 10)), said(3, 33, (RAIN, 11))
    assert taken(plan, state, *late) == 1
    assert taken(plan, plan.fresh_state(), *late) == 2


OFF, ON = 5.0, 220.0
TWICE = [
    readings(2, 18, [(VOLTAGE, 7, OFF, 0)]),
    readings(3, 19, [(VOLTAGE, 8, OFF, 0)]),
]


def raised(state: EngineState, *entries: Learned) -> list[int]:
    """Return the entries at which a dark lamp is told of, all taken in one go."""
    plan = plan_of(DARK)
    assert taken(plan, state, *entries) == len(entries)
    return [turn.seq for turn in fold(plan, state, entries).transitions]


def lit_by(voltage: float) -> EngineState:
    return after(plan_of(DARK), readings(1, 5, [(VOLTAGE, 1, voltage, 0)]))


@pytest.mark.parametrize("before", [[], TWICE])
@pytest.mark.parametrize("cabinet_s", [11, 10, 9])
def test_a_side_reading_of_a_later_entry_is_not_looked_at(
    before: Sequence[Learned], cabinet_s: float
) -> None:
    dark, lit = (POWER, 10.0, 5.0, 0), (VOLTAGE, cabinet_s, ON, 0)
    entries = [*before, readings(4, 20, [dark]), readings(5, 21, [lit])]
    assert raised(lit_by(OFF), *entries) == []
    # Until something is judged that has been told of it.
    entries.append(readings(6, 22, [(POWER, 12, 5, 0)]))
    assert raised(lit_by(OFF), *entries) == [6]


def test_nor_is_it_for_lack_of_an_older_one() -> None:
    dark, lit = (POWER, 10.0, 5.0, 0), (VOLTAGE, 11.0, ON, 0)
    apart = readings(2, 20, [dark]), readings(3, 21, [lit])
    assert raised(plan_of(DARK).fresh_state(), *apart) == []
    assert raised(plan_of(DARK).fresh_state(), readings(2, 20, [dark, lit])) == [2]


@pytest.mark.parametrize("before", [[], TWICE])
@pytest.mark.parametrize("lamp_s", [12, 11, 10])
def test_nor_is_one_older_than_what_is_known_by_then(
    before: Sequence[Learned], lamp_s: float
) -> None:
    lit, dark = (VOLTAGE, 11.0, ON, 0), (POWER, lamp_s, 5.0, 0)
    entries = [*before, readings(4, 20, [lit]), readings(5, 21, [dark])]
    assert raised(lit_by(OFF), *entries) == [5]


@pytest.mark.parametrize(("lamp_s", "wanted"), [(10, []), (11, [3]), (13, [])])
def test_of_its_own_entry_a_row_looks_at_the_last_before_it(
    lamp_s: float, wanted: list[int]
) -> None:
    lit, out = (VOLTAGE, 11.0, ON, 0), (VOLTAGE, 12.0, OFF, 0)
    own = readings(3, 21, [out, (POWER, lamp_s, 5, 0), lit])
    assert raised(lit_by(OFF), tick(2, 20), own, tick(4, 22)) == wanted


def test_an_entry_at_which_a_schedule_turns_is_alone() -> None:
    plan = plan_of(timed(DEEP, WHEN))
    state = after(plan, said(1, 5, (DEPTH, 4)))
    ticks = [tick(n, at_s) for n, at_s in enumerate((118, 119, 120, 121), 2)]
    assert taken(plan, state, *ticks) == 2
    assert taken(plan, state, *ticks[2:]) == 1
    ahead = said(3, 100, (DEPTH, 121))
    assert taken(plan, state, said(2, 99, (DEPTH, 98)), ahead) == 1


def test_so_is_the_entry_whose_schedule_begins_with_it() -> None:
    plan = plan_of(timed(DEEP, WHEN))
    state, first = plan.fresh_state(), said(2, 5, (DEPTH, 4))
    assert taken(plan, state, tick(1, 4), first, tick(3, 6)) == 1
    assert taken(plan, state, first, tick(3, 6)) == 1
    plan = plan_of(timed(FAST, WHEN))
    first = positions(1, 5, [(CAR, 4, 0, 9, 0)])
    assert taken(plan, plan.fresh_state(), first, tick(2, 6)) == 1


def test_a_word_on_a_command_is_heard_before_what_is_told_after_it() -> None:
    plan = plan_of(ORDERED)
    on, lamp = Switch(on=True), DEVICES[1]
    sent = ordered(2, 11, lamp, OrderWord(1, on, State.SENT))
    acked = ordered(3, 11, lamp, OrderWord(1, on, State.ACKED))
    told = said(4, 12, (POWER, 11))
    state = plan.fresh_state()
    assert taken(plan, state, sent, acked, told) == 3
    assert taken(plan, state, told, sent, acked) == 1
