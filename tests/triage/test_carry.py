"""Rules, devices, windows and the triage file may change under alarms that stand."""

from dataclasses import replace

from cases.request import Hit
from rules.engine.carry import slot_keys
from rules.plan.plan import Plan
from rules.triage.carry import carry_desk
from rules.triage.decision import File
from rules.triage.desk import Handling
from rules.triage.maintenance import Maintenance
from rules.triage.turn import AlarmKey
from tests.rules.town import us
from tests.triage.alarms import (
    CABINET,
    LAMPS,
    RULES,
    TRIAGE,
    Night,
    filed,
    joined,
    opened,
    plan_of,
)


def go_on_under(night: Night, plan: Plan) -> list[AlarmKey]:
    """Let a night go on under another plan; return what ended with the old one."""
    judged = (AlarmKey(*key) for key in slot_keys(plan))
    night.desk, ended = carry_desk(night.desk, plan.layout, judged)
    night.plan = plan
    return ended


def dark_circuit() -> Night:
    night = Night(plan_of())
    for place, lamp in enumerate(LAMPS[:40]):
        night.entry(place / 4, night.turn("lamp-dark", lamp, place / 4))
    assert len(night.desk.bundles) == 1
    return night


def test_a_group_goes_on_under_the_same_rules() -> None:
    night = dark_circuit()
    assert go_on_under(night, plan_of()) == []
    night.entry(20, night.turn("lamp-dark", LAMPS[50], 20))
    assert joined(night.decisions)[-1] == LAMPS[50]
    assert len(opened(night.decisions)) == 1


def test_a_group_that_is_no_more_ends_and_its_members_still_tell_their_case() -> None:
    night = dark_circuit()
    without = TRIAGE[: TRIAGE.index("groups:")]
    (ended,) = go_on_under(night, plan_of(triage_text=without))
    assert ended.rule == "group:circuit-dark"
    assert night.desk.bundles == {}
    cleared = night.entry(30, night.turn("lamp-dark", LAMPS[0], 30, Hit.CLEARED))
    assert [type(decision) for decision in cleared] == [File]


def test_a_rule_that_is_no_more_takes_its_group_along() -> None:
    night = dark_circuit()
    texts = [code for code in RULES if code != "lamp-dark"]
    (ended,) = go_on_under(night, plan_of(texts=texts))
    assert ended.rule == "group:circuit-dark"
    assert night.desk.held == {}
    assert night.desk.near == {}


def test_an_upstream_s_alarm_takes_children_after_a_change_of_rules_too() -> None:
    night = Night(plan_of())
    night.entry(0, night.turn("circuit-off", CABINET, 0))
    go_on_under(night, plan_of())
    night.entry(5, night.turn("lamp-dark", LAMPS[0], 5))
    assert joined(night.decisions) == [LAMPS[0]]
    assert filed(night.decisions) == [("circuit-off", CABINET)]


def test_a_window_that_is_ended_early_lets_go_at_the_next_entry() -> None:
    window = Maintenance(id=1, from_us=us(0), until_us=us(9000), circuit_id=CABINET)
    night = Night(plan_of(windows=[window]))
    night.entry(10, night.turn("circuit-off", CABINET, 10))
    assert filed(night.ticks(11, 50)) == []
    go_on_under(night, plan_of(windows=[replace(window, until_us=us(12_000))]))
    assert filed(night.ticks(50, 60)) == []
    go_on_under(night, plan_of())
    assert filed(night.ticks(60, 62)) == [("circuit-off", CABINET)]


def test_what_waits_goes_on_waiting_for_as_long() -> None:
    night = Night(plan_of())
    night.entry(0, night.turn("lamp-dark", LAMPS[0], 0))
    go_on_under(night, plan_of())
    assert filed(night.ticks(1, 20)) == []
    assert night.handling("lamp-dark", LAMPS[0]) is Handling.WAITING
    assert filed(night.ticks(20, 22)) == [("lamp-dark", LAMPS[0])]
