"""Orders without effect, on any journal: as a plain loop says, however it is cut."""

import random
from collections.abc import Sequence

import pytest

from rules.engine.carry import carry
from rules.engine.fold import fold
from rules.engine.learned import CommandWord, Learned, Wanted
from rules.engine.state import read_back, written
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from tests.rules.oracle_command import Raised, Watcher
from tests.rules.test_command import RULE
from tests.rules.town import device, readings, source, tick, us
from vocabulary.command import State
from vocabulary.device import DeviceKind

AFTER_S, GAP_S = 20, 12
BOTH = RULE.replace("after_s: 60", "after_s: 20").replace("gap_s: 30", "gap_s: 12")
SWITCHED = BOTH.replace(", dim]", "]").replace("code: no-effect", "code: switched")
OTHER = BOTH.replace("code: no-effect", "code: also").replace("s: 20", "s: 35")

LAMPS = [device(i, DeviceKind.LAMP, "power_w", "dimming_pct") for i in (1, 2)]
PLAN = compile_plan(source(LAMPS, BOTH, SWITCHED))
WIDER = compile_plan(
    source(
        [device(9, DeviceKind.LAMP, "power_w"), *reversed(LAMPS)],
        OTHER,
        BOTH,
        SWITCHED,
    )
)

WANTED = {
    "switch_on": Wanted(quantity="power_w", low=2, high=1e9),
    "switch_off": Wanted(quantity="power_w", low=-2, high=2),
    "dim": Wanted(quantity="dimming_pct", low=45, high=55),
}
TURNS = [*WANTED, *WANTED, "programme", "interval"]


def watchers() -> dict[tuple[str, int], Watcher]:
    """Return the plain loops of all slots of `PLAN`."""
    of_rule = {
        "no-effect": (frozenset(WANTED), {0: "power_w", 1: "dimming_pct"}),
        "switched": (frozenset(["switch_on", "switch_off"]), {0: "power_w"}),
    }
    return {
        (code, lamp.device_id): Watcher(
            lamp.device_id,
            turns,
            {10 * lamp.device_id + place: word for place, word in series.items()},
            AFTER_S,
            GAP_S,
        )
        for code, (turns, series) in of_rule.items()
        for lamp in LAMPS
    }


def a_word(rng: random.Random, number: int, turn: str) -> CommandWord:
    """Draw what a command may come to, likely or not."""
    state = rng.choice([State.SENT, State.ACKED, State.ACKED, *State])
    return CommandWord(
        device_id=rng.choice([1, 1, 2]),
        number=number,
        turn=turn,
        state=state,
        wanted=WANTED.get(turn),
        is_read=rng.random() < 0.5,
    )


def a_journal(rng: random.Random) -> list[Learned]:
    """Draw what devices are told and what they say: often the same for a while."""
    entries: list[Learned] = []
    at_s, number, turn, power, level = 0.0, 1, "switch_on", 0.0, 50.0
    for seq in range(1, 300):
        at_s += rng.choice([0, 1, 2, 3, 3, 5, 5, 15])
        if rng.random() < 0.3:
            if rng.random() < 0.5:
                number, turn = (
                    max(number + rng.choice([-1, 1, 1]), 1),
                    rng.choice(TURNS),
                )
            entries.append(Learned(seq, us(at_s), a_word(rng, number, turn)))
            continue
        power = rng.choice([*[power] * 12, 0.0, 98.0])
        level = rng.choice([*[level] * 12, 50.0, 100.0])
        said = [(10, power), (11, level), (20, power), (21, level)]
        rows = [
            (series_id, at_s - rng.choice([0, 0, 0, 4]), value, 0)
            for series_id, value in rng.sample(said, rng.randint(1, 4))
        ]
        entries.append(readings(seq, at_s, rows))
    return entries


def by_plain_loop(entries: Sequence[Learned]) -> dict[tuple[str, int], list[Raised]]:
    return {key: list(loop.fold(entries)) for key, loop in watchers().items()}


def sorted_out(found: Sequence[Transition]) -> dict[tuple[str, int], list[Raised]]:
    """Return transitions by rule and device, those of `PLAN` only."""
    by_slot: dict[tuple[str, int], list[Raised]] = {key: [] for key in watchers()}
    for t in found:
        raised = Raised(t.kind.value, t.seq, t.measured_us, t.value, t.command)
        by_slot.get((t.rule.code, t.device_id), []).append(raised)
    return by_slot


def folded(plan: Plan, entries: Sequence[Learned]) -> list[Transition]:
    return fold(plan, plan.fresh_state(), entries).transitions


@pytest.mark.parametrize("seed", range(60))
def test_the_engine_says_what_a_plain_loop_says(seed: int) -> None:
    entries = a_journal(random.Random(seed))  # noqa: S311 not a secret
    assert sorted_out(folded(PLAN, entries)) == by_plain_loop(entries)


def test_the_streams_raise_and_clear_often_enough_to_show_anything() -> None:
    journals = [a_journal(random.Random(seed)) for seed in range(60)]  # noqa: S311 not a secret
    kinds = [t.kind.value for entries in journals for t in folded(PLAN, entries)]
    assert kinds.count("raised") > 60
    assert kinds.count("cleared") > 30


@pytest.mark.parametrize("seed", range(25))
def test_any_cut_restart_and_change_of_plan_gives_the_same(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 not a secret
    entries, left = a_journal(rng), []
    plan, state = PLAN, PLAN.fresh_state()
    found: list[Transition] = []
    left = list(entries)
    while left:
        size = rng.choice([1, 1, 2, 7, 30])
        part = fold(plan, read_back(written(state)), left[:size])
        state, left, found = part.state, left[size:], found + part.transitions
        if rng.random() < 0.3:
            other = WIDER if plan is PLAN else PLAN
            state, withdrawn = carry(plan, state, other)
            assert all(each.rule == "also" for each in withdrawn)
            plan = other
    assert sorted_out(found) == sorted_out(folded(PLAN, entries))


@pytest.mark.parametrize("seed", range(20))
def test_readings_shuffled_within_their_lateness_give_the_same(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 not a secret
    late = [
        device(i, DeviceKind.LAMP, "power_w", "dimming_pct", allowed_lateness_s=10)
        for i in (1, 2)
    ]
    plan = compile_plan(source(late, BOTH, SWITCHED))
    words = {s: a_word(rng, s, rng.choice(TURNS)) for s in rng.sample(range(300), 20)}
    power = [0.0 if rng.random() < 0.7 else 98.0 for _ in range(30)]
    rows = [(10, at, power[at // 10], 0) for at in range(0, 300, 5)]
    orderly, shuffled = (
        _told(words, rows, [rng.randint(0, most) for _ in rows]) for most in (0, 9)
    )
    found = folded(plan, orderly)
    assert sorted_out(found) == sorted_out(folded(plan, shuffled))


def _told(
    words: dict[int, CommandWord],
    rows: Sequence[tuple[int, int, float, int]],
    delays: Sequence[int],
) -> list[Learned]:
    """Return a journal of two entries a second: words, and what has come by then."""
    entries = []
    for second in range(330):
        word = words.get(second)
        entries.append(Learned(2 * second + 1, us(second), word))
        came = [
            row
            for row, delay in zip(rows, delays, strict=True)
            if row[1] + delay == second
        ]
        seq = 2 * second + 2
        entries.append(readings(seq, second, came) if came else tick(seq, second))
    return entries
