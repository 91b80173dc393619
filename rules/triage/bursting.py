"""Bursts on the mains: pressure points that drop together are one case on one pipe.

A drop waits, as members of groups do, until every point of the mains has been read once
more. Then the drops of that while are put together: the pipe that explains them best
carries the case. One point alone stays what it is, a doubt about its sensor. Where all
have lost about as much, it is the supply that fell; a group with `even` says so. What
drops later is another burst, also while the first one stands, if several points drop
and one of them deeply; else it is one more that feels the first.
"""

from collections.abc import Sequence

from rules.pipes.locate import Drop
from rules.pipes.mains import is_even, locate_on
from rules.triage.bundling import join, opened
from rules.triage.desk import BundleKey, Handling, Held
from rules.triage.layout import Node
from rules.triage.turn import AlarmKey
from rules.triage.work import Work, us

DEEP = 2
"""A drop of so many times the limit: another burst beside one that stands takes one."""

SHALLOW = 10
"""So many readings ago a wave may have come that left only a shallow drop."""

LATE_WAITS = 2
"""So many waits after a burst began its late drops still belong to it."""


def join_burst(work: Work, key: AlarmKey) -> bool:
    """Join the burst that stands and that an alarm belongs to, if there is one."""
    asked, turn = (key.rule, key.device_id), work.held[key].turn
    for node in work.layout.member.get(asked, ()):
        for bundle in _standing(work, node):
            late_us = LATE_WAITS * us(node.group.within_s)
            if turn.measured_us <= work.bundles[bundle].first_us + late_us:
                join(work, bundle, key)
                return True
    for node in work.layout.joiner.get(asked, ()):
        found = _standing(work, node)
        of_own = [b for b in found if key.device_id in work.members(b).bad]
        if found:
            join(work, (of_own or found)[0], key)
            return True
    return False


def open_burst(work: Work, first: Held) -> bool:
    """Find the burst or the fall that a drop which has waited belongs to, if any is.

    Args:
        work: The entry.
        first: The drop that has waited longest.
    """
    key = first.turn.key
    nodes = work.layout.member.get((key.rule, key.device_id), ())
    for node in nodes:
        if node.mains is not None and _open(work, node, _gathered(work, node, first)):
            return True
    for node in nodes:
        if standing := _standing(work, node):
            join(work, standing[0], key)
            return True
    return False


def _standing(work: Work, node: Node) -> list[BundleKey]:
    """Return the bursts of a group that stand on some mains, the latest first."""
    if node.mains is None:
        return []
    found = [
        bundle
        for key, bundle in work.bundles.items()
        if key.code == node.key.code
        and key in work.layout.nodes
        and work.layout.nodes[key].mains is node.mains
    ]
    found.sort(key=lambda bundle: (-bundle.opened_us, bundle.key))
    return [bundle.key for bundle in found]


def _gathered(work: Work, node: Node, first: Held) -> list[Held]:
    """Return the drops that wait beside one, from its own time on, deepest first."""
    found = [
        held
        for key in work.near.get(node.key, ())
        if key.rule in node.group.of
        and (held := work.held[key]).handling is Handling.WAITING
        and held.turn.at_us >= first.turn.at_us
    ]
    return sorted(found, key=lambda held: (held.turn.value, held.turn.key))


def _open(work: Work, node: Node, drops: Sequence[Held]) -> bool:
    group, found = node.group, [_drop(work, node, held) for held in drops]
    if node.mains is None or len(found) < group.least:
        return False
    if len(found) < group.share * len(node.children):
        return False
    if group.even and not is_even(found):
        return False
    deepest = drops[0].turn
    if _standing(work, node) and deepest.value > DEEP * deepest.threshold:
        return False
    located = None if group.even else locate_on(node.mains, found)
    if located is None and not group.even:
        return False
    own = AlarmKey(
        f"group:{group.code}",
        work.layout.settings.version,
        deepest.key.device_id,
    )
    key = node.key
    if located is not None:
        key = BundleKey(node.key.code, f"pipe:{located.pipe}")
    # What stands there already, or by the same alarm, goes on.
    same = (b.key for b in work.bundles.values() if b.lead == own)
    key = next(same, key)
    if key not in work.bundles:
        first = min(
            (held.turn for held in drops), key=lambda turn: (turn.measured_us, turn.key)
        )
        opened(work, key, lead=own, first=first, burst=located)
    for held in sorted(drops, key=lambda held: held.turn.key):
        join(work, key, held.turn.key)
    return True


def _drop(work: Work, node: Node, held: Held) -> Drop:
    """Return what one point saw; its alarm came after the rule's delay.

    Where it fell only just below the limit, that may have been long after the wave.
    """
    turn, key = held.turn, held.turn.key
    if node.mains is None:
        raise AssertionError("asked only of mains")
    interval_us = us(work.layout.subjects[key.device_id].interval_s)
    is_deep = turn.value <= DEEP * turn.threshold
    seen_us = turn.measured_us - us(work.rule(key).on_delay_s)
    return Drop(
        node=node.mains.points[key.device_id],
        before_us=seen_us - (2 if is_deep else SHALLOW) * interval_us,
        at_us=seen_us,
        lost_kpa=max(-turn.value, 1.0),
    )
