"""Triage: from what the engine found to what is filed.

    raised ─▶ on trial? ─▶ maintenance? ─▶ flapping? ─▶ group? ─▶ storm? ─▶ file

Pure, and folded entry by entry like the engine: nothing but the journal's time moves
what waits. A matter of safety never waits and is never counted against a budget; only a
window that says so keeps it back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cases.request import Hit
from rules.engine.transition import Transition
from rules.plan.plan import Plan
from rules.triage.bundling import dissolve, forget_near, leave
from rules.triage.bursting import open_burst
from rules.triage.decision import Decision, File, Note
from rules.triage.desk import NEVER_DUE, Desk, Handling, Held
from rules.triage.flapping import is_unstable, settle
from rules.triage.grouping import gather, join_standing, lead, waits_for
from rules.triage.storming import calm, is_too_much
from rules.triage.turn import AlarmKey, key_of, turn_of
from rules.triage.work import Work, is_safety, us

IN_A_CASE = (Handling.FILED, Handling.MEMBER, Handling.STORM)
"""Handlings of alarms whose clearing a case is told of."""


def triage(
    plan: Plan,
    desk: Desk,
    transitions: Sequence[Transition],
    *,
    seq: int,
    at_us: int,
) -> tuple[Desk, list[Decision]]:
    """Return what is done about one entry's transitions, and about what was waiting.

    Args:
        plan: What the transitions were decided by.
        desk: After the entry before; not changed.
        transitions: Of this entry, in order; may be none.
        seq: The entry.
        at_us: Its time.
    """
    if not transitions and at_us < desk.wake_us:
        return desk, []
    work = Work(plan.layout, desk, seq=seq, at_us=at_us)
    for transition in transitions:
        _take(work, transition)
    _wake(work)
    return work.desk(), work.decisions


def triage_all(
    plan: Plan,
    desk: Desk,
    entries: Iterable[tuple[int, int]],
    transitions: Iterable[Transition],
) -> tuple[Desk, list[Decision]]:
    """Triage several entries one after the other.

    Args:
        plan: What the transitions were decided by.
        desk: After the entry before; not changed.
        entries: Number and time of each, in order.
        transitions: Of all of them, in order.
    """
    by_seq: dict[int, list[Transition]] = {}
    for transition in transitions:
        by_seq.setdefault(transition.seq, []).append(transition)
    decided: list[Decision] = []
    for seq, at_us in entries:
        desk, decisions = triage(plan, desk, by_seq.get(seq, ()), seq=seq, at_us=at_us)
        decided += decisions
    return desk, decided


def _take(work: Work, transition: Transition) -> None:
    match transition.kind:
        case Hit.RAISED:
            key = key_of(transition)
            turn = turn_of(transition)
            work.held[key] = Held(turn=turn, handling=Handling.WAITING)
            _ask(work, transition)
        case Hit.ESCALATED | Hit.EASED:
            _change(work, transition)
        case Hit.CLEARED:
            _clear(work, transition)


def _ask(work: Work, transition: Transition) -> None:
    """Ask every question of an alarm that has just been raised."""
    key, rule = key_of(transition), transition.rule
    if (rule.code, rule.version) in work.layout.shadow:
        work.note(key, transition, Handling.SHADOW)
        return
    window = work.layout.window_over(
        rule,
        key.device_id,
        (transition.measured_us, work.at_us),
        is_safety=is_safety(rule, transition),
    )
    if window is None:
        _ask_on(work, transition)
        return
    # What a backlog tells of a window that is over is let go once the entry is done.
    due_us = window.until_us if window.lasts_at(work.at_us) else work.at_us
    work.note(key, transition, Handling.MAINTENANCE, window_id=window.id, due_us=due_us)


def _ask_on(work: Work, transition: Transition) -> None:
    """Ask what is left once no window keeps it back."""
    if not is_unstable(work, transition):
        _place(work, transition)


def _place(work: Work, transition: Transition) -> None:
    key = key_of(transition)
    if is_safety(transition.rule, transition):
        _alone(work, transition)
        if not join_standing(work, transition):
            gather(work, key)
        return
    if join_standing(work, transition):
        return
    gather(work, key)
    if work.held[key].bundle is not None:
        return
    waits = waits_for(work.layout, key)
    if waits:
        due_us = work.at_us + us(waits)
        work.note(key, transition, Handling.WAITING, due_us=due_us)
    else:
        _alone(work, transition)


def _alone(work: Work, transition: Transition) -> None:
    """File an alarm on its own, if its rule files and its budget lets it."""
    key = key_of(transition)
    if transition.rule.files is None:
        work.note(key, transition, Handling.NOTED)
    elif work.held[key].is_split or not is_too_much(work, transition):
        work.file(key, transition)
        lead(work, key)


def _change(work: Work, transition: Transition) -> None:
    """Take a change of severity, which may make it a matter of safety."""
    key = key_of(transition)
    held = work.held.get(key)
    if held is None:
        work.decisions.append(
            File(alarm=turn_of(transition).ref, transition=transition)
        )
        return
    turn = replace(
        held.turn,
        value=transition.value,
        threshold=transition.threshold,
        severity=transition.severity,
    )
    held = work.change(key, turn=turn)
    if held.handling is Handling.FILED:
        work.decisions.append(File(alarm=turn.ref, transition=transition))
    elif _must_go_out(held, transition):
        work.file(key, replace(transition, kind=Hit.RAISED))
    else:
        _keep(work, held, transition)


def _must_go_out(held: Held, transition: Transition) -> bool:
    kept = (Handling.SHADOW, Handling.NOTED, Handling.MAINTENANCE)
    return held.handling not in kept and is_safety(transition.rule, transition)


def _clear(work: Work, transition: Transition) -> None:
    key = key_of(transition)
    held = work.held.pop(key, None)
    if held is None:
        work.decisions.append(
            File(alarm=turn_of(transition).ref, transition=transition)
        )
        return
    forget_near(work, key)
    if held.bundle is not None:
        leave(work, held, transition)
    elif held.handling in IN_A_CASE:
        work.decisions.append(File(alarm=held.turn.ref, transition=transition))
    elif held.handling is Handling.WAITING:
        _keep(work, replace(held, handling=Handling.BRIEF), transition)
    else:
        _keep(work, held, transition)
    _end_led(work, key)


def _end_led(work: Work, key: AlarmKey) -> None:
    """End the groups that a cleared alarm of the upstream stood for."""
    for node in work.layout.cause.get((key.rule, key.device_id), ()):
        bundle = work.bundles.get(node.key)
        if bundle is not None and bundle.lead == key:
            dissolve(work, bundle)


def _keep(work: Work, held: Held, transition: Transition) -> None:
    work.decisions.append(
        Note(
            alarm=held.turn.ref,
            transition=transition,
            handling=held.handling,
            window_id=held.window_id,
        )
    )


def _wake(work: Work) -> None:
    """Do what time has made due."""
    for held in list(work.due(Handling.MAINTENANCE)):
        _release(work, held)
    for held in list(work.due(Handling.WAITING)):
        # Its siblings may have taken it in the meantime.
        now = work.held[held.turn.key]
        if now.handling is not Handling.WAITING or now.bundle is not None:
            continue
        if not open_burst(work, now):
            _alone(work, work.raised_now(now.turn))
    _outlast(work, list(work.due(Handling.MEMBER)))
    settle(work)
    calm(work)


def _outlast(work: Work, outlasted: Sequence[Held]) -> None:
    """File members that outlasted their group, unless others have them by now.

    Together they may be a group of their own: the circuit is back, its lamps are not.
    """
    turns = [replace(held.turn, at_us=work.at_us) for held in outlasted]
    for turn in turns:
        work.change(turn.key, turn=turn, due_us=NEVER_DUE)
    for turn in turns:
        is_free = work.held[turn.key].bundle is None
        if is_free and not join_standing(work, work.raised_now(turn)):
            gather(work, turn.key)
    for turn in turns:
        if work.held[turn.key].bundle is None:
            _alone(work, work.raised_now(turn))


def _release(work: Work, held: Held) -> None:
    """Ask again of an alarm whose window is over, unless another has it by now."""
    turn = held.turn
    rule = work.rule(turn.key)
    window = work.layout.window_over(
        rule,
        turn.key.device_id,
        (work.at_us,),
        is_safety=is_safety(rule, turn),
    )
    if window is None:
        # To its siblings it is news now: what a window kept back together is one group.
        turn = replace(turn, at_us=work.at_us)
        work.change(turn.key, turn=turn, handling=Handling.WAITING, window_id=0)
        _ask_on(work, work.raised_now(turn))
    else:
        work.change(turn.key, window_id=window.id, due_us=window.until_us)
