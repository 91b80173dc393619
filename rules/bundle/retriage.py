"""Decide again what triage made of an alarm, on what it remembered. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rules.bundle.bundle import Bundle, Gone
from rules.engine.transition import Transition
from rules.plan.plan import Plan
from rules.triage.memory import desk_of
from rules.triage.record import Said, Told, said_of, told_of
from rules.triage.triage import triage
from rules.triage.turn import AlarmKey


@dataclass(frozen=True, slots=True)
class Retriaged:
    """What triage came to.

    Attributes:
        is_same: Whether it was the same; None if it cannot be decided again.
        said: What it decided on the alarm.
        strays: Alarms of others that the engine found otherwise than it had.
    """

    is_same: bool | None
    said: tuple[Said, ...]
    strays: tuple[AlarmKey, ...]


def retriage(
    plan: Plan, bundle: Bundle, transitions: Iterable[Transition]
) -> Retriaged:
    """Decide again on an alarm's handling.

    Args:
        plan: The bundle's.
        bundle: The bundle.
        transitions: What the engine found in its entries.
    """
    gone = bundle.gone
    if gone.why_not:
        return Retriaged(None, bundle.said, ())
    found = [
        told
        for told in map(told_of, transitions)
        if gone.after_seq < told.seq <= gone.until_seq and told.key in gone.judged
    ]
    said = bundle.decided.of(_decided_again(plan, bundle, found))
    strays = _strays(gone, found)
    return Retriaged(said == bundle.said and not strays, said, strays)


def _decided_again(plan: Plan, bundle: Bundle, found: Sequence[Told]) -> list[Said]:
    gone, desk = bundle.gone, desk_of(bundle.gone.before)
    told = [turn for turn in gone.turns if turn.key not in gone.judged]
    by_seq: dict[int, list[Told]] = {}
    for turn in (*found, *told):
        by_seq.setdefault(turn.seq, []).append(turn)
    rules = {(rule.code, rule.version): rule for rule in plan.rules}
    said: list[Said] = []
    for entry in bundle.entries:
        if not gone.after_seq < entry.seq <= gone.until_seq:
            continue
        # As the engine gives them: by sample time, then by slot.
        turns = sorted(
            by_seq.get(entry.seq, ()), key=lambda turn: (turn.measured_us, turn.key)
        )
        given = [turn.transition(rules[turn.key[:2]]) for turn in turns]
        desk, decisions = triage(plan, desk, given, seq=entry.seq, at_us=entry.at_us)
        said += map(said_of, decisions)
    return said


def _strays(gone: Gone, found: Sequence[Told]) -> tuple[AlarmKey, ...]:
    """Return the alarms that were judged otherwise this time."""
    now, then = _by_key(found), _by_key(gone.turns)
    return tuple(key for key in gone.judged if now.get(key) != then.get(key))


def _by_key(turns: Iterable[Told]) -> dict[AlarmKey, list[Told]]:
    found: dict[AlarmKey, list[Told]] = {}
    for turn in turns:
        found.setdefault(turn.key, []).append(turn)
    return found
