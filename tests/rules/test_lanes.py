"""Within the allowed lateness it makes no difference when, or how often, a row came."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rules.engine.held
from rules.engine.carry import carry
from rules.engine.fold import fold, step
from rules.engine.folded import Folded
from rules.engine.learned import Learned
from rules.engine.state import State, read_back, written
from rules.plan.compile import compile_plan
from tests.rules.test_engine import RULES
from tests.rules.town import device, positions, readings, source, tick
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality

LATE_S = 20
END_S = 60

RATE = """
code: rising
name: {zh: 涨, en: rising}
kind: gauge
quantity: depth_mm
condition: {type: rate, window_s: 8, above: 60, severity: minor}
reason: {zh: "{value}", en: "{value}"}
source: test
"""

LATE = float(LATE_S)
SUBJECTS = [
    device(
        1,
        DeviceKind.CABINET,
        "contactor_on",
        "voltage_v",
        interval_s=4,
        allowed_lateness_s=LATE,
    ),
    device(
        2,
        DeviceKind.LAMP,
        "power_w",
        upstream_id=1,
        interval_s=4,
        allowed_lateness_s=LATE,
    ),
    device(
        3,
        DeviceKind.LAMP,
        "power_w",
        upstream_id=1,
        interval_s=4,
        allowed_lateness_s=LATE,
    ),
    device(4, DeviceKind.GAUGE, "depth_mm", "battery_v", allowed_lateness_s=LATE),
    device(5, DeviceKind.VEHICLE, allowed_lateness_s=LATE),
    device(6, DeviceKind.VEHICLE, speed_limit_kmh=25, allowed_lateness_s=LATE),
]
HELD = [text for text in RULES if "silence" not in text] + [RATE]
PLAN = compile_plan(source(SUBJECTS, *sorted(HELD)))

SERIES = [10, 11, 20, 30, 40, 41]


def test_every_slot_knows_its_lane_however_many_there_are() -> None:
    late = [float(second) for second in range(300)]
    subjects = [
        device(at, DeviceKind.GAUGE, "depth_mm", allowed_lateness_s=late_s)
        for at, late_s in enumerate(late, 1)
    ]
    plan = compile_plan(source(subjects, RATE))
    lanes = [plan.lanes[lane].late_us for lane in plan.slots.lane]
    assert lanes == [1_000_000 * late_s for late_s in late]


@dataclass(frozen=True)
class Row:
    """One thing a device says: of a series, or a fix of a vehicle (id below 10)."""

    of: int
    at_s: float
    value: float


@st.composite
def said(draw: st.DrawFn) -> list[Row]:
    """Draw what the devices say, in spells; each says something every few seconds."""
    rng = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 not a secret
    rows = []
    for of in (*SERIES, 5, 6):
        at_s, mood = rng.random() * 4, 0.0
        while at_s < END_S:
            if rng.random() < 0.3:
                mood = rng.choice([0.0, 8, 10, 12, 17, 20, 25, 30, 35])
            rows.append(Row(of, round(at_s, 3) + 0.0005, mood))
            at_s += rng.choice([1, 2, 3, 4, 9])
    return rows


def journal(rows: Iterable[tuple[float, Row]]) -> list[Learned]:
    """Return one entry a second for what arrived in it, and ticks to the end."""
    entries, seq = [], 0
    arrived: dict[int, list[Row]] = {}
    for at_s, row in rows:
        arrived.setdefault(int(at_s) + 1, []).append(row)
    for second in range(END_S + 2 * LATE_S):
        found = arrived.get(second, [])
        of_series = [(r.of, r.at_s, r.value, 0) for r in found if r.of >= 10]
        of_device = [
            (r.of, r.at_s, r.value - 9, r.value, 0) for r in found if r.of < 10
        ]
        entries += [
            readings(seq := seq + 1, second, of_series),
            positions(seq := seq + 1, second, of_device),
            tick(seq := seq + 1, second),
        ]
    return entries


def told(folded: Folded) -> list[tuple[object, ...]]:
    return [
        (t.rule.code, t.device_id, t.measured_us, t.value, t.kind, t.seq)
        for t in folded.transitions
    ]


def run(rows: Iterable[tuple[float, Row]]) -> Folded:
    return fold(PLAN, PLAN.fresh_state(), journal(rows))


many = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def delayed(
    rows: Sequence[Row], rng: random.Random, copies: Sequence[int]
) -> list[tuple[float, Row]]:
    """Let each row arrive once or more, within the lateness, in any order."""
    found = [
        (row.at_s + rng.random() * (LATE_S - 1), row)
        for row in rows
        for _ in range(rng.choice(copies))
    ]
    rng.shuffle(found)
    return found


@many
@given(said(), st.randoms(use_true_random=False))
def test_any_order_and_doubling_within_the_lateness_decides_the_same(
    rows: list[Row], rng: random.Random
) -> None:
    in_order = run((row.at_s, row) for row in rows)
    shuffled = run(delayed(rows, rng, [1, 1, 1, 2, 3]))
    assert told(shuffled) == told(in_order)
    assert not in_order.late
    assert not shuffled.late


@many
@given(said(), st.randoms(use_true_random=False))
def test_held_rows_decide_what_unheld_ones_in_order_do(
    rows: list[Row], rng: random.Random
) -> None:
    at_once = [replace(s, allowed_lateness_s=0) for s in SUBJECTS]
    plan = compile_plan(source(at_once, *sorted(HELD)))
    entries = journal((row.at_s, row) for row in rows)
    unheld = fold(plan, plan.fresh_state(), entries)
    held = run(delayed(rows, rng, [1]))
    assert sorted(t[:5] for t in told(held)) == sorted(t[:5] for t in told(unheld))


@many
@given(said(), st.randoms(use_true_random=False))
def test_a_restart_after_every_entry_changes_nothing_that_is_held(
    rows: list[Row], rng: random.Random
) -> None:
    entries = journal(delayed(rows, rng, [1, 2]))
    state, found = PLAN.fresh_state(), []
    for entry in entries:
        folded = step(PLAN, read_back(written(state)), entry)
        state = folded.state
        found += told(folded)
    assert found == told(fold(PLAN, PLAN.fresh_state(), entries))


COVERS = [device(1, DeviceKind.COVER, "tilt_deg", allowed_lateness_s=LATE)]
COVER_PLAN = compile_plan(source(COVERS, "cover-opened"))


def test_what_comes_after_the_lateness_is_told_and_changes_nothing() -> None:
    entries = [
        readings(1, 30, [(10, 30, 2, 0)]),
        tick(2, 50),
        readings(3, 51, [(10, 29, 80, 0), (10, 29.5, 80, int(Quality.SENSOR_FAULT))]),
    ]
    folded = fold(COVER_PLAN, COVER_PLAN.fresh_state(), entries)
    assert not folded.transitions
    (late,) = folded.late
    assert (late.rule, late.device_id, late.seq) == ("cover-opened", 1, 3)
    assert late.at_us - late.measured_us == 22_000_000


def test_what_comes_after_the_lateness_but_is_the_newest_is_judged() -> None:
    entries = [readings(1, 30, [(10, 2, 80, 0)])]
    folded = fold(COVER_PLAN, COVER_PLAN.fresh_state(), entries)
    assert [t.value for t in folded.transitions] == [80]
    assert not folded.late


def test_a_row_is_judged_at_the_first_entry_when_nothing_older_can_come() -> None:
    entries = [readings(1, 30, [(10, 30, 80, 0)]), tick(2, 49.9), tick(3, 50)]
    folded = fold(COVER_PLAN, COVER_PLAN.fresh_state(), entries)
    assert [t.seq for t in folded.transitions] == [3]


def test_a_rule_may_refuse_to_wait() -> None:
    text = (source(COVERS, "cover-opened").rules[0].source) + "allowed_lateness_s: 0\n"
    plan = compile_plan(source(COVERS, text))
    folded = fold(plan, plan.fresh_state(), [readings(1, 30, [(10, 30, 80, 0)])])
    assert [t.seq for t in folded.transitions] == [1]


def test_a_row_from_the_future_does_not_wait_for_its_time() -> None:
    rows = [(10, 9e8, 80, int(Quality.FUTURE))]
    folded = fold(COVER_PLAN, COVER_PLAN.fresh_state(), [readings(1, 30, rows)])
    assert waiting(folded.state) == 0


def waiting(state: State) -> int:
    return sum(len(held) for held in state.held)


def test_of_a_flood_the_oldest_rows_come_out_early_and_none_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules.engine.held, "MOST_OF_SERIES", 64)
    monkeypatch.setattr(rules.engine.held, "LEAST_RECENT", 16)
    times = np.arange(0, 10, 0.01)
    entries = [
        readings(seq, at_s, [(10, at_s, 80 if seq % 2 else 2, 0)])
        for seq, at_s in enumerate(times.tolist(), 1)
    ]
    text = source(COVERS, "cover-opened").rules[0].source
    plan = compile_plan(source(COVERS, text.replace("off_delay_s: 10", "")))
    folded = fold(plan, plan.fresh_state(), entries)
    assert folded.early > 0
    assert waiting(folded.state) < 200
    after = fold(plan, folded.state, [tick(2000, 60)])
    n = len(folded.transitions) + len(after.transitions)
    assert n == len(times)  # each row turned the alarm
    assert not folded.late


def test_of_many_rows_that_wait_each_comes_out_at_its_very_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules.engine.held, "LEAST_RECENT", 0)
    entries = [
        readings(1, 30, [(10, 30, 2, 0), (10, 31, 80, 0)]),
        readings(2, 32, [(10, 32, 80, 0)]),
        tick(3, 50.9),
        tick(4, 51),
    ]
    folded = fold(COVER_PLAN, COVER_PLAN.fresh_state(), entries)
    assert [t.seq for t in folded.transitions] == [4]


def test_two_fixes_of_one_instant_decide_the_same_whichever_comes_first() -> None:
    (fast,) = [text for text in RULES if "code: fast" in text]
    slots = [device(5, DeviceKind.VEHICLE, allowed_lateness_s=LATE)]
    plan = compile_plan(source(slots, fast.replace("on_delay_s: 3\n", "")))
    fixes = [(5, 2, 16.0, 40.0, 0), (5, 2, 3.0, 10.0, 0)]
    found = [
        told(
            fold(
                plan,
                plan.fresh_state(),
                [positions(1, 3, [one]), positions(2, 4, [other]), tick(3, 40)],
            )
        )
        for one, other in (fixes, fixes[::-1])
    ]
    assert found[0] == found[1] != []


def test_what_waits_waits_on_when_devices_or_their_lateness_change() -> None:
    state = fold(
        COVER_PLAN, COVER_PLAN.fresh_state(), [readings(1, 30, [(10, 30, 80, 0)])]
    ).state
    for late_s, at_s in ((20.0, 50), (40.0, 70), (0.0, 31)):
        moved = replace(COVERS[0], allowed_lateness_s=late_s)
        new = compile_plan(source([moved, device(2, DeviceKind.COVER)], "cover-opened"))
        carried, _ = carry(COVER_PLAN, state, new)
        folded = fold(new, carried, [tick(2, at_s - 0.5), tick(3, at_s)])
        seqs = [t.seq for t in folded.transitions]
        assert seqs == ([3] if late_s else [2])
        assert waiting(folded.state) == 0
