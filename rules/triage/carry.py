"""Taking the desk over when rules, devices or windows change. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from rules.triage.desk import Bundle, BundleKey, Desk, Flap, Handling, Held
from rules.triage.layout import Layout
from rules.triage.turn import AlarmKey

NOW = 0
"""A time that is always due."""

UNBUNDLED = (Handling.FILED, Handling.WAITING, Handling.NOTED)
"""Handlings of alarms that a group may still take."""


def carry_desk(
    desk: Desk, layout: Layout, judged: Iterable[AlarmKey]
) -> tuple[Desk, list[AlarmKey]]:
    """Return a desk under another layout, and its own alarms that end with the old one.

    Args:
        desk: As it was under the layout before.
        layout: The one to go on with.
        judged: Every alarm that can stand from now on.
    """
    known = set(judged)
    crowds = {
        key: replace(crowd, standing=crowd.standing & known)
        for key, crowd in desk.crowds.items()
    }
    bundles = {
        key: bundle
        for key, bundle in desk.bundles.items()
        if (crowds[key].standing or bundle.lead in desk.held)
        and _goes_on(bundle, layout, known)
    }
    ended = [
        bundle.lead
        for key, bundle in sorted(desk.bundles.items())
        if key not in bundles and bundle.cause is None
    ]
    split = {key for key, b in desk.bundles.items() if b.lead in layout.splits}
    held = {
        key: _carried(_tried(held, layout), bundles, split)
        for key, held in desk.held.items()
        if key in known
    }
    carried = Desk(
        held=held,
        near=near_of(layout, held),
        flaps={key: flap for key, flap in desk.flaps.items() if key in known},
        bundles=bundles,
        crowds={key: crowds[key] for key in bundles},
        budgets=desk.budgets,
        wake_us=NOW,
    )
    return carried, ended


def believed_desk(layout: Layout, held: Iterable[Held], *, at_us: int) -> Desk:
    """Return a desk made of alarms that stand, where none was kept.

    What waited is asked again; groups and storms stand anew when the next member comes.

    Args:
        layout: Of the plan.
        held: The alarms, each with its handling.
        at_us: The journal's time.
    """
    found = {each.turn.key: _asked_again(_tried(each, layout)) for each in held}
    unstable = [e for e in found.values() if e.handling is Handling.UNSTABLE]
    return Desk(
        held=found,
        near=near_of(layout, found),
        flaps={
            each.turn.key: Flap(
                raises_us=(), last_us=at_us, since_us=at_us, hits=0, turn=each.turn
            )
            for each in unstable
        },
        wake_us=NOW,
    )


def _tried(held: Held, layout: Layout) -> Held:
    """Return an alarm that is asked again if its rule is on trial no more."""
    rule, version, _ = held.turn.key
    if held.handling is not Handling.SHADOW or (rule, version) in layout.shadow:
        return held
    # As of one that a window kept back until now: every question is asked.
    return replace(held, handling=Handling.MAINTENANCE, due_us=NOW)


def _asked_again(held: Held) -> Held:
    if held.handling in (Handling.WAITING, Handling.MAINTENANCE):
        return replace(held, due_us=NOW)
    return held


def near_of(
    layout: Layout, held: Mapping[AlarmKey, Held]
) -> dict[BundleKey, tuple[AlarmKey, ...]]:
    """Return which alarms may still belong to which group."""
    found: dict[BundleKey, tuple[AlarmKey, ...]] = {}
    free = [
        each
        for each in held.values()
        if each.bundle is None and each.handling in UNBUNDLED
    ]
    for each in sorted(free, key=lambda each: (each.turn.at_us, each.turn.key)):
        key = each.turn.key
        asked = key.rule, key.device_id
        for node in (*layout.member.get(asked, ()), *layout.support.get(asked, ())):
            found[node.key] = (*found.get(node.key, ()), key)
    return found


def _goes_on(bundle: Bundle, layout: Layout, known: set[AlarmKey]) -> bool:
    if bundle.lead in layout.splits:
        return False
    if bundle.cause is not None and bundle.lead not in known:
        return False
    return bundle.is_storm or bundle.key in layout.nodes


def _carried(
    held: Held, bundles: Mapping[BundleKey, Bundle], split: set[BundleKey]
) -> Held:
    if held.bundle in split and held.handling in (Handling.MEMBER, Handling.STORM):
        return replace(
            held, handling=Handling.WAITING, bundle=None, due_us=NOW, is_split=True
        )
    if held.handling is Handling.MAINTENANCE:
        held = replace(held, due_us=NOW)
    return held if held.bundle in bundles else replace(held, bundle=None)
