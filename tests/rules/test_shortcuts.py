"""Each shortcut of the engine comes to what the plain way comes to."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.hold import Verdict
from rules.engine.judge import NO_RULING, Turns, judge, judge_once
from rules.engine.samples import Samples, in_order, rounds
from rules.engine.state import State, written
from rules.plan.compile import compile_plan
from rules.plan.fan import Fan, index_by_id, look_up
from tests.rules.test_engine import RULES, SOURCE
from tests.rules.town import device, source
from vocabulary.device import DeviceKind
from vocabulary.reading import Readings

GAUGES = [device(i, DeviceKind.GAUGE, "depth_mm") for i in range(1, 6)]
LADDERS = compile_plan(source(GAUGES, RULES[0]))
"""Three grades each, with delays both ways and a deadband."""

PLAN = compile_plan(SOURCE)

many = settings(max_examples=150, deadline=None)
drawn = st.integers(0, 2**32).map(np.random.default_rng)


def samples_of(rng: np.random.Generator, since_us: int) -> Samples:
    """Draw samples of the ladders, most of them far below any limit."""
    n = int(rng.integers(0, 30))
    slot = np.sort(rng.integers(0, len(LADDERS.slots), n)).astype(np.intp)
    at_us = since_us + np.sort(rng.integers(0, 8_000_000, n))
    value = rng.choice([0.0, 1, 6, 9, 10, 17, 20, 26, 30], n)
    return Samples(slot, np.arange(n), at_us, value, np.zeros(n, np.int32))


def ruling_of(rng: np.random.Generator, n: int) -> np.ndarray:
    rulings = [NO_RULING, NO_RULING, NO_RULING, *Verdict]
    return rng.choice(rulings, n).astype(np.int8)


def told(turns: list[Turns]) -> set[tuple[int, ...]]:
    return {
        row
        for many in turns
        for row in zip(
            many.samples.slot.tolist(),
            many.samples.at_us.tolist(),
            many.before.tolist(),
            many.after.tolist(),
            strict=True,
        )
    }


@many
@given(drawn)
def test_passing_over_calm_slots_changes_neither_turns_nor_state(
    rng: np.random.Generator,
) -> None:
    quick, plain = LADDERS.fresh_state(), LADDERS.fresh_state()
    for part in range(6):
        samples = samples_of(rng, part * 8_000_000)
        ruling = ruling_of(rng, len(samples))
        found = judge(LADDERS.slots, quick, samples, ruling)
        wanted = judged_one_by_one(plain, samples, ruling)
        assert told(found) == told(wanted)
        assert written(quick) == written(plain)


def judged_one_by_one(
    state: State, samples: Samples, ruling: np.ndarray
) -> list[Turns]:
    return [
        judge_once(LADDERS.slots, state, samples.take(rows), ruling[rows])
        for rows in rounds(samples.slot)
    ]


@many
@given(drawn, st.sampled_from([1, 5, 60, 1 << 40, 1 << 62]))
def test_one_sort_of_packed_numbers_orders_as_a_sort_by_columns(
    rng: np.random.Generator, longest_us: int
) -> None:
    n = int(rng.integers(0, 40))
    place = rng.integers(0, 1 << int(rng.integers(1, 20)), n).astype(np.intp)
    at_us = rng.integers(-longest_us, longest_us, n)
    second = rng.random(n) < 0.5
    wanted = np.lexsort((second, at_us, place))
    assert in_order(place, at_us, second).tolist() == wanted.tolist()
    assert in_order(place, at_us).tolist() == np.lexsort((at_us, place)).tolist()


@many
@given(drawn)
def test_rounds_hold_each_slot_once_and_all_rows_in_order(
    rng: np.random.Generator,
) -> None:
    slot = np.sort(rng.integers(0, 6, int(rng.integers(0, 50)))).astype(np.intp)
    seen: dict[int, list[int]] = {}
    for rows in rounds(slot):
        assert len(set(slot[rows].tolist())) == len(rows)
        for row in rows.tolist():
            seen.setdefault(int(slot[row]), []).append(row)
    for place, rows_in_turn in seen.items():
        assert rows_in_turn == np.flatnonzero(slot == place).tolist()
    assert sum(map(len, seen.values())) == len(slot)


@many
@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12),
    st.lists(st.integers(-3, 14), max_size=12),
    st.sampled_from([np.int32, np.int64]),
)
def test_a_fan_leads_from_each_id_to_its_targets_and_from_others_nowhere(
    pairs: list[tuple[int, int]], asked: list[int], scalar: type[np.signedinteger]
) -> None:
    fan = Fan.of([one for one, _ in pairs], [target for _, target in pairs])
    ids = np.array(asked, scalar)
    target, row = fan.spread(ids)
    wanted = [
        (target, row)
        for row, one in enumerate(asked)
        for target in sorted(t for i, t in pairs if i == one)
    ]
    assert list(zip(target.tolist(), row.tolist(), strict=True)) == wanted
    known = {one for one, _ in pairs}
    assert fan.leads(ids).tolist() == [one in known for one in asked]
    index = index_by_id(sorted(known))
    places = [sorted(known).index(one) if one in known else -1 for one in asked]
    assert look_up(index, ids).tolist() == places


def test_readings_that_no_rule_looks_at_go_no_further() -> None:
    # 41 is a battery that no rule names; 10, 11 and 20 are judged or stand beside.
    ids = np.array([10, 41, 999, 20, -7, 11, 0], np.int32)
    n = len(ids)
    content = Readings(
        ids, np.arange(n), np.zeros(n), np.zeros(n, np.int32), np.zeros(n, np.int64)
    )
    asked = PLAN.asked(content)
    assert isinstance(asked, Readings)
    assert asked.series_id.tolist() == [10, 20, 11]
    assert asked.measured_us.tolist() == [0, 3, 5]
    assert PLAN.asked(content.take(np.array([1, 2, 4]))) is None
