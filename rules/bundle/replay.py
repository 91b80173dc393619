"""Decide again on what a bundle holds, with the real engine and triage. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from cases.request import Hit
from rules.bundle.bundle import Bundle, Decided
from rules.bundle.chain import BundleError
from rules.bundle.retriage import Retriaged, retriage
from rules.engine.fold import fold
from rules.engine.hold import State as Alarm
from rules.engine.learned import Learned
from rules.engine.state import State
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan

RUN_ENTRIES = 500
"""Entries that are folded together where nobody asks what each of them did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """One change of one grade's state.

    Attributes:
        seq: The entry.
        at_us: Its time.
        measured_us: Time of the last sample judged by then.
        grade: Which grade, from 0.
        before: Its state.
        after: Its state from then on.
    """

    seq: int
    at_us: int
    measured_us: int
    grade: int
    before: Alarm
    after: Alarm


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of deciding again.

    Attributes:
        plan: What was judged by.
        is_raised: Whether the engine came to the same; of a group or storm, whether it
            did for all members whose samples are here.
        raised: The raise that was found; None if there was none at that entry.
        timeline: Every change of state of the alarm's slot.
        at: The state after the deciding entry.
        triaged: What triage came to.
    """

    plan: Plan
    is_raised: bool
    raised: Transition | None
    timeline: Sequence[Turned]
    at: State
    triaged: Retriaged

    @property
    def is_same(self) -> bool:
        """Whether it came to the same decision, as far as it could be decided again."""
        return self.is_raised and self.triaged.is_same is not False


def replay(bundle: Bundle) -> Replayed:
    """Decide again.

    Raises:
        BundleError: If the plan does not judge the device.
    """
    try:
        return _replay(bundle)
    except (LookupError, ValueError, ArithmeticError) as error:
        # Whole by its hashes, and still no bundle that a release could have made.
        raise BundleError(f"it cannot be decided again: {error}") from error


def slot_of(plan: Plan, decided: Decided) -> int:
    """Return the slot of an alarm.

    Raises:
        BundleError: If there is none.
    """
    for slot in range(len(plan.slots)):
        rule = plan.rules[plan.slots.rule[slot]]
        subject = plan.subjects[plan.slots.subject[slot]]
        if (rule.code, rule.version, subject.device_id) == decided.key:
            return slot
    raise BundleError(f"{decided.rule} does not judge device {decided.device_id}")


def _replay(bundle: Bundle) -> Replayed:
    decided, plan = bundle.decided, compile_plan(bundle.source)
    if decided.is_of_many:
        folded = _fold_all(plan, bundle.entries)
    else:
        slot = slot_of(plan, decided)
        folded = _fold_slot(plan, bundle.entries, slot, decided.raised_seq)
    triaged = retriage(plan, bundle, folded.transitions)
    raised = _raise_in(folded.transitions, decided)
    is_raised = not triaged.strays
    if not decided.is_of_many:
        is_raised = raised is not None and _agrees(raised, decided)
    return Replayed(plan, is_raised, raised, folded.timeline, folded.at, triaged)


@dataclass(frozen=True, slots=True)
class _Folded:
    transitions: Sequence[Transition]
    timeline: Sequence[Turned]
    at: State


def _fold_all(plan: Plan, entries: Sequence[Learned]) -> _Folded:
    state = plan.fresh_state()
    transitions: list[Transition] = []
    for begin in range(0, len(entries), RUN_ENTRIES):
        folded = fold(plan, state, entries[begin : begin + RUN_ENTRIES])
        state = folded.state
        transitions += folded.transitions
    return _Folded(transitions, (), state)


def _fold_slot(
    plan: Plan, entries: Sequence[Learned], slot: int, raised_seq: int
) -> _Folded:
    """Fold entries so that every change of one slot's state is seen."""
    state = at = plan.fresh_state()
    transitions: list[Transition] = []
    timeline: list[Turned] = []
    for run in _runs(entries, raised_seq):
        whole = fold(plan, state, run)
        if len(run) > 1 and not _turned(state, whole.state, slot):
            state = whole.state
            transitions += whole.transitions
            continue
        for entry in run:
            was = state
            folded = whole if len(run) == 1 else fold(plan, state, [entry])
            state = folded.state
            transitions += folded.transitions
            timeline += _turned(was, state, slot)
            if entry.seq == raised_seq:
                at = state
    return _Folded(transitions, timeline, at)


def decided_of(transition: Transition) -> Decided:
    """Return the decision that a transition is."""
    return Decided(
        rule=transition.rule.code,
        rule_version=transition.rule.version,
        device_id=transition.device_id,
        raised_seq=transition.seq,
        measured_us=transition.measured_us,
        severity=str(transition.severity),
        value=transition.value,
        threshold=transition.threshold,
    )


def _runs(entries: Sequence[Learned], raised_seq: int) -> Iterator[list[Learned]]:
    """Yield entries that say something one by one, and those between them together."""
    run: list[Learned] = []
    for entry in entries:
        if entry.content is None and entry.seq != raised_seq:
            run.append(entry)
            continue
        if run:
            yield run
        yield [entry]
        run = []
    if run:
        yield run


def _raise_in(transitions: Iterable[Transition], decided: Decided) -> Transition | None:
    """Return the raise of the deciding entry, if there is one."""
    return next(
        (
            transition
            for transition in transitions
            if transition.kind is Hit.RAISED
            and transition.seq == decided.raised_seq
            and transition.measured_us == decided.measured_us
            and transition.rule.code == decided.rule
            and transition.device_id == decided.device_id
        ),
        None,
    )


def _agrees(raised: Transition, decided: Decided) -> bool:
    """Tell whether it is the same decision; what was not kept of it agrees."""
    found = msgspec.structs.asdict(decided_of(raised))
    told = msgspec.structs.asdict(decided)
    return all(
        told[name] in (None, found[name])
        for name in ("rule_version", "severity", "value", "threshold")
    )


def _turned(was: State, now: State, slot: int) -> list[Turned]:
    grades = np.flatnonzero(was.state[slot] != now.state[slot])
    return [
        Turned(
            seq=now.seq,
            at_us=now.at_us,
            measured_us=int(now.last_us[slot]),
            grade=int(grade),
            before=Alarm(int(was.state[slot, grade])),
            after=Alarm(int(now.state[slot, grade])),
        )
        for grade in grades
    ]
