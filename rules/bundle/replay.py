"""Decide again on what a bundle holds, with the real engine, and tell how. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from cases.request import Hit
from rules.bundle.chain import FORMAT, BundleError, Chain, opened, sealed
from rules.bundle.entries import entries_from, entries_json
from rules.engine.fold import fold
from rules.engine.hold import State as Alarm
from rules.engine.learned import Learned
from rules.engine.state import State
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, source_written

DIGITS = 9
"""Of numbers that must agree."""


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided: one alarm as it was raised.

    Attributes:
        rule: Code of the rule.
        rule_version: Its version.
        device_id: `device.id`.
        raised_seq: The journal entry that raised it.
        measured_us: The deciding sample's own time.
        severity: How bad it was then; None if only the last is known.
        value: Of the deciding sample; None for silence.
        threshold: The limit it reached.
    """

    rule: str
    rule_version: int
    device_id: int
    raised_seq: int
    measured_us: int
    severity: str | None
    value: float | None
    threshold: float | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """One alarm with all it was decided on.

    Attributes:
        decided: What was decided.
        source: The part of the plan it needs.
        entries: Of the journal, up to shortly after the decision.
    """

    decided: Decided
    source: PlanSource
    entries: Sequence[Learned]

    def octets(self) -> bytes:
        """Return it as JSON with its hashes."""
        return sealed(
            {
                "format": FORMAT,
                "alarm": msgspec.to_builtins(self.decided),
                "plan": msgspec.json.decode(source_written(self.source)),
                "entries": entries_json(self.entries),
            }
        )


def bundle_from(octets: bytes) -> tuple[Bundle, Chain]:
    """Return a bundle, once its hashes are seen to be right.

    Raises:
        TamperedError: If an octet was changed.
        BundleError: If it is no bundle of this release.
    """
    pieces, chain = opened(octets)
    try:
        bundle = Bundle(
            msgspec.convert(pieces["alarm"], Decided),
            msgspec.convert(pieces["plan"], PlanSource, strict=False),
            entries_from(pieces["entries"]),
        )
    except msgspec.ValidationError as error:
        raise BundleError(str(error)) from error
    return bundle, chain


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
        is_same: Whether it came to the same decision.
        raised: The raise that was found; None if there was none at that entry.
        transitions: All of them.
        timeline: Every change of state of the alarm's slot.
        before: The state before the deciding entry.
        at: The state after it.
    """

    plan: Plan
    is_same: bool
    raised: Transition | None
    transitions: Sequence[Transition]
    timeline: Sequence[Turned]
    before: State
    at: State


def replay(bundle: Bundle) -> Replayed:
    """Decide again.

    Raises:
        BundleError: If the plan does not judge the device.
    """
    plan = compile_plan(bundle.source)
    slot = slot_of(plan, bundle.decided)
    state = before = at = plan.fresh_state()
    transitions: list[Transition] = []
    timeline: list[Turned] = []
    for run in _runs(bundle.entries, bundle.decided.raised_seq):
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
            if entry.seq == bundle.decided.raised_seq:
                before, at = was, state
    raised = _raise_in(transitions, bundle.decided)
    is_same = raised is not None and _agrees(raised, bundle.decided)
    return Replayed(plan, is_same, raised, transitions, timeline, before, at)


def slot_of(plan: Plan, decided: Decided) -> int:
    """Return the slot of an alarm.

    Raises:
        BundleError: If there is none.
    """
    for slot in range(len(plan.slots)):
        rule = plan.rules[plan.slots.rule[slot]]
        subject = plan.subjects[plan.slots.subject[slot]]
        key = rule.code, rule.version, subject.device_id
        if key == (decided.rule, decided.rule_version, decided.device_id):
            return slot
    raise BundleError(f"{decided.rule} does not judge device {decided.device_id}")


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


def _raise_in(transitions: Sequence[Transition], decided: Decided) -> Transition | None:
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
    """Tell whether it is the same decision, its numbers to `DIGITS`.

    Of a bundle fewer rows are calculated at once than were live, and the last bit of a
    distance depends on how many a processor takes together.
    """
    found = decided_of(raised)
    return (
        found.rule_version == decided.rule_version
        and decided.severity in (None, found.severity)
        and _is_near(found.value, decided.value)
        and _is_near(found.threshold, decided.threshold)
    )


def _is_near(found: float | None, told: float | None) -> bool:
    """Tell whether two numbers agree; of silence it is not kept how long it was."""
    return (
        told is None or found is None or math.isclose(found, told, rel_tol=10**-DIGITS)
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
