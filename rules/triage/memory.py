"""What triage remembered, as far as some alarms have to do with it. Pure.

That is the nodes they hang from, the storms of their rules, and the alarms there. With
the turns of those alarms triage comes to the same decisions again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from rules.triage.desk import (
    Budget,
    BudgetKey,
    Bundle,
    BundleKey,
    Crowd,
    Desk,
    Flap,
    Held,
)
from rules.triage.layout import Layout, Node
from rules.triage.turn import AlarmKey

MOST_REMEMBERED = 5000
"""Most alarms and members of a memory that is written down."""


class CrowdRow(msgspec.Struct, frozen=True):
    """Members of a group or storm, in order; see `Crowd`."""

    key: BundleKey
    standing: tuple[AlarmKey, ...]
    bad: tuple[int, ...]
    silent: tuple[int, ...]


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a desk, as lists.

    Attributes:
        nodes: Groups' nodes and storms of which all is here; also what is not there.
        alarms: Alarms of which all is here.
        held: As in `Desk`, and so the others.
        near: Alarms that no bundle has, by what they might belong to.
        flaps: Alarms raised of late.
        bundles: Groups and storms.
        crowds: Their members.
        budgets: What was filed of late.
    """

    nodes: tuple[BundleKey, ...] = ()
    alarms: tuple[AlarmKey, ...] = ()
    held: tuple[Held, ...] = ()
    near: tuple[tuple[BundleKey, tuple[AlarmKey, ...]], ...] = ()
    flaps: tuple[tuple[AlarmKey, Flap], ...] = ()
    bundles: tuple[Bundle, ...] = ()
    crowds: tuple[CrowdRow, ...] = ()
    budgets: tuple[tuple[BudgetKey, Budget], ...] = ()


@dataclass(frozen=True, slots=True)
class Ties:
    """What an alarm may have to do with others by.

    Attributes:
        nodes: What it may belong to or count for, the pipes of mains left out.
        storm: The storm of its rule and area.
    """

    nodes: tuple[Node, ...]
    storm: BundleKey


def ties_of(layout: Layout, key: AlarmKey) -> Ties | None:
    """Return an alarm's ties; None for one of a group, or that nobody judges."""
    if key.device_id not in layout.subjects or key.rule not in layout.rules:
        return None
    asked = key.rule, key.device_id
    ways = layout.member, layout.support, layout.cause, layout.joiner
    nodes = {node.key: node for way in ways for node in way.get(asked, ())}
    storm = BundleKey(f"storm:{key.rule}", layout.area_of(key.device_id))
    return Ties(tuple(nodes.values()), storm)


def remembered_of(
    layout: Layout, desk: Desk, alarms: set[AlarmKey]
) -> Remembered | None:
    """Return the part of a desk that has to do with alarms; None if too much."""
    ties = [found for key in alarms if (found := ties_of(layout, key)) is not None]
    nodes = {node.key for tie in ties for node in tie.nodes}
    nodes |= {tie.storm for tie in ties}
    nodes |= _pipes(layout, desk, ties)
    budgets = {
        key: budget for key, budget in desk.budgets.items() if _storm(key) in nodes
    }
    bundles = {key: desk.bundles[key] for key in nodes if key in desk.bundles}
    crowds = [_row(key, desk.crowds.get(key, Crowd())) for key in sorted(bundles)]
    known = alarms | {bundle.lead for bundle in bundles.values()}
    known |= {key for node in nodes for key in desk.near.get(node, ())}
    known |= {key for crowd in crowds for key in crowd.standing}
    known |= {key for budget in budgets.values() for key in budget.alarms}
    size = len(known) + sum(len(crowd.bad) + len(crowd.silent) for crowd in crowds)
    if size > MOST_REMEMBERED:
        return None
    return Remembered(
        nodes=tuple(sorted(nodes)),
        alarms=tuple(sorted(alarms)),
        held=tuple(desk.held[key] for key in sorted(known) if key in desk.held),
        near=tuple((n, desk.near[n]) for n in sorted(nodes) if n in desk.near),
        flaps=tuple((k, desk.flaps[k]) for k in sorted(alarms) if k in desk.flaps),
        bundles=tuple(bundles[key] for key in sorted(bundles)),
        crowds=tuple(crowds),
        budgets=tuple(sorted(budgets.items())),
    )


def _pipes(layout: Layout, desk: Desk, ties: Iterable[Ties]) -> set[BundleKey]:
    """Return the bursts that stand on the mains of some nodes."""
    mains = {
        (n.key.code, n.mains.code)
        for tie in ties
        for n in tie.nodes
        if n.mains is not None
    }
    if not mains:
        return set()
    return {
        key
        for key in desk.bundles
        if (node := layout.nodes.get(key)) is not None
        and node.mains is not None
        and (key.code, node.mains.code) in mains
    }


def _row(key: BundleKey, crowd: Crowd) -> CrowdRow:
    return CrowdRow(
        key,
        tuple(sorted(crowd.standing)),
        tuple(sorted(crowd.bad)),
        tuple(sorted(crowd.silent)),
    )


def merged(parts: Iterable[Remembered], *, after_seq: int) -> Remembered:
    """Return the memory before the first of some records.

    What a record is the first to tell of, nobody had touched since the first of them;
    but what has only come since, as a burst on a pipe, was not there.

    Args:
        parts: Of records in their order.
        after_seq: The last entry before the first of them.
    """
    nodes: set[BundleKey] = set()
    alarms: set[AlarmKey] = set()
    held: dict[AlarmKey, Held] = {}
    whole = Remembered()
    for part in parts:
        for row in part.held:
            if row.turn.key not in alarms and row.turn.seq <= after_seq:
                held.setdefault(row.turn.key, row)
        whole = Remembered(
            near=whole.near + tuple(r for r in part.near if r[0] not in nodes),
            flaps=whole.flaps + tuple(r for r in part.flaps if r[0] not in alarms),
            bundles=whole.bundles
            + tuple(r for r in part.bundles if r.key not in nodes),
            crowds=whole.crowds + tuple(r for r in part.crowds if r.key not in nodes),
            budgets=whole.budgets
            + tuple(r for r in part.budgets if _storm(r[0]) not in nodes),
        )
        nodes |= set(part.nodes)
        alarms |= set(part.alarms)
    stood = {row.key for row in whole.bundles if row.opened_seq <= after_seq}
    return msgspec.structs.replace(
        whole,
        bundles=tuple(row for row in whole.bundles if row.key in stood),
        crowds=tuple(row for row in whole.crowds if row.key in stood),
        nodes=tuple(sorted(nodes)),
        alarms=tuple(sorted(alarms)),
        held=tuple(held[key] for key in sorted(held)),
    )


def desk_of(remembered: Remembered) -> Desk:
    """Return a desk that remembers no more than this."""
    return Desk(
        held={held.turn.key: held for held in remembered.held},
        near=dict(remembered.near),
        flaps=dict(remembered.flaps),
        bundles={bundle.key: bundle for bundle in remembered.bundles},
        crowds={
            row.key: Crowd(
                frozenset(row.standing), frozenset(row.bad), frozenset(row.silent)
            )
            for row in remembered.crowds
        },
        budgets=dict(remembered.budgets),
        wake_us=0,
    )


def tied(
    remembered: Remembered, tags: set[BundleKey], alarms: set[AlarmKey]
) -> Remembered:
    """Return the part of a memory that has to do with some nodes, storms and alarms."""
    near = tuple(row for row in remembered.near if row[0] in tags)
    bundles = tuple(row for row in remembered.bundles if row.key in tags)
    crowds = tuple(row for row in remembered.crowds if row.key in tags)
    budgets = tuple(row for row in remembered.budgets if _storm(row[0]) in tags)
    known = alarms | {bundle.lead for bundle in bundles}
    known |= {key for _, keys in near for key in keys}
    known |= {key for crowd in crowds for key in crowd.standing}
    known |= {key for _, budget in budgets for key in budget.alarms}
    return Remembered(
        nodes=tuple(node for node in remembered.nodes if node in tags),
        alarms=tuple(key for key in remembered.alarms if key in alarms),
        held=tuple(row for row in remembered.held if row.turn.key in known),
        near=near,
        flaps=tuple(row for row in remembered.flaps if row[0] in alarms),
        bundles=bundles,
        crowds=crowds,
        budgets=budgets,
    )


def tags_of(layout: Layout, key: AlarmKey) -> set[BundleKey]:
    """Return what ties an alarm to others: nodes, storm, and the pipes of its mains."""
    ties = ties_of(layout, key)
    if ties is None:
        return set()
    tags = {node.key for node in ties.nodes} | {ties.storm}
    for node in ties.nodes:
        for code in () if node.mains is None else node.mains.pipes:
            tags.add(BundleKey(node.key.code, f"pipe:{code}"))
    return tags


def _storm(budget: BudgetKey) -> BundleKey:
    return BundleKey(f"storm:{budget.rule}", budget.area)
