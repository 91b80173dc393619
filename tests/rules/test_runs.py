"""Entries judged together come to exactly what they come to one by one."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import rules.engine.fold
import rules.engine.run
import rules.engine.together
from rules.engine.columns import columns_of
from rules.engine.fold import fold, step
from rules.engine.folded import Folded
from rules.engine.held import rows_of
from rules.engine.learned import Learned
from rules.engine.run import Run
from rules.engine.state import COLUMNS, State
from rules.engine.together import end_together
from rules.measures import MEASURES
from rules.plan.compile import compile_plan
from rules.plan.lane import Lane
from rules.plan.plan import Plan
from tests.rules.talk import Talk, town

TOWNS = [town(has_timed_silence=has_it) for has_it in (False, True)]
PLANS = [compile_plan(one) for one in TOWNS]

Columns: TypeAlias = dict[str, NDArray[np.generic]]

seeds = st.integers(0, 2**32).map(random.Random)
few = settings(max_examples=12, deadline=None)


def columns(state: State) -> dict[str, bytes]:
    """Return every column of a state as octets."""
    found = {name: getattr(state, name) for name in COLUMNS}
    found |= named("schedule", columns_of(state.schedule))
    for measure, memory in zip(MEASURES, state.memories, strict=True):
        found |= named(measure.word, columns_of(memory))
    for lane, held in enumerate(state.held):
        ordered, recent, ordered_fixes, recent_fixes = rows_of(held)
        found |= named(f"{lane} ordered", columns_of(ordered))
        found |= named(f"{lane} recent", columns_of(recent))
        found |= named(f"{lane} ordered fixes", columns_of(ordered_fixes))
        found |= named(f"{lane} recent fixes", columns_of(recent_fixes))
    return {name: column.tobytes() for name, column in found.items()}


def named(record: str, columns: Columns) -> Columns:
    return {f"{record}.{name}": column for name, column in columns.items()}


def one_by_one(plan: Plan, entries: Sequence[Learned]) -> Folded:
    state, transitions, late, early = plan.fresh_state(), [], [], 0
    for entry in entries:
        folded = step(plan, state, entry)
        state = folded.state
        transitions += folded.transitions
        late += folded.late
        early += folded.early
    return Folded(state, transitions, late, early)


def must_agree(found: Folded, wanted: Folded) -> None:
    assert found.transitions == wanted.transitions
    assert found.late == wanted.late
    assert found.early == wanted.early
    assert (found.state.seq, found.state.at_us) == (
        wanted.state.seq,
        wanted.state.at_us,
    )
    of_found, of_wanted = columns(found.state), columns(wanted.state)
    assert [n for n in of_wanted if of_found[n] != of_wanted[n]] == []


@contextmanager
def bounds(rng: random.Random) -> Iterator[None]:
    """Let runs end for other reasons than in a city of thousands."""
    with pytest.MonkeyPatch.context() as patch:
        enough, most = rng.choice([1, 30, 10**9]), rng.choice([40, 300, 50_000])
        patch.setattr(rules.engine.together, "ENOUGH_ROWS", enough)
        patch.setattr(rules.engine.run, "MOST_ROWS", most)
        yield


def talk(rng: random.Random) -> list[Learned]:
    rough = rng.choice([0, 0, 0.005, 0.02, 0.2])
    return Talk(rng, TOWNS[0], rough).journal(rng.randint(5, 150))


@few
@given(seeds)
def test_entries_come_to_the_same_together_and_one_by_one(rng: random.Random) -> None:
    entries, plan = talk(rng), rng.choice(PLANS)
    with bounds(rng):
        must_agree(fold(plan, plan.fresh_state(), entries), one_by_one(plan, entries))


def test_a_neat_town_is_judged_many_entries_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else the property above would say little."""
    taken: list[int] = []

    def counted(state: State, lane: Lane, run: Run, at_us: NDArray[np.int64]) -> int:
        end = end_together(state, lane, run, at_us)
        taken.append(end - run.first)
        return end

    monkeypatch.setattr(rules.engine.fold, "end_together", counted)
    rng = random.Random(7)  # noqa: S311 not a secret
    fold(PLANS[0], PLANS[0].fresh_state(), Talk(rng, TOWNS[0], 0).journal(150))
    assert sum(taken) > 4 * len(taken)
    assert max(taken) > 20
