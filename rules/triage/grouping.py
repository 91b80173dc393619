"""Upstream groups: many alarms below one thing are one alarm on that thing.

A member waits a while before it is filed alone. When enough of its siblings say the
same in that time, or the upstream's own alarm explains them, the group stands; later
children join it at once, and children that were filed alone are linked to it.
"""

from collections.abc import Iterable

from rules.engine.transition import Transition
from rules.triage.bundling import join, list_unheard, nodes_of, opened
from rules.triage.bursting import join_burst
from rules.triage.desk import Handling
from rules.triage.layout import Layout, Node, is_silence
from rules.triage.turn import AlarmKey, key_of
from rules.triage.work import Work, us


def join_standing(work: Work, transition: Transition) -> bool:
    """Join the group that stands already, as a member or as its cause, if one does."""
    key = key_of(transition)
    asked = key.rule, key.device_id
    if join_burst(work, key):
        return True
    for node in work.layout.member.get(asked, ()):
        if node.key in work.bundles and node.mains is None:
            join(work, node.key, key)
            return True
    for node in work.layout.cause.get(asked, ()):
        bundle = work.bundles.get(node.key)
        if bundle is not None and bundle.lead != key:
            join(work, node.key, key)
            if node.group.lists_all:
                list_unheard(work, node)
            return True
    return False


def gather(work: Work, key: AlarmKey) -> None:
    """Count an alarm among its siblings, and open the group if they are enough."""
    for node in nodes_of(work, key):
        if node.key in work.bundles:
            continue
        work.near[node.key] = (*work.near.get(node.key, ()), key)
        # Mains wait until every point has been read once more.
        if node.mains is None and _is_enough(work, node):
            _open(work, node)
            return


def waits_for(layout: Layout, key: AlarmKey) -> float:
    """Return how many seconds an alarm waits for its siblings; 0 for not at all."""
    nodes = layout.member.get((key.rule, key.device_id), ())
    return max(
        (n.group.within_s for n in nodes if len(n.children) >= n.group.least),
        default=0.0,
    )


def lead(work: Work, key: AlarmKey) -> None:
    """Let a filed alarm of the upstream take what it explains."""
    held = work.held[key]
    for node in work.layout.cause.get((key.rule, key.device_id), ()):
        if held.handling is not Handling.FILED or node.key in work.bundles:
            continue
        opened(work, node.key, lead=key, first=held.turn, cause=held.turn)
        _take(work, node)
        if node.group.lists_all:
            list_unheard(work, node)


def _open(work: Work, node: Node) -> None:
    group = node.group
    version = work.layout.settings.version
    first = min(
        (work.held[key].turn for key in _recent(work, node)),
        key=lambda turn: (turn.measured_us, turn.key),
    )
    own = AlarmKey(f"group:{group.code}", version, node.device_id)
    opened(work, node.key, lead=own, first=first)
    _take(work, node)
    rules = [work.layout.rules[code] for code in group.of if code in work.layout.rules]
    if group.lists_all and all(map(is_silence, rules)):
        list_unheard(work, node)


def _take(work: Work, node: Node) -> None:
    """Let every sibling join that turned bad in time, and link those filed before."""
    since_us = work.at_us - us(node.group.links_s)
    recent = set(_recent(work, node))
    for key in sorted(work.near.get(node.key, ())):
        held = work.held[key]
        is_linked = held.handling is Handling.FILED and held.turn.at_us >= since_us
        is_of = key.rule in node.group.of
        if is_of and (key in recent or is_linked):
            join(work, node.key, key)


def _is_enough(work: Work, node: Node) -> bool:
    group = node.group
    near = work.near.get(node.key, ())
    bad = _devices(_recent(work, node))
    unknown = _devices(key for key in near if key.rule not in group.of)
    before = _devices(near) - bad - unknown
    wanted = group.share * (len(node.children) - len(before))
    return len(bad) >= group.least and len(bad | unknown) >= wanted


def _recent(work: Work, node: Node) -> Iterable[AlarmKey]:
    since_us = work.at_us - us(node.group.within_s)
    return [
        key
        for key in work.near.get(node.key, ())
        if key.rule in node.group.of and work.held[key].turn.at_us >= since_us
    ]


def _devices(keys: Iterable[AlarmKey]) -> set[int]:
    return {key.device_id for key in keys}
