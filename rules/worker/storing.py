"""Alarms and cases into the database; what breaks one of them stops no other."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from cases.filing import file_cases
from cases.request import FilingRequest, JoinRequest
from devices.registry.snapshot import Snapshot
from rules.bundle.reach import AFTER
from rules.plan.plan import Plan
from rules.triage.decision import Close, Decision, Open, Unheard
from rules.worker.booking import book
from rules.worker.fixes import Fixes
from rules.worker.halting import BrokenPartError, Faults, part_of
from rules.worker.raised import alarm_keys, new_alarms
from store.alarms.raised import change_alarms, raise_alarms, standing_alarms
from store.cases.bundles import ask_for_bundles
from store.connection import Connection
from store.rules.faults import FaultKind

log = logging.getLogger(__name__)

Request: TypeAlias = FilingRequest | JoinRequest
"""What the cases are asked."""


@dataclass(frozen=True, slots=True)
class Town:
    """What filing has to know of the city.

    Attributes:
        snapshot: The registry as it was when the rules decided.
        time_zone: The city's IANA zone: it says which day a case is of.
        shard: Which journal.
        fixes: Where vehicles are; the entries that are filed have been heard.
    """

    snapshot: Snapshot
    time_zone: str
    shard: int
    fixes: Fixes


async def store_alarms(
    connection: Connection, plan: Plan, decisions: Sequence[Decision], faults: Faults
) -> list[Request]:
    """Write what became of the alarms and return what the cases are asked."""
    if not decisions:
        return []
    try:
        async with part_of(connection):
            return await _book(connection, plan, decisions)
    except BrokenPartError:
        pass  # entry by entry, so that those stay out alone that break
    requests: list[Request] = []
    for seq, some in groupby(decisions, key=_seq_of):
        try:
            async with part_of(connection):
                requests += await _book(connection, plan, list(some))
        except BrokenPartError as broken:
            faults.add(FaultKind.ALARM, broken.reason, seq=seq)
    return requests


async def _book(
    connection: Connection, plan: Plan, decisions: Sequence[Decision]
) -> list[Request]:
    standing = await standing_alarms(connection, alarm_keys(decisions))
    raised = await raise_alarms(connection, new_alarms(plan, decisions))
    booked = book(plan, decisions, standing=standing, raised=raised)
    await change_alarms(connection, booked.changes)
    if raised:
        await ask_for_bundles(connection, raised.values(), after=AFTER)
    for stray in booked.strays:
        log.error("rules: decided on an alarm that does not stand: %s", stray)
    return booked.requests


def _seq_of(decision: Decision) -> int:
    if isinstance(decision, Open | Close | Unheard):
        return decision.seq
    return decision.transition.seq


async def file_requests(
    connection: Connection, requests: Sequence[Request], town: Town, faults: Faults
) -> None:
    """File cases; if one cannot be, all others."""
    try:
        async with part_of(connection):
            await _file_some(connection, requests, town)
    except BrokenPartError:
        for request in requests:
            await _file_one(connection, request, town, faults)


async def _file_one(
    connection: Connection, request: Request, town: Town, faults: Faults
) -> None:
    try:
        async with part_of(connection):
            await _file_some(connection, [request], town)
    except BrokenPartError as broken:
        hit = request.lead if isinstance(request, JoinRequest) else request
        reason = f"{broken.reason} (alarm {hit.alarm_id})"
        faults.add(FaultKind.CASE, reason, rule=hit.rule, rule_version=hit.rule_version)


async def _file_some(
    connection: Connection, requests: Sequence[Request], town: Town
) -> None:
    await file_cases(
        connection,
        requests,
        town.snapshot,
        time_zone=town.time_zone,
        fix_of=town.fixes.at,
        shard=town.shard,
    )
