"""Fold and triage that cannot be stopped by what breaks them. Pure.

What breaks at one entry is left out of that entry alone: one that no fold takes only
tells the time, and alarms that triage cannot place are filed one by one. The worker
and its replay after a restart both go this way, so they come to the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rules.engine.fold import fold
from rules.engine.folded import Folded
from rules.engine.learned import Learned
from rules.engine.state import State
from rules.engine.transition import Transition
from rules.plan.plan import Plan
from rules.triage.decision import Decision, File, Note
from rules.triage.desk import Desk, Handling
from rules.triage.triage import triage_all
from rules.triage.turn import turn_of
from store.rules.faults import FaultKind

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What broke at an entry.

    Attributes:
        what: Which kind of thing was left out.
        reason: Why.
        seq: The entry.
        at_us: Its time.
        is_fold: Whether the entry can be read and the fold broke on it.
    """

    what: FaultKind
    reason: str
    seq: int
    at_us: int
    is_fold: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What comes of some entries.

    Attributes:
        folded: What the engine says; its late samples and its state.
        desk: What triage remembers after the last of them.
        decisions: What triage decided.
        wrongs: What was left out.
    """

    folded: Folded
    desk: Desk
    decisions: list[Decision]
    wrongs: list[Wrong] = field(default_factory=list)


def judge_all(
    plan: Plan, state: State, desk: Desk, entries: Sequence[Learned]
) -> Judged:
    """Fold and triage some entries, whatever breaks.

    Args:
        plan: What to judge by.
        state: Folded under this plan; not changed.
        desk: After the same entry as the state.
        entries: In journal order, at least one.
    """
    unread = [
        Wrong(what=FaultKind.ENTRY, reason=e.wrong, seq=e.seq, at_us=e.at_us)
        for e in entries
        if e.wrong
    ]
    try:
        judged = _judge(plan, state, desk, entries)
    except Exception as error:  # noqa: BLE001 rules are data: what breaks must not stop others
        if len(entries) > 1:
            return _one_by_one(plan, state, desk, entries)
        judged = _judge_broken(plan, state, desk, entries[0], error)
    return replace(judged, wrongs=unread + judged.wrongs)


def blamed(
    parts: Sequence[Part], fails: Callable[[Sequence[Part]], bool]
) -> list[Part]:
    """Return the parts that fail alone; none if most do, for it is not them then."""
    found = _failing(parts, fails)
    return found if len(found) <= max(1, len(parts) // 2) else []


def _failing(
    parts: Sequence[Part], fails: Callable[[Sequence[Part]], bool]
) -> list[Part]:
    if not parts or not fails(parts):
        return []
    if len(parts) == 1:
        return list(parts)
    half = len(parts) // 2
    return _failing(parts[:half], fails) + _failing(parts[half:], fails)


def both(
    one: NDArray[np.int64] | None, other: NDArray[np.int64] | None
) -> NDArray[np.int64] | None:
    """Return the sum of two counts under one plan; None counts nothing."""
    if one is None or other is None:
        return other if one is None else one
    return one + other


def in_words(error: Exception) -> str:
    """Return what an error says, with its kind."""
    return f"{type(error).__name__}: {error}"


def _judge(plan: Plan, state: State, desk: Desk, entries: Sequence[Learned]) -> Judged:
    folded = fold(plan, state, entries)
    times = [(entry.seq, entry.at_us) for entry in entries]
    desk, decisions = triage_all(plan, desk, times, folded.transitions)
    return Judged(folded, desk, decisions)


def _one_by_one(
    plan: Plan, state: State, desk: Desk, entries: Sequence[Learned]
) -> Judged:
    whole = Judged(Folded(state, [], []), desk, [])
    for entry in entries:
        part = judge_all(plan, whole.folded.state, whole.desk, [entry])
        before, now = whole.folded, part.folded
        whole = Judged(
            Folded(
                now.state,
                before.transitions + now.transitions,
                before.late + now.late,
                before.early + now.early,
                both(before.counts, now.counts),
            ),
            part.desk,
            whole.decisions + part.decisions,
            whole.wrongs + part.wrongs,
        )
    return whole


def _judge_broken(
    plan: Plan, state: State, desk: Desk, entry: Learned, error: Exception
) -> Judged:
    """Judge an entry that breaks the fold or triage."""
    wrongs: list[Wrong] = []
    wrong = Wrong(
        what=FaultKind.TRIAGE, reason=in_words(error), seq=entry.seq, at_us=entry.at_us
    )
    try:
        folded = fold(plan, state, [entry])
    except Exception as broke:  # noqa: BLE001 as above
        folded = fold(plan, state, [replace(entry, content=None)])
        wrongs.append(
            replace(wrong, what=FaultKind.ENTRY, reason=in_words(broke), is_fold=True)
        )
    try:
        desk, decisions = triage_all(
            plan, desk, [(entry.seq, entry.at_us)], folded.transitions
        )
    except Exception as broke:  # noqa: BLE001 as above
        decisions = [_alone(plan, each) for each in folded.transitions]
        wrongs.append(replace(wrong, reason=in_words(broke)))
    return Judged(folded, desk, decisions, wrongs)


def _alone(plan: Plan, transition: Transition) -> Decision:
    """Decide on an alarm without its neighbours: better alone than lost."""
    alarm, rule = turn_of(transition).ref, transition.rule
    if (rule.code, rule.version) in plan.layout.shadow:
        return Note(alarm=alarm, transition=transition, handling=Handling.SHADOW)
    if rule.files is None:
        return Note(alarm=alarm, transition=transition, handling=Handling.NOTED)
    return File(alarm=alarm, transition=transition)
