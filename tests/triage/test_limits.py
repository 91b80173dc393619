"""The edges of storms and windows: very instant, very order, very device."""

import pytest

from cases.request import Hit, Severity
from rules.triage.desk import Handling
from rules.triage.maintenance import Maintenance
from rules.triage.turn import key_of
from tests.rules.town import SHIPPED, us
from tests.triage.alarms import (
    CABINET,
    COVERS,
    GAUGES,
    LAMPS,
    Night,
    filed,
    joined,
    plan_of,
)

QUIET_S = 300
"""After so long a storm takes no more members; see rules/triage/shipped.yaml."""

SOME, OTHERS = GAUGES[:50], GAUGES[50:]


def storm(plan_texts: tuple[str, ...] = ("ponding",)) -> Night:
    """Return a night whose storm began at second 0."""
    night = Night(plan_of(texts=plan_texts))
    night.entry(0, *(night.turn("ponding", gauge, 0, value=160) for gauge in SOME))
    assert sorted(joined(night.decisions)) == list(SOME)
    return night


@pytest.mark.parametrize(("quiet_s", "joins"), [(QUIET_S - 0.001, 1), (QUIET_S, 0)])
def test_a_storm_takes_members_until_it_has_been_quiet_for_exactly_so_long(
    quiet_s: float, joins: int
) -> None:
    night = storm()
    night.entry(quiet_s)
    new = night.entry(QUIET_S + 0.001, night.turn("ponding", OTHERS[0], QUIET_S))
    assert len(joined(new)) == joins
    assert len(filed(new)) == 1 - joins


def test_a_storm_does_not_take_what_a_window_has_kept_back_since_it_was_filed() -> None:
    first, *rest = SOME
    window = Maintenance(id=1, from_us=us(20), until_us=us(600), device_id=first)
    night = Night(plan_of(texts=("ponding",), windows=(window,)))
    night.entry(0, night.turn("ponding", first, 0, value=160))
    night.entry(10, night.turn("ponding", first, 10, Hit.CLEARED))
    raised = night.turn("ponding", first, 30, value=160)
    night.entry(30, raised)
    found = night.entry(40, *(night.turn("ponding", g, 40, value=160) for g in rest))
    assert sorted(joined(found)) == rest
    held = night.desk.held[key_of(raised)]
    assert (held.handling, held.window_id) == (Handling.MAINTENANCE, 1)


def test_a_member_that_comes_keeps_a_storm_going_for_as_long_again() -> None:
    night = storm()
    night.entry(299, night.turn("ponding", OTHERS[0], 299))
    night.entry(598)
    assert joined(night.entry(598, night.turn("ponding", OTHERS[1], 598))) == [
        OTHERS[1]
    ]


def test_what_comes_after_a_storm_is_filed_alone_while_the_budget_lasts() -> None:
    night = storm()
    night.ticks(1, 900, 10)
    night.decisions.clear()
    night.entry(900, *(night.turn("ponding", gauge, 900) for gauge in OTHERS))
    assert filed(night.decisions) == [("ponding", gauge) for gauge in OTHERS]
    assert joined(night.decisions) == []


def test_the_worst_of_a_storm_are_the_gravest_and_of_those_the_furthest_beyond() -> (
    None
):
    text = (SHIPPED / "ponding.yaml").read_text("utf-8")
    mild = "\n".join(x for x in text.split("\n") if not x.startswith("safety"))
    night = Night(plan_of(texts=[mild]))
    grave = {SOME[30]: Severity.MAJOR, SOME[20]: Severity.CRITICAL}
    values = {SOME[30]: 2.0, SOME[20]: 2.0, SOME[40]: -900.0, SOME[45]: 800.0}
    turns = [
        night.turn(
            "ponding",
            gauge,
            0,
            severity=grave.get(gauge, Severity.MINOR),
            value=values.get(gauge, 160),
        )
        for gauge in SOME
    ]
    night.entry(0, *turns)
    worst = [device_id for _, device_id in filed(night.ticks(1, 100))]
    assert worst == [SOME[20], SOME[30], SOME[40]]


def test_the_worst_are_filed_at_the_very_instant_and_once() -> None:
    night = storm()
    assert filed(night.entry(59.999)) == []
    assert len(filed(night.entry(60))) == 3
    assert filed(night.ticks(61, 300)) == []


@pytest.mark.parametrize(
    ("at_s", "is_kept"), [(9.999999, False), (10, True), (99.999999, True)]
)
def test_a_window_lasts_from_its_first_instant_up_to_its_end(
    at_s: float,
    is_kept: bool,  # noqa: FBT001 parametrized
) -> None:
    window = Maintenance(id=1, from_us=us(10), until_us=us(100), circuit_id=CABINET)
    night = Night(plan_of(windows=[window]))
    night.entry(at_s, night.turn("circuit-off", CABINET, at_s))
    is_maintained = night.handling("circuit-off", CABINET) is Handling.MAINTENANCE
    assert is_maintained is is_kept


def test_what_is_raised_at_the_end_of_a_window_is_outside_it() -> None:
    window = Maintenance(id=1, from_us=us(10), until_us=us(100), circuit_id=CABINET)
    night = Night(plan_of(windows=[window]))
    night.entry(100, night.turn("circuit-off", CABINET, 100))
    assert filed(night.decisions) == [("circuit-off", CABINET)]


def test_a_window_on_a_circuit_is_about_its_lamps_and_one_on_a_device_is_not() -> None:
    lamp = LAMPS[0]
    for window, is_kept in (
        (Maintenance(id=1, from_us=0, until_us=us(900), circuit_id=CABINET), True),
        (Maintenance(id=1, from_us=0, until_us=us(900), device_id=CABINET), False),
        (Maintenance(id=1, from_us=0, until_us=us(900), circuit_id=COVERS[0]), False),
        (Maintenance(id=1, from_us=0, until_us=us(900), circuit_id=lamp), True),
    ):
        night = Night(plan_of(windows=[window]))
        night.entry(10, night.turn("lamp-dark", lamp, 10))
        is_maintained = night.handling("lamp-dark", lamp) is Handling.MAINTENANCE
        assert is_maintained is is_kept, window
