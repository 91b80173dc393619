"""Groups and storms as they grow and end: who joins, who leaves, when it is over."""

from dataclasses import replace

from rules.engine.transition import Transition
from rules.pipes.mains import Located
from rules.triage.decision import Close, File, Join, Leave, Open, Unheard
from rules.triage.desk import NEVER_DUE, Bundle, BundleKey, Handling, Held
from rules.triage.layout import Node, is_silence
from rules.triage.turn import AlarmKey, Turn
from rules.triage.work import Work, us


def opened(
    work: Work,
    key: BundleKey,
    *,
    lead: AlarmKey,
    first: Turn,
    cause: Turn | None = None,
    worst_due_us: int = NEVER_DUE,
    burst: Located | None = None,
) -> Bundle:
    """Let a group or a storm stand; without a cause it gets an alarm of its own."""
    bundle = Bundle(
        key=key,
        lead=lead,
        cause=cause,
        opened_seq=work.seq,
        opened_us=work.at_us,
        joined_us=work.at_us,
        first_us=first.measured_us,
        last_us=first.measured_us,
        worst_due_us=worst_due_us,
        burst=burst,
    )
    work.bundles[key] = bundle
    if cause is None:
        work.decisions.append(Open(bundle=bundle, seq=work.seq, at_us=work.at_us))
    return bundle


def join(work: Work, key: BundleKey, alarm: AlarmKey) -> None:
    """Make a standing alarm a member; one that has been filed is only linked."""
    before, held = work.bundles[key], work.held[alarm]
    is_filed = held.handling is Handling.FILED
    handling = Handling.STORM if before.is_storm else Handling.MEMBER
    held = work.change(
        alarm,
        handling=Handling.FILED if is_filed else handling,
        bundle=key,
        due_us=NEVER_DUE,
    )
    work.bundles[key] = bundle = _with(work, before, held.turn)
    forget_near(work, alarm)
    work.decisions.append(
        Join(
            bundle=bundle,
            alarm=held.turn.ref,
            transition=work.raised_now(held.turn),
            keeps_own=is_filed,
        )
    )


def list_unheard(work: Work, node: Node) -> None:
    """Name the children that no alarm speaks for."""
    bundle, members = work.bundles[node.key], work.members(node.key)
    rest = sorted(set(node.children) - members.bad - members.silent)
    if rest:
        work.decisions.append(
            Unheard(
                bundle=bundle,
                device_ids=tuple(rest),
                seq=work.seq,
                at_us=work.at_us,
            )
        )


def leave(work: Work, held: Held, transition: Transition) -> None:
    """Let a cleared alarm leave its group or storm, and end that if it was the last."""
    bundle = None if held.bundle is None else work.bundles.get(held.bundle)
    if bundle is None:
        work.decisions.append(File(alarm=held.turn.ref, transition=transition))
        return
    work.members(bundle.key).standing.discard(held.turn.key)
    has_own = held.handling is Handling.FILED
    work.decisions.append(
        Leave(
            bundle=bundle,
            alarm=held.turn.ref,
            transition=transition,
            has_own=has_own,
        )
    )
    end_if_over(work, bundle)


def dissolve(work: Work, bundle: Bundle) -> None:
    """End a group whose upstream's own alarm has cleared.

    What is raised from now on has another cause, and so has a member that still stands
    for as long again as it took to be raised, or to be found a member: it is filed on
    its own then. Until that it stays with the group's case.
    """
    node = work.layout.nodes.get(bundle.key)
    within_s = node.group.within_s if node is not None else 0.0
    for key in work.members(bundle.key).standing:
        held = work.change(key, bundle=None)
        if held.handling is Handling.MEMBER:
            delay_s = max(work.rule(key).on_delay_s, within_s)
            work.change(key, due_us=work.at_us + us(delay_s))
    del work.bundles[bundle.key]
    work.forget(bundle.key)


def end_if_over(work: Work, bundle: Bundle) -> None:
    """End a group or storm of which nothing stands."""
    if work.members(bundle.key).standing or bundle.lead in work.held:
        return
    del work.bundles[bundle.key]
    work.forget(bundle.key)
    if bundle.cause is None:
        work.decisions.append(Close(bundle=bundle, seq=work.seq, at_us=work.at_us))


def forget_near(work: Work, alarm: AlarmKey) -> None:
    """Strike an alarm off the lists of those that no group has."""
    for node in nodes_of(work, alarm):
        rest = tuple(key for key in work.near.get(node.key, ()) if key != alarm)
        if rest:
            work.near[node.key] = rest
        else:
            work.near.pop(node.key, None)


def nodes_of(work: Work, alarm: AlarmKey) -> tuple[Node, ...]:
    """Return every node an alarm may belong to or counts for."""
    asked = alarm.rule, alarm.device_id
    layout = work.layout
    return (*layout.member.get(asked, ()), *layout.support.get(asked, ()))


def _with(work: Work, bundle: Bundle, turn: Turn) -> Bundle:
    """Count a member; the upstream's own alarm is one and no child."""
    device_id = turn.key.device_id
    members, node = work.members(bundle.key), work.layout.nodes.get(bundle.key)
    members.standing.add(turn.key)
    bundle = replace(bundle, joined_us=work.at_us)
    if node is not None and device_id not in node.children:
        return bundle
    if is_silence(work.rule(turn.key)):
        members.silent.add(device_id)
    else:
        members.bad.add(device_id)
    bundle = replace(
        bundle, bad=len(members.bad), unknown=len(members.silent - members.bad)
    )
    if node is not None and turn.key.rule in node.group.joins:
        return bundle  # it comes of what happened, and says nothing of how fast
    return replace(
        bundle,
        first_us=min(bundle.first_us, turn.measured_us),
        last_us=max(bundle.last_us, turn.measured_us),
    )
