"""Which samples may still be judged, to the microsecond, and how long is silent."""

from collections.abc import Iterable

import pytest

from cases.request import Hit
from rules.engine.fold import fold
from rules.engine.folded import Folded
from rules.engine.learned import Learned
from rules.plan.compile import compile_plan
from rules.plan.subject import Subject
from tests.rules.town import device, positions, readings, source, tick, us
from vocabulary.device import DeviceKind

TILT, WATER = 10, 11


def rule(condition: str, *more: str) -> str:
    return "\n".join(
        [
            "code: test",
            "name: {zh: 试验, en: test}",
            "kind: cover",
            f"condition: {{{condition}, severity: minor}}",
            *more,
            'reason: {zh: "{value}", en: "{value}"}',
            "source: test",
            "",
        ]
    )


BOTH = rule("type: expression, expression: tilt_deg > 30 and water_under_cover > 0.5")
TILTED = rule("type: threshold, above: 15", "quantity: tilt_deg")


def cover(*, late_s: float = 0, interval_s: float = 10) -> Subject:
    return device(
        1,
        DeviceKind.COVER,
        "tilt_deg",
        "water_under_cover",
        interval_s=interval_s,
        allowed_lateness_s=late_s,
    )


def run(entries: Iterable[Learned], text: str, it: Subject) -> Folded:
    plan = compile_plan(source([it], text))
    return fold(plan, plan.fresh_state(), entries)


@pytest.mark.parametrize("wet_s", [5, 10, 11])
def test_what_one_of_several_series_says_late_counts_beside_the_others(
    wet_s: int,
) -> None:
    entries = [readings(1, 10, [(TILT, 10, 40, 0)])]
    entries += [readings(2, 12, [(WATER, wet_s, 1, 0)])]
    folded = run(entries, BOTH, cover())
    assert not folded.late
    (raised,) = folded.transitions
    assert raised.measured_us == us(max(wet_s, 10))


@pytest.mark.parametrize(("after_us", "is_late"), [(-1, True), (0, True), (1, False)])
def test_where_samples_wait_none_of_the_time_of_one_that_was_judged_follow(
    after_us: int,
    is_late: bool,  # noqa: FBT001 parametrized
) -> None:
    entries = [
        readings(1, 1, [(TILT, 0, 2, 0)]),
        tick(2, 61),
        readings(3, 62, [(TILT, after_us / 1e6, 40, 0)]),
        tick(4, 200),
    ]
    plan = compile_plan(source([cover(late_s=60)], TILTED))
    first = fold(plan, plan.fresh_state(), entries[:2])
    assert not first.late
    folded = fold(plan, first.state, entries[2:])
    assert [late.measured_us for late in folded.late] == [us(0) + after_us] * is_late
    assert len(folded.transitions) == (not is_late)


def last_raised_s(every_s: int, declared_s: float = 1) -> float:
    """Return how long it was not heard, after 20 reports, until it was called silent.

    Two missed reports are what was declared, and at most three times that is learned.
    """
    text = rule("type: silence, missed_reports: 2, learn: 3")
    last_s, entries = 20 * every_s, list[Learned]()
    for second in range(last_s + 40):
        is_heard = second <= last_s and second % every_s == 0
        rows = [(TILT, second, 2.0, 0)] if is_heard else []
        seq = second + 1
        entries.append(readings(seq, second, rows) if rows else tick(seq, second))
    turns = run(entries, text, cover(interval_s=declared_s)).transitions
    raised = [turn.at_us for turn in turns if turn.kind is Hit.RAISED]
    return (raised[-1] - us(last_s)) / 1e6


@pytest.mark.parametrize(
    ("every_s", "silent_s"), [(2, 4), (3, 6), (4, 6), (5, 6), (15, 6)]
)
def test_what_a_device_is_used_to_counts_up_to_so_many_times_what_was_declared(
    every_s: int, silent_s: int
) -> None:
    assert last_raised_s(every_s) == silent_s


def test_who_reports_more_often_than_declared_has_as_long_as_declared() -> None:
    assert last_raised_s(2, declared_s=10) == 20


BAN = """
code: ban
name: {zh: 禁, en: ban}
kind: vehicle
condition:
  {type: geofence, is: inside, fences: own, band_m: 15, dwell_s: 12, severity: minor}
when: {local: "16:00-16:10", on_close: clear}
reason: {zh: "{value}", en: "{value}"}
source: test
"""


@pytest.mark.parametrize(("behind_s", "raised_s"), [(0, 10), (2, 30)])
def test_a_fix_from_before_a_turn_that_is_taken_has_not_been_in_a_fence(
    behind_s: float, raised_s: float
) -> None:
    vehicle = device(5, DeviceKind.VEHICLE, interval_s=5)
    entries = [
        positions(1, -40, [(5, -40, 200, 0, 0)]),  # too long ago to be judged at 0
        tick(2, behind_s - 2),
        positions(3, behind_s - 1, [(5, -5, -500, 0, 0)]),
        positions(4, 10, [(5, 10, -500, 0, 0)]),
        positions(5, 20, [(5, 20, -500, 0, 0)]),
        positions(6, 30, [(5, 30, -500, 0, 0)]),
    ]
    plan = compile_plan(source([vehicle], BAN))
    (raised,) = fold(plan, plan.fresh_state(), entries).transitions
    assert raised.measured_us == us(raised_s)


def test_a_sample_from_before_a_closing_that_is_taken_raises_nothing() -> None:
    """Also if nothing was judged at the closing, as nothing was known then."""
    wet = "while: {of: self, quantity: water_under_cover, above: 0.5}"
    when = 'when: {local: "16:00-16:01", on_close: clear}'
    text = rule(f"type: stuck, above: 4, {wet}", "quantity: tilt_deg", when)
    said = [
        (10, [(WATER, 10.0, 0.0, 0), (TILT, 10.0, 20.0, 0)]),  # moot: has no number
        (61, []),
        (62, [(WATER, 50.0, 1.0, 0), (TILT, 50.0, 20.0, 0), (TILT, 55.0, 20.0, 0)]),
    ]
    entries = [
        readings(seq, at_s, rows) if rows else tick(seq, at_s)
        for seq, (at_s, rows) in enumerate(said, 1)
    ]
    plan = compile_plan(source([cover()], text))
    folded = fold(plan, plan.fresh_state(), entries)
    assert not folded.transitions
    assert [late.measured_us for late in folded.late] == [us(50), us(55)]
    one_by_one = fold(plan, plan.fresh_state(), [entries[0], entries[2]])
    assert [turn.kind for turn in one_by_one.transitions] == [Hit.RAISED, Hit.CLEARED]


WHILE = "while: {of: self, quantity: water_under_cover, above: 0.5}"
WET_AND_TILTED = rule(
    f"type: threshold, above: 15, {WHILE}", "quantity: tilt_deg", "largest_gap_s: 20"
)


@pytest.mark.parametrize(
    ("wet_s", "is_known"),
    [(0, True), (-0.000001, False), (40, True), (40.000001, False)],
)
@pytest.mark.parametrize("is_told_apart", [True, False])
def test_a_side_reading_counts_as_far_away_as_the_largest_gap_and_no_further(
    wet_s: float,
    is_known: bool,  # noqa: FBT001 parametrized
    is_told_apart: bool,  # noqa: FBT001 parametrized
) -> None:
    wet, tilted = (WATER, wet_s, 1.0, 0), (TILT, 20.0, 40.0, 0)
    if is_told_apart:
        entries = [readings(1, 41, [wet]), readings(2, 42, [tilted])]
    else:
        entries = [readings(1, 41, [wet, tilted])]
    assert len(run(entries, WET_AND_TILTED, cover()).transitions) == is_known


@pytest.mark.parametrize("side", [0.5, 0.49])
def test_a_side_reading_at_its_limit_lets_be_judged(side: float) -> None:
    wet = "while: {of: self, quantity: water_under_cover, above: 0.5}"
    text = rule(f"type: threshold, above: 15, {wet}", "quantity: tilt_deg")
    plan = compile_plan(source([cover()], text))
    entry = readings(1, 0, [(TILT, 0, 20, 0), (WATER, 0, side, 0)])
    found = fold(plan, plan.fresh_state(), [entry]).transitions
    assert len(found) == (side >= 0.5)
