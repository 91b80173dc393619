"""Flapping: an alarm that comes and goes is one case that says so, and is quiet."""

from dataclasses import replace

from cases.request import Hit
from rules.engine.transition import Transition
from rules.triage.decision import Quiet, Settle, Unstable
from rules.triage.desk import Flap, Handling
from rules.triage.turn import AlarmKey, key_of
from rules.triage.work import Work, is_safety, us


def is_unstable(work: Work, transition: Transition) -> bool:
    """Count a raise; where it is one too many, decide on it and say so."""
    limits, rule = work.layout.settings.flapping, transition.rule
    if limits is None or rule.files is None or is_safety(rule, transition):
        return False
    key = key_of(transition)
    flap = _counted(work, key, transition)
    held = work.held[key]
    if flap.since_us is not None:
        work.flaps[key] = replace(flap, hits=flap.hits + 1)
        work.change(key, handling=Handling.UNSTABLE)
        work.decisions.append(Quiet(alarm=held.turn.ref, transition=transition))
        return True
    work.flaps[key] = flap
    if len(flap.raises_us) <= limits.more_than:
        return False
    work.flaps[key] = replace(flap, since_us=work.at_us)
    work.change(key, handling=Handling.UNSTABLE)
    work.decisions.append(
        Unstable(
            alarm=held.turn.ref,
            transition=transition,
            raises=len(flap.raises_us),
            within_s=limits.within_s,
        )
    )
    return True


def settle(work: Work) -> None:
    """Let go of what has settled, and forget what was raised long ago."""
    limits = work.layout.settings.flapping
    for key, flap in sorted(work.flaps.items()):
        if limits is None or work.at_us >= flap.last_us + us(limits.settled_s):
            del work.flaps[key]
            if flap.since_us is not None:
                _settle(work, key, flap)


def _settle(work: Work, key: AlarmKey, flap: Flap) -> None:
    held = work.held.get(key)
    turn = flap.turn if held is None else held.turn
    transition = turn.transition(
        work.rule(key),
        seq=work.seq,
        at_us=work.at_us,
        kind=Hit.CLEARED if held is None else Hit.RAISED,
    )
    if held is not None:
        work.change(key, handling=Handling.FILED)
    work.decisions.append(Settle(alarm=turn.ref, transition=transition, hits=flap.hits))


def _counted(work: Work, key: AlarmKey, transition: Transition) -> Flap:
    limits = work.layout.settings.flapping
    if limits is None:
        raise AssertionError("asked only where flapping has limits")
    before = work.flaps.get(key)
    raises = () if before is None else before.raises_us
    newest = max((*raises, transition.measured_us))
    near = [
        at_us
        for at_us in (*raises, transition.measured_us)
        if at_us > newest - us(limits.within_s)
    ]
    return Flap(
        raises_us=tuple(near[-limits.more_than - 1 :]),
        last_us=work.at_us,
        since_us=None if before is None else before.since_us,
        hits=0 if before is None else before.hits,
        turn=work.held[key].turn,
    )
