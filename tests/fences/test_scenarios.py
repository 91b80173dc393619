"""The scenarios of geofences that others' users complained of, through the engine."""

import random

import pytest

from cases.request import Hit
from rules.engine.fold import fold
from rules.plan.compile import compile_plan
from rules.worker.filing_words import request_of
from tests.fences.yard import (
    Fix,
    box,
    drive,
    learned,
    plan_of,
    rule,
    source,
    steady,
    told,
)
from vocabulary.quality import Quality

OWN = "type: geofence, band_m: 50"
NO_ENTRY = "type: geofence, is: inside, fences: kind no_entry, band_m: 15"
NIGHT_S = 10 * 3600
YARD = box(0, 200)
FORBIDDEN = box(0, 200, kind="no_entry")


def parked(east_m: float, *, hdop: float = float("nan"), seed: int = 16) -> list[Fix]:
    """A night of fixes that drift by up to 30 m around one place, slowly."""
    rng, off, fixes = random.Random(seed), 0.0, []  # noqa: S311 not a secret
    for at_s in range(0, NIGHT_S, 30):
        off = max(-30.0, min(30.0, off + rng.uniform(-12, 12)))
        fixes.append(Fix(at_s, east_m + off, hdop=hdop))
    return fixes


def test_s14_a_frozen_fix_is_in_no_fence_and_leaves_none() -> None:
    plan = plan_of(f"{NO_ENTRY}, dwell_s: 20", fences=[FORBIDDEN])
    frozen = [
        Fix(10.0 * n, 100, speed_kmh=40, quality=int(Quality.STUCK)) for n in range(30)
    ]
    assert drive(plan, frozen) == []
    inside = [Fix(10.0 * n, 100) for n in range(4)]
    outside = [
        Fix(40 + 10.0 * n, -500, speed_kmh=40, quality=int(Quality.STUCK))
        for n in range(30)
    ]
    assert told(drive(plan, inside + outside)) == [(Hit.RAISED, 20)]


@pytest.mark.parametrize("east_m", [190, 200, 215])
def test_s16_a_truck_parked_at_the_edge_leaves_its_area_not_once_all_night(
    east_m: float,
) -> None:
    plan = plan_of(OWN, "on_delay_s: 15", own=YARD)
    driven = steady([100, 130, 160])
    night = [Fix(fix.at_s + 30, fix.east_m) for fix in parked(east_m)]
    assert drive(plan, driven + night, ticks=False) == []


def test_s16_a_truck_parked_outside_a_forbidden_area_does_not_enter_it() -> None:
    plan = plan_of(
        "type: geofence, is: inside, fences: all, band_m: 5, band_accuracies: 3",
        fences=[FORBIDDEN],
    )
    assert drive(plan, parked(203, hdop=2.0), ticks=False) == []


def test_s16_a_truck_parked_inside_by_the_edge_has_entered_once() -> None:
    plan = plan_of(f"{NO_ENTRY}", "off_delay_s: 60", fences=[FORBIDDEN])
    driven = steady([300, 250, 150, 120])
    night = [Fix(fix.at_s + 40, fix.east_m) for fix in parked(160)]
    assert [t.kind for t in drive(plan, driven + night, ticks=False)] == [Hit.RAISED]


def test_s17_driving_past_on_the_main_road_is_no_entry() -> None:
    depot = box(0, 200, fence_id=3, kind="depot")
    plan = plan_of(
        "type: geofence, is: inside, fences: kind depot, band_m: 0, dwell_s: 60",
        fences=[depot],
    )
    past = steady([-300, -200, -100, 20, 120, 190, 300, 400])
    assert drive(plan, past) == []
    stays = steady([-100, 20, 60, 60, 60, 60, 60, 60, 60])
    assert told(drive(plan, stays)) == [(Hit.RAISED, 70)]


def test_s18_a_fence_crossed_between_two_fixes_is_told_once() -> None:
    gate = box(95, 105, fence_id=9)
    plan = plan_of("type: crossing, fences: F-9, band_m: 30", fences=[gate])
    across = steady([-300, -100, 100 + 98, 400, 600])
    crossed = drive(plan, across)
    assert told(crossed) == [(Hit.RAISED, 20), (Hit.CLEARED, 30)]
    assert crossed[0].value == pytest.approx(10, abs=0.1)
    beside = [Fix(fix.at_s, fix.east_m, north_m=150) for fix in across]
    assert drive(plan, beside) == []


def test_s18_drift_beside_a_line_does_not_cross_it_and_a_gap_is_no_way() -> None:
    gate = box(95, 105, fence_id=9)
    plan = plan_of("type: crossing, fences: all, band_m: 70", fences=[gate])
    assert drive(plan, parked(100), ticks=False) == []
    assert drive(plan, [Fix(0, 0), Fix(3600, 300), Fix(3610, 310)]) == []


def test_s20_nine_hours_without_a_signal_neither_satisfy_nor_break_a_dwell() -> None:
    plan = plan_of(f"{NO_ENTRY}, dwell_s: 60", fences=[FORBIDDEN])
    before = steady([100, 100, 100, 100])
    after = [Fix(9 * 3600 + 10.0 * n, 100) for n in range(6)]
    assert told(drive(plan, before + after)) == [(Hit.RAISED, 9 * 3600 + 30)]


def test_s22_of_880_fences_one_entered_is_one_alarm_that_names_it() -> None:
    fences = [
        box(300 * n, 300 * n + 200, fence_id=n + 1, kind="no_entry") for n in range(880)
    ]
    plan = plan_of(NO_ENTRY, fences=fences)
    assert len(plan.slots) == 1
    entered = drive(plan, steady([-200, 300 * 400 + 100, 300 * 400 + 110]))
    assert told(entered) == [(Hit.RAISED, 10)]
    fence = entered[0].fence
    assert fence is not None
    assert (fence.zh, fence.en) == ("围栏401", "fence 401")


def test_from_one_fence_straight_into_the_next_is_one_alarm_and_two_dwells() -> None:
    fences = [box(200.0 * n, 200.0 * n + 200, fence_id=n + 1) for n in range(2)]
    way = steady([-100, 100, 100, 300, 300, 300, 500])
    at_once = plan_of(
        "type: geofence, is: inside, fences: all, band_m: 5", fences=fences
    )
    assert told(drive(at_once, way)) == [(Hit.RAISED, 10), (Hit.CLEARED, 60)]
    dwelt = plan_of(
        "type: geofence, is: inside, fences: all, band_m: 5, dwell_s: 20", fences=fences
    )
    found = drive(dwelt, way)
    assert told(found) == [(Hit.RAISED, 50), (Hit.CLEARED, 60)]
    assert found[0].fence is not None
    assert found[0].fence.en == "fence 2"


LIFT, COVER = 3, 4


def test_s38_a_lift_raised_is_bad_outside_a_site_only() -> None:
    site = box(0, 200, kind="site")
    plan = plan_of(
        "type: geofence, is: outside, fences: kind site, band_m: 30, "
        f"inputs: {{bit: {LIFT}, is: on}}",
        "on_delay_s: 10",
        fences=[site],
    )
    up = 1 << LIFT
    at_the_site = [Fix(10.0 * n, 100, inputs=up) for n in range(5)]
    assert drive(plan, at_the_site) == []
    on_the_road = [Fix(10.0 * n, 500) for n in range(3)]
    tips = [Fix(30 + 10.0 * n, 500, inputs=up) for n in range(3)]
    lowered = [Fix(60, 500), Fix(70, 500)]
    assert told(drive(plan, on_the_road + tips + lowered)) == [
        (Hit.RAISED, 40),
        (Hit.CLEARED, 60),
    ]


def test_s38_an_open_cover_is_bad_while_driving_on_the_route() -> None:
    route = box(-10_000, 10_000, kind="route")
    plan = plan_of(
        "type: speed_inside, fences: kind route, above: 5, "
        f"inputs: [{{bit: {COVER}, is: off}}]",
        "on_delay_s: 20",
        fences=[route],
    )
    shut = 1 << COVER
    assert (
        drive(plan, [Fix(10.0 * n, 100 * n, 50, 30, inputs=shut) for n in range(9)])
        == []
    )
    opened = [Fix(10.0 * n, 100 * n, 50, 30) for n in range(9)]
    assert told(drive(plan, opened)) == [(Hit.RAISED, 20)]


def test_s38_leaving_a_corridor_is_being_outside_it() -> None:
    corridor = box(-5000, 5000, south=0, north=60, kind="route")
    plan = plan_of(
        "type: geofence, fences: kind route, band_m: 30",
        "on_delay_s: 20",
        fences=[corridor],
    )
    north = [30, 30, 50, 85, 120, 200, 200, 200, 30]
    fixes = [Fix(10.0 * n, 100.0 * n, metres) for n, metres in enumerate(north)]
    assert told(drive(plan, fixes)) == [(Hit.RAISED, 60), (Hit.CLEARED, 80)]


def test_a_stop_outside_permitted_places_is_told_and_one_inside_is_not() -> None:
    place = box(0, 200, kind="stop_place")
    plan = plan_of(
        "type: stop, fences: kind stop_place, band_m: 20, near_m: 50, stop_s: 120",
        fences=[place],
    )
    drifts = [0, 12, -9, 20, 5, -14, 3, 8, -2, 1, 16, 0, 9, 4]
    assert drive(plan, steady([100 + off for off in drifts])) == []
    arrives = [Fix(10.0 * n, 700 - 100 * n, speed_kmh=36) for n in range(4)]
    stands = [
        Fix(40 + 10.0 * n, 400 + off, speed_kmh=1) for n, off in enumerate(drifts)
    ]
    leaves = [Fix(180, 550, speed_kmh=36)]
    assert told(drive(plan, arrives + stands + leaves)) == [
        (Hit.RAISED, 150),
        (Hit.CLEARED, 180),
    ]


def test_too_fast_within_a_fence_and_not_outside_it() -> None:
    school = box(0, 200, kind="school")
    plan = plan_of(
        "type: speed_inside, fences: kind school, above: 30, deadband: 3",
        fences=[school],
    )
    fixes = [
        Fix(0, -100, speed_kmh=50),
        Fix(10, 50, speed_kmh=29),
        Fix(20, 90, speed_kmh=35),
    ]
    fixes += [Fix(30, 150, speed_kmh=28), Fix(40, 300, speed_kmh=50)]
    found = drive(plan, fixes)
    assert told(found) == [(Hit.RAISED, 20), (Hit.CLEARED, 40)]
    assert found[0].value == 35


def test_a_reason_says_which_fence() -> None:
    files = (
        "files: {type: event, scheme: gbt30428.2-2013, class_code: '0195', "
        "condition: no_entry, title: {zh: 禁入, en: No entry}}"
    )
    plan = plan_of(NO_ENTRY, files, fences=[FORBIDDEN])
    (raised,) = drive(plan, steady([-100, 100]))
    request = request_of(plan, raised, 1)
    assert request is not None
    assert (request.reason_zh, request.reason_en) == ("D-1 围栏1 0", "D-1 fence 1 0")


def test_a_batch_after_an_outage_is_judged_as_if_it_had_come_in_time() -> None:
    plan = plan_of(f"{NO_ENTRY}, dwell_s: 30", fences=[FORBIDDEN])
    fixes = steady([-100, 100, 100, 100, 100, 100, -100, -100, 100, 100, -100])
    at_once = fold(plan, plan.fresh_state(), [learned(1, *fixes)]).transitions
    assert (
        told(at_once)
        == told(drive(plan, fixes))
        == [(Hit.RAISED, 40), (Hit.CLEARED, 60)]
    )


def test_a_thousand_trucks_and_two_rules_share_one_index() -> None:
    fences = [box(300 * n, 300 * n + 200, fence_id=n + 1) for n in range(50)]
    texts = [
        rule("type: geofence, is: inside, fences: all, band_m: 5", code=code)
        for code in ("first", "second")
    ]
    plan = compile_plan(source(texts, fences, trucks=1000))
    assert len(plan.slots) == 2000
    grounds = {id(c.asked.sets.ground) for c in plan.measures if hasattr(c, "asked")}
    sets = [c.asked.sets for c in plan.measures if hasattr(c, "asked")]
    assert max(len(s.only) for s in sets) == 1
    assert len(grounds) <= 2  # of no fences, and of these


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ("type: geofence, band_m: -1", "at least 0"),
        ("type: geofence", "band_m: is missing"),
        ("type: geofence, band_m: 5, dwell_s: 3", "use on_delay_s"),
        ("type: geofence, is: near, band_m: 5", "near"),
        ("type: crossing, band_m: 5, inputs: {bit: 40, is: on}", "below 32"),
        ("type: late, since: '04:00', by: '25:00'", "must match"),
        ("type: late, since: '04:00', by: '04:00'", "same as since"),
        ("type: stop, near_m: 5", "stop_s: is missing"),
    ],
)
def test_what_a_file_may_not_say_is_told(condition: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        plan_of(condition, own=YARD)
