"""One alarm's whole explanation: what is stored, and what deciding again shows."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cases.routing import reason_words
from rules.bundle.bundle import Bundle, bundle_from, seen_from
from rules.bundle.chain import BundleError, opened
from rules.bundle.course import CourseStep, course_of
from rules.bundle.explain import explained
from rules.bundle.later import Later, later_of
from rules.bundle.make import NoBundleError, decided_in, make_bundle
from rules.bundle.many import Gathered, gathered_of
from rules.bundle.reach import LONGEST_H
from rules.bundle.replay import Replayed, replay, slot_of
from rules.bundle.resolved import Resolved
from rules.bundle.sayings import engine_sayings, many_sayings, verdict_sayings
from rules.bundle.shown import Explained, Saying
from store.alarms.corrections import corrections
from store.alarms.explained import AlarmFacts, RouteFacts, alarm_facts, route_of
from store.cases.bundles import kept_bundle
from store.connection import Connection

MOST_CORRECTIONS = 20
"""Corrections that are told of one alarm."""

KEPT, JOURNAL = "case", "journal"
"""Where a bundle came from: it was kept with the case, or made just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(RouteFacts):
    """Where the case of an alarm went, and why, in words.

    Attributes:
        unit_reason_zh: 为何派给该部门.
        unit_reason_en: Why that department.
    """

    unit_reason_zh: str
    unit_reason_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """One alarm's explanation.

    Attributes:
        alarm: What is stored of it.
        route: Where its case went, and why; None without a case.
        explained: What the engine did; None of a group or storm, and where that cannot
            be shown any more.
        gathered: What a group or storm is made of; None for the alarm of a rule.
        sayings: What was resolved for the device, or why a group or storm is one, and
            where each figure comes from, in sentences.
        course: What triage made of it, as far as the bundle reaches.
        source: case: a bundle that was kept with the case; journal: one that was made
            of the journal just now; empty without a bundle.
        kept_at: When it was kept, by the journal's time.
        is_same: Whether deciding again comes to the same; None if it cannot be tried.
        is_triaged: Whether what became of it was decided again as well.
        why_told: Why that is only told; empty if it was decided again.
        verdict: The same in sentences: on what, whether it came to the same.
        total: SHA-256 of the bundle's chain; None without a bundle.
        why_not: Why there is no bundle; empty if there is one.
        corrections: What late samples would have changed.
    """

    alarm: AlarmFacts
    route: Route | None
    explained: Explained | None = None
    gathered: Gathered | None = None
    sayings: Sequence[Saying] = ()
    course: Sequence[CourseStep] = ()
    source: str = ""
    kept_at: datetime | None = None
    is_same: bool | None = None
    is_triaged: bool = False
    why_told: str = ""
    verdict: Sequence[Saying] = ()
    total: str | None = None
    why_not: str = ""
    corrections: Sequence[Later] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A bundle, where it came from, and what deciding on it again came to."""

    bundle: Bundle
    replayed: Replayed
    octets: bytes
    kept_at: datetime | None


async def explain_alarm(
    connection: Connection,
    alarm_id: int,
    *,
    time_zone: str,
    longest_h: float = LONGEST_H,
) -> tuple[Whole, bytes] | None:
    """Return the explanation of an alarm and its bundle's octets, which may be empty.

    What was kept with its case is taken before what the journal still holds: it was
    made under the rules and the registry of then.

    Args:
        connection: Any.
        alarm_id: `alarm.id`.
        time_zone: The city's IANA zone.
        longest_h: Hours before the decision that may be read.
    """
    alarm = await alarm_facts(connection, alarm_id)
    if alarm is None:
        return None
    route = await _where(connection, alarm)
    corrected = await _corrected(connection, alarm_id, ZoneInfo(time_zone))
    try:
        found = await _kept(connection, alarm)
        if found is None:
            made = await make_bundle(
                connection, alarm, time_zone=time_zone, longest_h=longest_h
            )
            found = _Found(made.bundle, made.replayed, made.bundle.octets(), None)
    except (NoBundleError, BundleError) as error:
        whole = Whole(
            alarm=alarm, route=route, why_not=str(error), corrections=corrected
        )
        return whole, b""
    whole = await asyncio.to_thread(_whole, alarm, route, found, corrected)
    return whole, found.octets


def _whole(
    alarm: AlarmFacts, route: Route | None, found: _Found, corrected: Sequence[Later]
) -> Whole:
    bundle, replayed, is_triaged = (
        found.bundle,
        found.replayed,
        found.replayed.triaged.is_same is not None,
    )
    told = None if alarm.is_of_many else explained(bundle, replayed)
    many = gathered_of(bundle, replayed)
    return Whole(
        alarm=alarm,
        route=route,
        explained=told,
        gathered=many,
        sayings=list(_sayings(found, told, many)),
        course=course_of(bundle, replayed),
        source=JOURNAL if found.kept_at is None else KEPT,
        kept_at=found.kept_at,
        is_same=replayed.is_same,
        is_triaged=is_triaged,
        why_told=bundle.gone.why_not,
        verdict=verdict_sayings(
            is_kept=found.kept_at is not None,
            is_same=replayed.is_same,
            is_triaged=is_triaged,
            why_told=bundle.gone.why_not,
        ),
        total=opened(found.octets)[1].total,
        corrections=corrected,
    )


def _sayings(
    found: _Found, told: Explained | None, many: Gathered | None
) -> Iterator[Saying]:
    if told is not None:
        slot = slot_of(found.replayed.plan, found.bundle.decided)
        yield from engine_sayings(Resolved(found.replayed, slot), told)
    if many is not None:
        yield from many_sayings(many)


async def _kept(connection: Connection, alarm: AlarmFacts) -> _Found | None:
    """Return what was kept with a case; a member's samples are in its group's bundle.

    Raises:
        BundleError: If it is not what it was.
    """
    kept = await kept_bundle(connection, alarm.id)
    if kept is None and alarm.lead_id is not None:
        kept = await kept_bundle(connection, alarm.lead_id)
    if kept is None or not kept.octets:
        return None
    bundle = seen_from(bundle_from(kept.octets)[0], decided_in(alarm))
    if bundle is None:
        return None
    replayed = await asyncio.to_thread(replay, bundle)
    return _Found(bundle, replayed, kept.octets, kept.made_at)


async def _where(connection: Connection, alarm: AlarmFacts) -> Route | None:
    if alarm.case_id is None:
        return None
    facts = await route_of(connection, alarm.case_id)
    if facts is None:
        return None
    words = reason_words(facts.unit_reason)
    return Route(**asdict(facts), unit_reason_zh=words.zh, unit_reason_en=words.en)


async def _corrected(
    connection: Connection, alarm_id: int, zone: ZoneInfo
) -> list[Later]:
    rows = await corrections(
        connection, scope=None, alarm_id=alarm_id, before=None, limit=MOST_CORRECTIONS
    )
    return [later_of(row, zone) for row in rows]
