"""What a device says it has done and has not is an alarm; what is unknown is none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from cases.request import Hit
from rules.engine.fold import fold
from rules.engine.learned import CommandWord, Learned
from rules.engine.state import read_back, written
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.trial.orders import OrderWord
from rules.trial.orders import said as ordered
from tests.rules.town import device, readings, source, tick
from vocabulary.command import AnyOrder, Dim, State, Switch
from vocabulary.device import DeviceKind

RULE = """
code: no-effect
name: {zh: 无, en: none}
kind: lamp
condition:
  type: command
  orders: [switch_on, switch_off, dim]
  no_effect_after_s: 60
  severity: minor
largest_gap_s: 30
reason: {zh: "{value}", en: "{value}"}
source: test
"""

LAMP = device(1, DeviceKind.LAMP, "power_w", "dimming_pct")
PLAN = compile_plan(source([LAMP], RULE))

WISHES: Mapping[str, AnyOrder] = {
    "on": Switch(on=True),
    "off": Switch(on=False),
    "half": Dim(pct=50),
}

Word = tuple[float, str, str, int]
"""Second, which of `WISHES`, state, and number."""


def done(at_s: float, wish: str, number: int = 1) -> list[Word]:
    """Return the words of an order that is said and at once answered."""
    return [(at_s, wish, "sent", number), (at_s, wish, "acked", number)]


def told(
    words: Sequence[Word], power_w: Sequence[tuple[float, float]], level: float = 0
) -> list[Learned]:
    """Return a journal of words on commands and of a lamp's reports."""
    said: list[tuple[float, int, Word | float]] = [(w[0], 0, w) for w in words]
    said += [(at_s, 1, value) for at_s, value in power_w]
    entries = []
    for seq, (at_s, _, what) in enumerate(sorted(said, key=lambda s: s[:2]), 1):
        if isinstance(what, float | int):
            rows = [(10, at_s, float(what), 0), (11, at_s, level, 0)]
            entries.append(readings(seq, at_s, rows))
        else:
            word = OrderWord(what[3], WISHES[what[1]], State(what[2]))
            entries.append(ordered(seq, at_s, LAMP, word))
    return entries


def hits(entries: Sequence[Learned], plan: Plan = PLAN) -> list[tuple[str, float]]:
    """Return what becomes of the alarm: the hit, and its sample's own second."""
    found = fold(plan, plan.fresh_state(), entries).transitions
    return [(t.kind.value, (t.measured_us - tick(0, 0).at_us) / 1e6) for t in found]


def reports(until_s: int, value: float, since_s: int = 0) -> list[tuple[float, float]]:
    return [(s, value) for s in range(since_s, until_s + 1, 20)]


def test_an_order_that_is_acked_and_not_done_is_an_alarm_at_its_time() -> None:
    entries = told(done(10, "on"), reports(200, 0.5))
    found = fold(PLAN, PLAN.fresh_state(), entries).transitions
    assert [(t.kind, t.value, t.threshold) for t in found] == [(Hit.RAISED, 70, 60)]
    assert hits(entries) == [("raised", 80)]


def test_an_order_that_is_obeyed_in_time_is_none() -> None:
    assert hits(told(done(10, "on"), [*reports(60, 0.5), (69, 98.0), (89, 98.0)])) == []


def test_obeyed_too_late_it_clears() -> None:
    entries = told(done(10, "on"), [*reports(100, 0.5), *reports(200, 98, 120)])
    assert hits(entries) == [("raised", 80), ("cleared", 120)]


def test_an_order_without_an_answer_is_no_order_without_effect() -> None:
    assert hits(told([(10, "on", "sent", 1)], reports(300, 0.5))) == []


def test_that_the_queue_has_given_up_is_no_proof_of_anything() -> None:
    words: list[Word] = [*done(10, "on"), (10, "on", "effect_not_seen", 1)]
    assert hits(told(words, reports(300, 0.5))) == [("raised", 80)]
    assert hits(told(words, [(0.0, 0.5), (20.0, 98.0), (40.0, 98.0)])) == []


@pytest.mark.parametrize("end", ["refused", "expired", "cancelled"])
def test_what_need_not_be_done_is_not_missed(end: str) -> None:
    words: list[Word] = [(10, "on", "sent", 1), (15, "on", end, 1)]
    assert hits(told(words, reports(300, 0.5))) == []


def test_a_late_answer_starts_the_clock() -> None:
    words: list[Word] = [
        (0, "on", "sent", 1),
        (50, "on", "expired", 1),
        (90, "on", "acked", 1),
    ]
    assert hits(told(words, reports(300, 0.5))) == [("raised", 160)]


def test_nothing_heard_is_unknown_for_good() -> None:
    silent = [(0.0, 0.5), (20.0, 0.5), *reports(4000, 0.5, 3600)]
    assert hits(told(done(10, "on"), silent)) == []


def test_a_later_order_overtakes_the_one_before() -> None:
    words = [*done(10, "on", 1), *done(50, "off", 2)]
    assert hits(told(words, reports(300, 0.5))) == []


def test_an_answer_to_what_is_overtaken_counts_for_nothing() -> None:
    words: list[Word] = [
        (10, "on", "sent", 1),
        *done(20, "off", 2),
        (30, "on", "acked", 1),
    ]
    assert hits(told(words, reports(300, 0.5))) == []


def test_the_same_order_again_neither_waits_anew_nor_alarms_twice() -> None:
    words = [w for n in range(1, 9) for w in done(10 + 40 * (n - 1), "on", n)]
    assert hits(told(words, reports(400, 0.5))) == [("raised", 80)]


def test_to_be_told_what_is_so_already_mends_nothing() -> None:
    words = [*done(10, "on", 1), *done(130, "off", 2), *done(170, "on", 3)]
    assert hits(told(words, reports(400, 0.5))) == [("raised", 80)]


def test_another_order_that_is_seen_to_be_done_clears() -> None:
    words = [*done(10, "off", 1), *done(150, "half", 2)]
    entries = told(words, reports(140, 98), level=100)
    more = told([], reports(400, 98, 160), level=50)
    after = len(entries)
    entries += [Learned(after + e.seq, e.at_us, e.content) for e in more]
    assert hits(entries) == [("raised", 80), ("cleared", 160)]


def test_what_it_did_and_undid_again_is_done() -> None:
    power = [*reports(40, 0.5), (60.0, 98.0), *reports(300, 0.5, 80)]
    assert hits(told(done(10, "on"), power)) == []


def test_a_reading_of_before_the_answer_proves_nothing() -> None:
    entries = told(done(10, "on"), [(0.0, 0.5)])
    n = len(entries)
    entries.append(readings(n + 1, 11, [(10, 8.0, 98.0, 0)]))
    entries += [
        readings(n + 2 + place, at_s, [(10, at_s, 0.5, 0)])
        for place, (at_s, _) in enumerate(reports(100, 0.5, 20))
    ]
    assert hits(entries) == [("raised", 80)]


def with_seen(entries: Sequence[Learned], at_s: float) -> list[Learned]:
    """Return entries in which the word of one second is that a reading showed it."""
    return [
        replace(entry, content=replace(entry.content, is_read=True))
        if isinstance(entry.content, CommandWord) and entry.at_us == tick(0, at_s).at_us
        else entry
        for entry in entries
    ]


def test_an_effect_that_is_seen_because_it_was_so_already_mends_nothing() -> None:
    words = [*done(10, "on", 1), *done(130, "off", 2), (135, "off", "effect_seen", 2)]
    entries = told(words, reports(300, 0.5))
    assert hits(with_seen(entries, 135)) == [("raised", 80)]


def test_what_the_queue_saw_done_is_done() -> None:
    words: list[Word] = [*done(10, "on", 1), (15, "on", "effect_seen", 1)]
    entries = told(words, reports(300, 0.5))
    assert hits(entries) == [("raised", 80)]  # read back from its own registers only
    assert hits(with_seen(entries, 15)) == []


def restarted(entries: Sequence[Learned]) -> list[Transition]:
    """Fold entries one by one, with a restart before each."""
    state, found = PLAN.fresh_state(), list[Transition]()
    for entry in entries:
        folded = fold(PLAN, read_back(written(state)), [entry])
        state, found = folded.state, found + folded.transitions
    return found


def test_a_restart_between_any_two_entries_changes_nothing() -> None:
    words = [*done(10, "on", 1), *done(130, "off", 2), *done(170, "on", 3)]
    entries = told(words, [*reports(300, 0.5), *reports(400, 98, 320)])
    found = restarted(entries)
    assert found == fold(PLAN, PLAN.fresh_state(), entries).transitions
    assert [t.kind for t in found] == [Hit.RAISED, Hit.CLEARED]
