"""An order that a device does not answer though it is heard, on any journal."""

import random
from collections.abc import Sequence

import pytest

from cases.request import Hit
from rules.conditions.command import NoAnswer
from rules.engine.carry import carry
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.engine.state import read_back, written
from rules.engine.transition import Transition
from rules.files.rule_file import RuleFileError, parse_rule
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from tests.rules.oracle_answer import Listener
from tests.rules.oracle_command import Raised
from tests.rules.test_command import LAMP, RULE, Word, reports, told
from tests.rules.test_command_streams import LAMPS, OTHER, a_journal
from tests.rules.town import source, tick

AFTER_S, GAP_S = 20, 12
EFFECT = "orders: [switch_on, switch_off, dim]\n  no_effect_after_s: 60"
ANY = RULE.replace(
    EFFECT, "orders: [switch_on, switch_off, dim, programme]\n  no_answer_after_s: 60"
).replace("code: no-effect", "code: no-answer")
SHORT = ANY.replace("after_s: 60", "after_s: 20").replace("gap_s: 30", "gap_s: 12")
SWITCHED = SHORT.replace("switch_off, dim, programme", "interval").replace(
    "code: no-answer", "code: switched"
)
TURNS = {
    "no-answer": frozenset({"switch_on", "switch_off", "dim", "programme"}),
    "switched": frozenset({"switch_on", "interval"}),
}

PLAN = compile_plan(source([LAMP], ANY))
STREAMS = compile_plan(source(LAMPS, SHORT, SWITCHED))
WIDER = compile_plan(source(list(reversed(LAMPS)), OTHER, SHORT, SWITCHED))


def hits(entries: Sequence[Learned]) -> list[tuple[str, float]]:
    found = fold(PLAN, PLAN.fresh_state(), entries).transitions
    return [(t.kind.value, (t.measured_us - tick(0, 0).at_us) / 1e6) for t in found]


def test_an_order_that_is_not_answered_in_time_is_an_alarm_about_it() -> None:
    entries = told([(10, "on", "sent", 7)], reports(200, 0.5))
    (found,) = fold(PLAN, PLAN.fresh_state(), entries).transitions
    assert (found.kind, found.value, found.threshold) == (Hit.RAISED, 70, 60)
    assert found.command == 7
    assert hits(entries) == [("raised", 80)]


def test_that_it_was_put_into_the_queue_is_not_said_to_the_device() -> None:
    assert hits(told([(10, "on", "queued", 1)], reports(300, 0.5))) == []


@pytest.mark.parametrize("answer", ["acked", "refused", "effect_seen"])
def test_an_answer_in_time_is_an_answer_whatever_it_says(answer: str) -> None:
    words: list[Word] = [(10, "on", "sent", 1), (65, "on", answer, 1)]
    assert hits(told(words, reports(300, 0.5))) == []
    late: list[Word] = [(10, "on", "sent", 1), (105, "on", answer, 1)]
    wanted = [("raised", 80), ("cleared", 120)]
    assert hits(told(late, reports(300, 0.5))) == wanted


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_what_need_not_be_answered_any_more_ends_the_clock(end: str) -> None:
    words: list[Word] = [(10, "on", "sent", 1), (65, "on", end, 1)]
    assert hits(told(words, reports(300, 0.5))) == []
    # But not an alarm that stands: nothing has been answered.
    late: list[Word] = [(10, "on", "sent", 1), (105, "on", end, 1)]
    assert hits(told(late, reports(300, 0.5))) == [("raised", 80)]
    late += [(200, "off", "sent", 2), (205, "off", "acked", 2)]
    assert hits(told(late, reports(300, 0.5))) == [("raised", 80), ("cleared", 220)]


def test_time_in_which_it_is_not_heard_does_not_count() -> None:
    words: list[Word] = [(10, "on", "sent", 1)]
    heard = [(0.0, 0.5), (20.0, 0.5), (40.0, 0.5), *reports(4100, 0.5, 4000)]
    assert hits(told(words, heard)) == [("raised", 4040)]
    assert hits(told(words, [(0.0, 0.5), (20.0, 0.5), (4000.0, 0.5)])) == []


def test_orders_one_after_the_other_do_not_start_the_clock_anew() -> None:
    words: list[Word] = [
        (10, "on", "sent", 1),
        (40, "off", "sent", 2),
        (45, "on", "expired", 1),
    ]
    assert hits(told(words, reports(300, 0.5))) == [("raised", 80)]


def test_an_answer_to_an_older_order_leaves_the_newer_one_waiting() -> None:
    words: list[Word] = [
        (10, "on", "sent", 1),
        (40, "off", "sent", 2),
        (45, "on", "acked", 1),
    ]
    assert hits(told(words, reports(300, 0.5))) == [("raised", 80)]


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ("orders: [switch_on]", "exactly one of"),
        (f"{EFFECT}\n  no_answer_after_s: 5", "exactly one of"),
        ("orders: [programme]\n  no_effect_after_s: 5", "readings show only"),
        ("no_answer_after_s: 5", "must be some of"),
    ],
)
def test_a_rule_says_which_half_of_obeying_it_judges(condition: str, what: str) -> None:
    with pytest.raises(RuleFileError, match=what):
        parse_rule(RULE.replace(EFFECT, condition), version=1)
    assert isinstance(parse_rule(ANY, version=1).condition, NoAnswer)


def listeners() -> dict[tuple[str, int], Listener]:
    """Return the plain loops of all slots of `STREAMS`."""
    return {
        (code, lamp.device_id): Listener(
            lamp.device_id, turns, frozenset(lamp.series.values()), AFTER_S, GAP_S
        )
        for code, turns in TURNS.items()
        for lamp in LAMPS
    }


def sorted_out(found: Sequence[Transition]) -> dict[tuple[str, int], list[Raised]]:
    by_slot: dict[tuple[str, int], list[Raised]] = {key: [] for key in listeners()}
    for t in found:
        raised = Raised(t.kind.value, t.seq, t.measured_us, t.value, t.command)
        by_slot.get((t.rule.code, t.device_id), []).append(raised)
    return by_slot


def folded(plan: Plan, entries: Sequence[Learned]) -> list[Transition]:
    return fold(plan, plan.fresh_state(), entries).transitions


@pytest.mark.parametrize("seed", range(60))
def test_the_engine_says_what_a_plain_loop_says(seed: int) -> None:
    entries = a_journal(random.Random(seed))  # noqa: S311 not a secret
    plainly = {key: list(one.fold(entries)) for key, one in listeners().items()}
    assert sorted_out(folded(STREAMS, entries)) == plainly


def test_the_streams_raise_and_clear_often_enough_to_show_anything() -> None:
    journals = [a_journal(random.Random(seed)) for seed in range(60)]  # noqa: S311 not a secret
    kinds = [t.kind.value for j in journals for t in folded(STREAMS, j)]
    assert kinds.count("raised") > 40
    assert kinds.count("cleared") > 30


@pytest.mark.parametrize("seed", range(15))
def test_any_cut_restart_and_change_of_plan_gives_the_same(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 not a secret
    entries = left = a_journal(rng)
    plan, state, found = STREAMS, STREAMS.fresh_state(), list[Transition]()
    while left:
        size = rng.choice([1, 1, 2, 7, 30])
        part = fold(plan, read_back(written(state)), left[:size])
        state, left, found = part.state, left[size:], found + part.transitions
        if rng.random() < 0.3:
            other = WIDER if plan is STREAMS else STREAMS
            state, _ = carry(plan, state, other)
            plan = other
    assert sorted_out(found) == sorted_out(folded(STREAMS, entries))
