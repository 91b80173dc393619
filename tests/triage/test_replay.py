"""Random nights: the same from any checkpoint, nothing lost or left waiting."""

import random
from collections import Counter

import pytest

from cases.request import Hit
from rules.engine.transition import Transition
from rules.triage.decision import Decision, File, Join, Note, Quiet, Unstable
from rules.triage.desk import Handling, desk_from, desk_written
from rules.triage.maintenance import Maintenance
from tests.rules.town import us
from tests.triage.alarms import COVERS, GAUGES, LAMPS, Night, plan_of

SECONDS = 900

WINDOWS = (
    Maintenance(id=1, from_us=us(100), until_us=us(300), circuit_id=1),
    Maintenance(id=2, from_us=us(400), until_us=us(450), rule="gauge-silent"),
)

Story = list[tuple[float, list[tuple[str, int, Hit]]]]


def story(rng: random.Random) -> Story:
    """Return entries of raises and clears, now and then of many at once."""
    standing: set[tuple[str, int]] = set()
    places = [("cabinet-unreachable", 1), ("circuit-off", 1)]
    places += [(r, i) for r in ("lamp-dark", "lamp-silent") for i in LAMPS[:12]]
    places += [(r, i) for r in ("cover-opened", "cover-silent") for i in COVERS[:6]]
    places += [(r, i) for r in ("ponding", "gauge-silent") for i in GAUGES[:15]]
    told: Story = []
    for second in range(SECONDS):
        many = rng.choices([0, 1, 4, 30], [60, 30, 8, 2])[0]
        turns = []
        for place in rng.sample(places, min(many, len(places))):
            kind = Hit.CLEARED if place in standing else Hit.RAISED
            standing ^= {place}
            turns.append((*place, kind))
        told.append((float(second), turns))
    return told


def transitions(
    night: Night, at_s: float, turns: list[tuple[str, int, Hit]]
) -> list[Transition]:
    return [night.turn(rule, i, at_s, kind) for rule, i, kind in turns]


@pytest.mark.parametrize("seed", range(12))
def test_a_night_is_triaged_the_same_from_any_checkpoint(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 not a secret
    told, plan = story(rng), plan_of(windows=WINDOWS)
    whole, cut = Night(plan), Night(plan)
    for at_s, turns in told:
        expected = whole.entry(at_s, *transitions(whole, at_s, turns))
        if rng.random() < 0.2:
            cut.desk = desk_from(desk_written(cut.desk))
        assert cut.entry(at_s, *transitions(cut, at_s, turns)) == expected
    assert whole.desk == cut.desk


@pytest.mark.parametrize("seed", range(12))
def test_every_alarm_is_decided_on_once_and_nothing_waits_for_ever(seed: int) -> None:
    rng = random.Random(100 + seed)  # noqa: S311 not a secret
    night = Night(plan_of(windows=WINDOWS))
    for at_s, turns in story(rng):
        decided = night.entry(at_s, *transitions(night, at_s, turns))
        own = Counter(own_of(decided, night.seq))
        assert own == Counter((r, i) for r, i, kind in turns if kind is Hit.RAISED)
        check_members(night)
    night.ticks(SECONDS, SECONDS + 1200, 5)
    check_members(night)
    handlings = {held.handling for held in night.desk.held.values()}
    assert not handlings & {Handling.WAITING, Handling.MAINTENANCE, Handling.UNSTABLE}
    assert not night.desk.flaps
    assert not night.desk.budgets


def own_of(decided: list[Decision], seq: int) -> list[tuple[str, int]]:
    """Return the alarms raised by an entry, once for each first decision on them."""
    first: dict[tuple[str, int], None] = {}
    for decision in decided:
        if isinstance(decision, File | Note | Join | Unstable | Quiet):
            is_own = decision.alarm.seq == seq
            if is_own and decision.transition.kind is Hit.RAISED:
                first[decision.alarm.key.rule, decision.alarm.key.device_id] = None
    return list(first)


def check_members(night: Night) -> None:
    """Every member stands, and knows what it is a member of, both ways."""
    desk = night.desk
    of = {key: held.bundle for key, held in desk.held.items() if held.bundle}
    assert of == {
        member: bundle.key
        for bundle in desk.bundles.values()
        for member in desk.crowds[bundle.key].standing
    }
    for key, held in desk.held.items():
        if held.handling is Handling.STORM:
            assert key in of
    for bundle in desk.bundles.values():
        assert desk.crowds[bundle.key].standing or bundle.lead in desk.held
        assert bundle.cause is None or bundle.lead in desk.held
    for node, keys in desk.near.items():
        assert keys
        assert len(set(keys)) == len(keys)
        assert all(key in desk.held and key not in of for key in keys), node
