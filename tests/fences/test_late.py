"""S19 and "the truck must be at the depot by 08:00", in local time."""

import pytest

from cases.request import Hit
from rules.plan.plan import Plan
from tests.fences.yard import Fix, box, drive, plan_of, told
from tests.rules.town import START_S

BEIJING_S = 8 * 3600
NEXT_DAY_S = 86_400 - (START_S + BEIJING_S) % 86_400
"""From the tests' second 0 to the next midnight in Beijing."""

DEPOT = box(0, 200, kind="depot")


def clock(hours: int, minutes: int = 0, seconds: int = 0) -> float:
    """The tests' second at which clocks on the wall show this, on the first day."""
    return NEXT_DAY_S + hours * 3600 + minutes * 60 + seconds


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(
        "type: late, fences: kind depot, since: '04:00', by: '08:00'",
        "largest_gap_s: 120",
        fences=[DEPOT],
        interval_s=60,
    )


def minutes(begin: float, end: float, east_m: float) -> list[Fix]:
    return [Fix(at, east_m) for at in range(int(begin), int(end), 60)]


def test_who_is_not_there_by_eight_is_late_until_it_arrives(plan: Plan) -> None:
    fixes = minutes(clock(3), clock(8, 30), 900) + minutes(clock(8, 30), clock(9), 100)
    found = drive(plan, fixes, ticks=False)
    assert told(found) == [(Hit.RAISED, clock(8)), (Hit.CLEARED, clock(8, 30))]
    assert found[0].value == pytest.approx(700, abs=1)


def test_who_was_there_in_the_window_and_left_is_not_late(plan: Plan) -> None:
    fixes = minutes(clock(5), clock(5, 10), 100) + minutes(clock(5, 10), clock(10), 900)
    assert drive(plan, fixes, ticks=False) == []


def test_who_was_there_only_before_the_window_is_late(plan: Plan) -> None:
    fixes = minutes(clock(3), clock(3, 50), 100) + minutes(clock(3, 50), clock(9), 900)
    assert told(drive(plan, fixes, ticks=False)) == [(Hit.RAISED, clock(8))]


def test_s19_who_is_outside_already_when_the_time_comes_is_told_then(
    plan: Plan,
) -> None:
    night = minutes(-NEXT_DAY_S // 2, clock(8, 5), 900)
    assert told(drive(plan, night, ticks=False)) == [(Hit.RAISED, clock(8))]


def test_of_whom_nothing_was_known_at_eight_nobody_can_tell(plan: Plan) -> None:
    garage = minutes(clock(7), clock(7, 30), 900) + minutes(
        clock(8, 30), clock(10), 900
    )
    assert drive(plan, garage, ticks=False) == []
    late_again = minutes(clock(31), clock(32, 10), 900)  # the day after it is known
    assert told(drive(plan, garage + late_again, ticks=False)) == [
        (Hit.RAISED, clock(32))
    ]


TOMORROW_LATE = minutes(clock(26), clock(32, 10), 900)


@pytest.mark.parametrize("begin", [4.02, 7, 7.9])
def test_who_is_first_seen_within_the_window_may_have_been_there_before(
    plan: Plan, begin: float
) -> None:
    today = minutes(clock(0) + begin * 3600, clock(9), 900)
    assert drive(plan, today, ticks=False) == []
    found = drive(plan, today + TOMORROW_LATE, ticks=False)
    assert told(found) == [(Hit.RAISED, clock(32))]


def test_who_is_first_seen_as_the_window_begins_is_late(plan: Plan) -> None:
    found = drive(plan, minutes(clock(4), clock(9), 900), ticks=False)
    assert told(found) == [(Hit.RAISED, clock(8))]


@pytest.mark.parametrize(
    ("gone", "back", "found_m", "is_late"),
    [
        (5.0, 7.0, 1900, False),  # within the window
        (3.0, 5.0, 1900, False),  # over its beginning
        (3.0, 3.9, 1900, True),  # before it
        (5.0, 7.0, 965, True),  # parked with its ignition off
        (5.0, 7.0, 975, False),
        (3.0, 7.0, 900, True),
        (8.1, 8.6, 1900, True),  # after it had to be there
    ],
)
def test_who_is_found_elsewhere_after_a_hole_may_have_been_there_meanwhile(
    plan: Plan, gone: float, back: float, found_m: float, *, is_late: bool
) -> None:
    fixes = minutes(clock(2), clock(0) + gone * 3600, 900)
    fixes += minutes(clock(0) + back * 3600, clock(9), found_m)
    raised = told(drive(plan, fixes, ticks=False))
    assert raised == ([(Hit.RAISED, clock(8))] if is_late else [])


def test_who_is_seen_there_after_a_hole_was_there(plan: Plan) -> None:
    fixes = minutes(clock(2), clock(5), 900) + minutes(clock(7), clock(7, 2), 100)
    fixes += minutes(clock(7, 2), clock(9), 900)
    assert drive(plan, fixes, ticks=False) == []


def test_a_day_late_ends_when_the_next_window_begins(plan: Plan) -> None:
    fixes = minutes(clock(3), clock(8, 10), 900) + minutes(
        clock(23), clock(28, 10), 900
    )
    assert told(drive(plan, fixes, ticks=False)) == [
        (Hit.RAISED, clock(8)),
        (Hit.CLEARED, clock(28)),
    ]


def test_a_fix_that_may_be_off_by_as_much_is_not_late() -> None:
    plan = plan_of(
        "type: late, fences: kind depot, since: '04:00', by: '08:00', "
        "band_accuracies: 3",
        "largest_gap_s: 120",
        fences=[DEPOT],
        interval_s=60,
    )
    near, far = (
        minutes(clock(3), clock(8, 10), 225),
        minutes(clock(8, 10), clock(9), 235),
    )
    assert told(drive(plan, near + far, ticks=False)) == [(Hit.RAISED, clock(8, 10))]


def test_a_window_may_begin_the_evening_before() -> None:
    plan = plan_of(
        "type: late, fences: kind depot, since: '22:00', by: '02:00'",
        "largest_gap_s: 120",
        fences=[DEPOT],
        interval_s=60,
    )
    was_there = minutes(clock(22), clock(22, 10), 100)
    gone = minutes(clock(22, 10), clock(27), 900)
    assert drive(plan, was_there + gone, ticks=False) == []
    absent = minutes(clock(21), clock(27), 900)
    assert told(drive(plan, absent, ticks=False)) == [(Hit.RAISED, clock(26))]


def test_s19_who_is_inside_already_when_the_schedule_starts_is_told_where() -> None:
    """Second 0 is 16:00 in the city; the tests' rules know no other clock."""
    plan = plan_of(
        "type: geofence, is: inside, fences: all, band_m: 5",
        'when: {local: "16:01-16:03", on_close: clear}',
        fences=[box(0, 200, fence_id=4), box(500, 700, fence_id=6)],
    )
    found = drive(plan, [Fix(10.0 * n, 600) for n in range(20)])
    assert told(found) == [(Hit.RAISED, 60), (Hit.CLEARED, 180)]
    assert found[0].fence is not None
    assert found[0].fence.en == "fence 6"
