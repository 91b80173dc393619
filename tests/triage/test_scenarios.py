"""Scenarios of triage in journal time: one decision each where others made dozens."""

import pytest

from cases.request import Hit, Severity
from rules.triage.decision import Join, Leave, Note, Settle, Unstable
from rules.triage.desk import Handling
from rules.triage.maintenance import Maintenance
from tests.rules.town import us
from tests.triage.alarms import (
    CABINET,
    COVERS,
    GAUGES,
    LAMPS,
    Night,
    closed,
    filed,
    joined,
    opened,
    plan_of,
    unheard,
    words,
)


def test_s05_a_value_that_bounces_each_minute_is_one_case_marked_unstable() -> None:
    night = Night(plan_of())
    for minute in range(30):
        night.entry(60 * minute, night.turn("circuit-off", CABINET, 60 * minute))
        cleared = night.turn("circuit-off", CABINET, 60 * minute + 30, Hit.CLEARED)
        night.entry(60 * minute + 30, cleared)
    hits = [d for d in words(night.decisions) if d in ("Unstable", "Quiet")]
    assert len(filed(night.decisions)) == 4  # the first opens, three are hits on it
    assert hits == ["Unstable"] + ["Quiet"] * 25
    (unstable,) = [d for d in night.decisions if isinstance(d, Unstable)]
    assert (unstable.raises, unstable.transition.at_us) == (5, us(240))
    quiet = night.ticks(1800, 2700, 10)
    (settled,) = [d for d in quiet if isinstance(d, Settle)]
    assert (settled.hits, settled.transition.kind) == (25, Hit.CLEARED)
    assert settled.transition.at_us == us(1740 + 900)  # after the last raise


@pytest.mark.parametrize(("last_s", "is_unstable"), [(600, False), (599.9, True)])
def test_what_was_raised_as_long_ago_as_the_rule_looks_back_counts_no_more(
    last_s: float,
    is_unstable: bool,  # noqa: FBT001 parametrized
) -> None:
    night = Night(plan_of())
    for second in (0.0, 150.0, 300.0, 450.0, last_s):
        night.entry(second, night.turn("circuit-off", CABINET, second))
        cleared = night.turn("circuit-off", CABINET, second + 5, Hit.CLEARED)
        night.entry(second + 5, cleared)
    assert ("Unstable" in words(night.decisions)) is is_unstable


def test_what_settles_while_it_stands_is_filed_again() -> None:
    night = Night(plan_of())
    for second in range(0, 50, 10):
        night.entry(second, night.turn("circuit-off", CABINET, second))
        if second < 40:
            cleared = night.turn("circuit-off", CABINET, second + 5, Hit.CLEARED)
            night.entry(second + 5, cleared)
    assert night.handling("circuit-off", CABINET) is Handling.UNSTABLE
    (settled,) = [d for d in night.ticks(50, 1000, 10) if isinstance(d, Settle)]
    assert settled.transition.kind is Hit.RAISED
    assert night.handling("circuit-off", CABINET) is Handling.FILED


def test_a_matter_of_safety_is_never_quiet() -> None:
    night = Night(plan_of())
    for second in range(0, 100, 10):
        night.entry(second, night.turn("cover-opened", COVERS[0], second))
        cleared = night.turn("cover-opened", COVERS[0], second + 5, Hit.CLEARED)
        night.entry(second + 5, cleared)
    assert len(filed(night.decisions)) == 10


def test_s09_a_gateway_that_falls_silent_is_one_alarm_with_its_devices_unknown() -> (
    None
):
    night = Night(plan_of())
    for place, cover in enumerate(COVERS):
        night.entry(place / 2, night.turn("cover-silent", cover, place / 2))
    assert opened(night.decisions) == ["group:gateway-silent@gateway:GW-C"]
    assert sorted(joined(night.decisions)) == list(COVERS)
    assert unheard(night.decisions) == 4  # those not yet silent when it was opened
    assert filed(night.ticks(10, 200)) == []
    (bundle,) = night.desk.bundles.values()
    assert (bundle.bad, bundle.unknown) == (0, 20)
    cleared = [night.turn("cover-silent", c, 300, Hit.CLEARED) for c in COVERS]
    assert closed(night.entry(300, *cleared)) == ["group:gateway-silent"]
    assert night.desk.bundles == {}


def test_one_silent_device_is_filed_alone_after_a_while() -> None:
    night = Night(plan_of())
    night.entry(0, night.turn("cover-silent", COVERS[0], 0))
    assert night.handling("cover-silent", COVERS[0]) is Handling.WAITING
    assert filed(night.ticks(1, 30)) == []
    assert filed(night.ticks(30, 32)) == [("cover-silent", COVERS[0])]


def test_what_clears_while_it_waits_is_kept_and_not_filed() -> None:
    night = Night(plan_of())
    night.entry(0, night.turn("cover-silent", COVERS[0], 0))
    decided = night.entry(5, night.turn("cover-silent", COVERS[0], 5, Hit.CLEARED))
    assert words(decided) == [Handling.BRIEF]
    assert night.ticks(6, 100) == []


def test_s10_a_breaker_that_trips_is_one_circuit_case_with_64_members() -> None:
    night = Night(plan_of())
    for place, lamp in enumerate(LAMPS):
        at_s = 5 + place / 4
        night.entry(at_s, night.turn("lamp-dark", lamp, at_s))
    assert opened(night.decisions) == [f"group:circuit-dark@device:{CABINET}"]
    assert sorted(joined(night.decisions)) == list(LAMPS)
    assert filed(night.decisions + night.ticks(30, 600)) == []
    (bundle,) = night.desk.bundles.values()
    assert (bundle.bad, bundle.unknown) == (64, 0)


def test_s10_with_the_breaker_s_own_alarm_first_lamps_join_it() -> None:
    night = Night(plan_of())
    night.entry(0, night.turn("circuit-off", CABINET, 0))
    assert filed(night.decisions) == [("circuit-off", CABINET)]
    assert unheard(night.decisions) == 64
    for place, lamp in enumerate(LAMPS):
        night.entry(1 + place, night.turn("lamp-dark", lamp, 1 + place))
    assert filed(night.decisions) == [("circuit-off", CABINET)]
    assert opened(night.decisions) == []
    assert joined(night.decisions) == list(LAMPS)


def test_s36_an_upstream_alarm_after_its_children_is_the_same_group() -> None:
    night = Night(plan_of())
    for place, lamp in enumerate(LAMPS[:40]):
        night.entry(place / 4, night.turn("lamp-dark", lamp, place / 4))
    decided = night.entry(12, night.turn("circuit-off", CABINET, 12))
    (join,) = [d for d in decided if isinstance(d, Join)]
    assert join.bundle.lead.rule == "group:circuit-dark"
    assert join.alarm.key.rule == "circuit-off"
    assert filed(night.decisions) == []
    assert len(opened(night.decisions)) == 1


def test_s36_waiting_children_join_an_upstream_alarm_that_comes_later() -> None:
    night = Night(plan_of())
    for place, lamp in enumerate(LAMPS[:5]):
        night.entry(place, night.turn("lamp-dark", lamp, place))
    assert filed(night.decisions) == []
    night.entry(12, night.turn("circuit-off", CABINET, 12))
    assert filed(night.decisions) == [("circuit-off", CABINET)]
    assert joined(night.decisions) == list(LAMPS[:5])


def test_s36_children_filed_alone_are_linked_and_not_dispatched_twice() -> None:
    night = Night(plan_of())
    for place, lamp in enumerate(LAMPS[:3]):
        night.entry(place, night.turn("lamp-dark", lamp, place))
    night.ticks(3, 60)
    assert filed(night.decisions) == [("lamp-dark", lamp) for lamp in LAMPS[:3]]
    decided = night.entry(60, night.turn("circuit-off", CABINET, 60))
    links = [d for d in decided if isinstance(d, Join)]
    assert [d.alarm.key.device_id for d in links] == list(LAMPS[:3])
    assert all(d.keeps_own for d in links)
    cleared = night.entry(90, night.turn("lamp-dark", LAMPS[0], 90, Hit.CLEARED))
    (leave,) = [d for d in cleared if isinstance(d, Leave)]
    assert leave.has_own


def test_lamps_dark_for_weeks_neither_count_nor_weigh() -> None:
    night = Night(plan_of())
    for place, lamp in enumerate(LAMPS[:40]):
        night.entry(1000 * place, night.turn("lamp-dark", lamp, 1000 * place))
        night.ticks(1000 * place + 1, 1000 * place + 40, 5)
    assert len(filed(night.decisions)) == 40
    for place, lamp in enumerate(LAMPS[40:51]):
        night.entry(90_000 + place, night.turn("lamp-dark", lamp, 90_000 + place))
    assert opened(night.decisions) == []
    night.entry(90_012, night.turn("lamp-dark", LAMPS[51], 90_012))
    assert opened(night.decisions) == [f"group:circuit-dark@device:{CABINET}"]
    (bundle,) = night.desk.bundles.values()
    assert night.desk.crowds[bundle.key].bad == set(LAMPS[40:52])


def test_s25_a_backlog_of_hours_is_no_storm() -> None:
    night = Night(plan_of())
    for hour in range(13):
        turns = [
            night.turn(
                "ponding", gauge, 50_000, kind, measured_s=3600 * hour + 300 * place
            )
            for place, gauge in enumerate(GAUGES[:8])
            for kind in (Hit.RAISED, Hit.CLEARED)
        ]
        night.entry(50_000 + hour, *turns)
    assert opened(night.decisions) == []


def test_s28_a_cloudburst_is_one_storm_case_and_the_worst_points_alone() -> None:
    night = Night(plan_of())
    for place, gauge in enumerate(GAUGES):
        turn = night.turn("ponding", gauge, place / 2, value=150 + place)
        night.entry(place / 2, turn)
    first = filed(night.decisions)
    assert len(first) == 10
    assert opened(night.decisions) == ["storm:ponding@area:0"]
    assert sorted(joined(night.decisions)) == list(GAUGES)
    worst = filed(night.ticks(31, 100))
    assert worst == [("ponding", gauge) for gauge in GAUGES[:-4:-1]]
    deep = night.turn(
        "ponding", GAUGES[20], 110, Hit.ESCALATED, severity=Severity.MAJOR
    )
    assert filed(night.entry(110, deep)) == [("ponding", GAUGES[20])]
    assert night.desk.bundles
    cleared = [night.turn("ponding", g, 900, Hit.CLEARED) for g in GAUGES]
    assert closed(night.entry(900, *cleared)) == ["storm:ponding"]


def test_s28_what_few_outlast_a_storm_are_filed_alone_and_many_stay_in_its_list() -> (
    None
):
    night = Night(plan_of())
    night.entry(0, *(night.turn("ponding", g, 0, value=160) for g in GAUGES))
    night.ticks(1, 700)
    assert len(filed(night.decisions)) == 10 + 3  # the budget's and the worst
    many, few = GAUGES[:24], GAUGES[:23]
    falling = [night.turn("ponding", g, 700, Hit.CLEARED) for g in GAUGES[24:]]
    night.entry(700, *falling)
    assert len(filed(night.decisions)) == 13, "eleven are more than a minute's budget"
    night.entry(710, night.turn("ponding", many[-1], 710, Hit.CLEARED))
    assert {gauge for _, gauge in filed(night.decisions)} == set(few)
    assert night.desk.bundles
    rest = [night.turn("ponding", g, 900, Hit.CLEARED) for g in few]
    assert closed(night.entry(900, *rest)) == ["storm:ponding"]
    assert night.desk.held == {}


def test_s28_a_storm_that_is_over_soon_files_no_more_of_its_members() -> None:
    night = Night(plan_of())
    night.entry(0, *(night.turn("ponding", g, 0, value=160) for g in GAUGES))
    night.ticks(1, 400)
    falling = [night.turn("ponding", g, 400, Hit.CLEARED) for g in GAUGES[:-4]]
    night.entry(400, *falling)
    assert len(filed(night.decisions)) == 13
    night.ticks(401, 600)
    assert len(filed(night.decisions)) == 13
    assert len(filed(night.ticks(600, 602))) <= 4


def test_lamps_that_stay_dark_when_the_circuit_is_back_are_one_group_again() -> None:
    night = Night(plan_of())
    night.entry(0, night.turn("circuit-off", CABINET, 0))
    night.entry(5, *(night.turn("lamp-dark", lamp, 5) for lamp in LAMPS))
    night.entry(100, night.turn("circuit-off", CABINET, 100, Hit.CLEARED))
    back = LAMPS[:8]
    night.entry(
        110, *(night.turn("lamp-dark", each, 110, Hit.CLEARED) for each in back)
    )
    found = night.ticks(111, 140)
    assert opened(found) == [f"group:circuit-dark@device:{CABINET}"]
    assert sorted(joined(found)) == list(LAMPS[8:])
    assert filed(found) == []


def test_s28_deep_water_is_exempt_from_the_budget() -> None:
    night = Night(plan_of())
    turns = [
        night.turn("ponding", gauge, 0, severity=Severity.CRITICAL) for gauge in GAUGES
    ]
    night.entry(0, *turns)
    assert len(filed(night.decisions)) == len(GAUGES)


def test_a_window_keeps_hits_back_and_files_what_still_stands_when_it_is_over() -> None:
    window = Maintenance(id=7, from_us=us(0), until_us=us(100), circuit_id=CABINET)
    night = Night(plan_of(windows=[window]))
    night.entry(10, night.turn("circuit-off", CABINET, 10))
    night.entry(20, night.turn("lamp-dark", LAMPS[0], 20))
    night.entry(30, night.turn("lamp-dark", LAMPS[0], 30, Hit.CLEARED))
    notes = [d for d in night.decisions if isinstance(d, Note)]
    assert {note.handling for note in notes} == {Handling.MAINTENANCE}
    assert {note.window_id for note in notes} == {7}
    assert filed(night.ticks(31, 100)) == []
    assert filed(night.ticks(100, 102)) == [("circuit-off", CABINET)]


def test_a_window_keeps_matters_of_safety_back_only_if_it_says_so() -> None:
    shut = Maintenance(id=1, from_us=us(0), until_us=us(100), rule="cover-opened")
    night = Night(plan_of(windows=[shut]))
    night.entry(10, night.turn("cover-opened", COVERS[0], 10))
    assert filed(night.decisions) == [("cover-opened", COVERS[0])]
    said = Maintenance(
        id=1, from_us=us(0), until_us=us(100), rule="cover-opened", safety=True
    )
    night = Night(plan_of(windows=[said]))
    night.entry(10, night.turn("cover-opened", COVERS[0], 10))
    assert filed(night.decisions) == []


def test_a_backlog_from_within_a_window_is_kept_back_by_it() -> None:
    window = Maintenance(id=1, from_us=us(0), until_us=us(100), circuit_id=CABINET)
    night = Night(plan_of(windows=[window]))
    raised = night.turn("circuit-off", CABINET, 500, measured_s=50)
    cleared = night.turn("circuit-off", CABINET, 500, Hit.CLEARED, measured_s=60)
    assert filed(night.entry(500, raised, cleared)) == []
    assert words(night.decisions) == [Handling.MAINTENANCE, Handling.MAINTENANCE]
    standing = night.turn("circuit-off", CABINET, 600, measured_s=90)
    assert filed(night.entry(600, standing)) == [("circuit-off", CABINET)]


def test_what_goes_dark_after_the_circuit_is_back_is_no_member_of_it() -> None:
    night = Night(plan_of())
    night.entry(0, night.turn("circuit-off", CABINET, 0))
    for place, lamp in enumerate(LAMPS[:3]):
        night.entry(1 + place, night.turn("lamp-dark", lamp, 1 + place))
    night.entry(100, night.turn("circuit-off", CABINET, 100, Hit.CLEARED))
    assert night.desk.bundles == {}
    cleared = night.entry(110, night.turn("lamp-dark", LAMPS[0], 110, Hit.CLEARED))
    assert words(cleared) == ["File"]  # the circuit's case hears of it
    night.entry(200, night.turn("lamp-dark", LAMPS[9], 200))
    assert filed(night.ticks(201, 230)) == [("lamp-dark", LAMPS[9])]


def test_a_member_that_outlasts_its_group_is_filed_alone_after_its_own_delay() -> None:
    night = Night(plan_of())
    night.entry(0, night.turn("circuit-off", CABINET, 0))
    for place, lamp in enumerate(LAMPS[:3]):
        night.entry(1 + place, night.turn("lamp-dark", lamp, 1 + place))
    night.entry(100, night.turn("circuit-off", CABINET, 100, Hit.CLEARED))
    cleared = night.entry(110, night.turn("lamp-dark", LAMPS[0], 110, Hit.CLEARED))
    assert words(cleared) == ["File"]
    assert filed(night.ticks(111, 119)) == []
    assert filed(night.ticks(120, 200)) == [("lamp-dark", lamp) for lamp in LAMPS[1:3]]
    assert night.handling("lamp-dark", LAMPS[1]) is Handling.FILED


def test_a_member_whose_upstream_is_off_again_in_time_belongs_to_it_again() -> None:
    night = Night(plan_of())
    night.entry(0, night.turn("circuit-off", CABINET, 0))
    night.entry(1, night.turn("lamp-dark", LAMPS[0], 1))
    night.entry(100, night.turn("circuit-off", CABINET, 100, Hit.CLEARED))
    night.entry(110, night.turn("circuit-off", CABINET, 110))
    assert filed(night.ticks(111, 300)) == []
    assert joined(night.decisions) == [LAMPS[0], LAMPS[0]]
    assert night.handling("lamp-dark", LAMPS[0]) is Handling.MEMBER
