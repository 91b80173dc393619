"""One alarm's whole explanation: what is stored, and what deciding again shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from rules.bundle.chain import BundleError, opened
from rules.bundle.explain import Explained, explained
from rules.bundle.make import LONGEST_H, NoBundleError, make_bundle
from store.connection import Connection
from store.corrections import corrections
from store.explain_read import AlarmFacts, RouteFacts, alarm_facts, route_of

MOST_CORRECTIONS = 20
"""Corrections that are told of one alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """One alarm's explanation.

    Attributes:
        alarm: What is stored of it.
        route: Where its case went, and why; None without a case.
        explained: What the engine did; None where that cannot be shown any more.
        is_same: Whether deciding again comes to the same; None if it cannot be tried.
        total: SHA-256 of the bundle's chain; None without a bundle.
        why_not: Why there is no bundle; empty if there is one.
        corrections: What late samples would have changed, in words.
    """

    alarm: AlarmFacts
    route: RouteFacts | None
    explained: Explained | None
    is_same: bool | None
    total: str | None
    why_not: str
    corrections: Sequence[str] = ()


async def explain_alarm(
    connection: Connection,
    alarm_id: int,
    *,
    time_zone: str,
    longest_h: float = LONGEST_H,
) -> tuple[Whole, bytes] | None:
    """Return the explanation of an alarm and its bundle's octets, which may be empty.

    Args:
        connection: Any.
        alarm_id: `alarm.id`.
        time_zone: The city's IANA zone.
        longest_h: Hours before the decision that may be read.
    """
    alarm = await alarm_facts(connection, alarm_id)
    if alarm is None:
        return None
    route = None
    if alarm.case_id is not None:
        route = await route_of(connection, alarm.case_id)
    if ":" in alarm.rule:
        why = f"{alarm.rule} stands for many alarms; each of them can be explained"
        return _without(alarm, route, why), b""
    try:
        made = await make_bundle(
            connection, alarm, time_zone=time_zone, longest_h=longest_h
        )
        told = explained(made.bundle, made.replayed)
    except (NoBundleError, BundleError) as error:
        return _without(alarm, route, str(error)), b""
    octets = made.bundle.octets()
    whole = Whole(
        alarm=alarm,
        route=route,
        explained=told,
        is_same=made.replayed.is_same,
        total=opened(octets)[1].total,
        why_not="",
        corrections=await _corrected(connection, alarm_id),
    )
    return whole, octets


async def _corrected(connection: Connection, alarm_id: int) -> list[str]:
    rows = await corrections(
        connection, scope=None, alarm_id=alarm_id, before=None, limit=MOST_CORRECTIONS
    )
    return [
        f"{row.kind} {row.severity} {row.measured_at:%Y-%m-%d %H:%M:%S}Z"
        for row in rows
    ]


def _without(alarm: AlarmFacts, route: RouteFacts | None, why: str) -> Whole:
    return Whole(
        alarm=alarm,
        route=route,
        explained=None,
        is_same=None,
        total=None,
        why_not=why,
    )
