"""The small parts of the engine, one by one."""

import itertools
import math

import numpy as np
import pytest

from cases.request import FilingRequest, Hit, Severity
from rules.engine.fold import fold
from rules.engine.grades import hit
from rules.engine.hold import NEXT, OVER, State, Verdict, advance
from rules.engine.samples import rounds
from rules.engine.state import StateFormatError, read_back, written
from rules.plan.compile import compile_plan
from rules.plan.plan_source import PlanSourceError, source_from
from rules.triage.desk import Desk
from rules.triage.triage import triage_all
from rules.worker.booking import book
from rules.worker.raised import new_alarms
from tests.rules.town import LAT, LON, device, readings, source
from vocabulary.device import DeviceKind

COVERS = [device(i, DeviceKind.COVER, "tilt_deg") for i in (1, 2)]
PLAN = compile_plan(source(COVERS, "cover-opened"))


def next_state(state: State, verdict: Verdict) -> State:
    return State(NEXT[state, verdict])


def test_every_state_and_verdict_has_the_successor_that_the_table_in_words_says() -> (
    None
):
    words = {
        (State.NORMAL, Verdict.TRUE): State.PENDING,
        (State.PENDING, Verdict.FALSE): State.NORMAL,
        (State.ACTIVE, Verdict.FALSE): State.CLEARING,
        (State.CLEARING, Verdict.TRUE): State.ACTIVE,
        (State.PENDING, Verdict.MOOT): State.NORMAL,
        (State.CLEARING, Verdict.MOOT): State.ACTIVE,
        **{(state, Verdict.ENDED): State.NORMAL for state in State},
    }
    for state, verdict in itertools.product(State, Verdict):
        assert next_state(state, verdict) == words.get((state, verdict), state)
    assert [State(s) for s in OVER] == [
        State.NORMAL,
        State.ACTIVE,
        State.ACTIVE,
        State.NORMAL,
    ]


@pytest.mark.parametrize("verdict", [Verdict.TRUE, Verdict.FALSE])
def test_a_delay_of_zero_takes_effect_at_once(verdict: Verdict) -> None:
    before = np.array([[State.ACTIVE if verdict is Verdict.FALSE else State.NORMAL]])
    zero = np.zeros((1, 1), np.int64)
    state, held_us = advance(
        before.astype(np.int8),
        zero,
        np.array([[verdict]], np.int8),
        step_us=zero,
        on_us=zero,
        off_us=zero,
    )
    wanted = State.ACTIVE if verdict is Verdict.TRUE else State.NORMAL
    assert state.tolist() == [[wanted]]
    assert held_us.tolist() == [[0]]


def test_changes_of_level_have_their_names() -> None:
    assert [hit(0, 2), hit(1, 3), hit(3, 1), hit(2, 0)] == [
        Hit.RAISED,
        Hit.ESCALATED,
        Hit.EASED,
        Hit.CLEARED,
    ]


def test_rounds_take_one_sample_of_each_slot_in_its_order() -> None:
    slot = np.array([3, 3, 3, 5, 8, 8])
    found = [[int(row) for row in rows] for rows in rounds(slot)]
    assert found == [[0, 3, 4], [1, 5], [2]]
    assert [len(rows) for rows in rounds(slot[:0])] == [0]


@pytest.mark.parametrize("octets", [b"", b"nonsense", written(PLAN.fresh_state())[:-9]])
def test_what_is_no_state_is_refused(octets: bytes) -> None:
    with pytest.raises(StateFormatError):
        read_back(octets)


def test_what_is_no_plan_is_refused() -> None:
    with pytest.raises(PlanSourceError):
        source_from(b'{"rules": 3}')


def test_a_transition_tells_value_limit_severity_and_place() -> None:
    rows = [(10, 0.0, 31.25, 0)]
    found = fold(PLAN, PLAN.fresh_state(), [readings(7, 1.5, rows)]).transitions
    (only,) = found
    assert (only.value, only.threshold, only.severity) == (31.25, 30, Severity.CRITICAL)
    assert (only.seq, only.at_us - only.measured_us) == (7, 1_500_000)
    assert (only.lon, only.lat) == (LON, LAT)


def test_a_batch_may_raise_and_clear_one_alarm_several_times() -> None:
    rows = [(10, 10.0 * i, 60 if i in (0, 4) else 2, 0) for i in range(7)]
    found = fold(PLAN, PLAN.fresh_state(), [readings(1, 90, rows)]).transitions
    assert [t.kind for t in found] == [Hit.RAISED, Hit.CLEARED, Hit.RAISED, Hit.CLEARED]
    _, decisions = triage_all(PLAN, Desk(), [(1, found[0].at_us)], found)
    alarms = new_alarms(PLAN, decisions)
    assert len(alarms) == 2
    ids = {alarm.moment: 11 + place for place, alarm in enumerate(alarms)}
    booked = book(PLAN, decisions, standing={}, raised=ids)
    filed = [r for r in booked.requests if isinstance(r, FilingRequest)]
    assert [r.alarm_id for r in filed] == [11, 11, 12, 12]
    assert [c.cleared_seq for c in booked.changes] == [1, 1]
    assert filed[1].reason_en == "D-1 has recovered: 2 (limit 30)"


def test_a_change_of_an_alarm_that_does_not_stand_is_a_stray() -> None:
    rows = [(10, 0.0, 60.0, 0), (10, 10.0, 2.0, 0), (10, 20.0, 2.0, 0)]
    found = fold(PLAN, PLAN.fresh_state(), [readings(1, 30, rows)]).transitions
    _, decisions = triage_all(PLAN, Desk(), [(1, found[0].at_us)], found[1:])
    booked = book(PLAN, decisions, standing={}, raised={})
    assert (booked.changes, booked.requests, booked.strays) == ([], [], decisions)


def test_what_is_not_a_number_is_no_sample() -> None:
    rows = [(10, 0.0, math.nan, 0), (10, 1.0, math.inf, 0), (20, 1.0, 50.0, 0)]
    found = fold(PLAN, PLAN.fresh_state(), [readings(1, 2, rows)]).transitions
    assert [t.device_id for t in found] == [2]
