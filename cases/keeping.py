"""Put evidence into the database, in the transaction of what it is evidence of."""

from dataclasses import replace
from datetime import datetime, timedelta

from cases import evidence
from cases.evidence import EvidenceKind
from cases.evidence_bodies import CommandBody
from cases.placing import Place
from cases.request import FilingRequest
from devices.registry.snapshot import Snapshot
from store.alarms.evidence import (
    Due,
    Window,
    fixes_in,
    has_recovered,
    has_rule_evidence,
    insert_due,
    insert_evidence,
    readings_in,
)
from store.commands.read import command_steps, numbered_command
from store.connection import Connection


async def keep_opening(
    connection: Connection,
    case_id: int,
    request: FilingRequest,
    place: Place,
    snapshot: Snapshot,
) -> None:
    """Keep what opened a case, and ask for what follows to be kept in its time."""
    at = request.at
    command = await _command(connection, request)
    rule = evidence.rule_body(request, place, command=command)
    registry = evidence.registry_body(place, snapshot)
    await _keep(connection, case_id, EvidenceKind.RULE, at, rule)
    await _keep(connection, case_id, EvidenceKind.REGISTRY, at, registry)
    await keep_return(connection, case_id, request)


async def keep_return(
    connection: Connection, case_id: int, request: FilingRequest
) -> None:
    """Keep the samples before a hit, and ask for what follows in its time."""
    at = request.at
    window = evidence.window_before(request)
    await _keep_samples(connection, case_id, window, EvidenceKind.SAMPLES_BEFORE, at)
    await insert_due(
        connection,
        Due(
            case_id=case_id,
            device_id=request.device_id,
            quantity=request.quantity,
            measured_at=request.measured_at,
            due_at=at + evidence.AFTER,
        ),
    )


async def keep_hit(
    connection: Connection, case_id: int, request: FilingRequest, place: Place
) -> None:
    """Keep a hit on an open case, and its rule if the case does not have it yet."""
    known = await has_rule_evidence(
        connection, case_id, rule=request.rule, version=request.rule_version
    )
    if not known:
        command = await _command(connection, request)
        body = evidence.rule_body(request, place, command=command)
        await _keep(connection, case_id, EvidenceKind.RULE, request.at, body)
    await keep_change(connection, case_id, request)


async def keep_change(
    connection: Connection, case_id: int, request: FilingRequest
) -> None:
    """Keep what became of an alarm."""
    command = await _command(connection, request)
    body = evidence.hit_body(request, command=command)
    await _keep(connection, case_id, EvidenceKind.HIT, request.at, body)


async def ask_for_proof(
    connection: Connection, case_id: int, request: FilingRequest, hold: timedelta
) -> None:
    """Ask for what the sensor says from now on to be kept, once it has held so long."""
    await insert_due(
        connection,
        Due(
            case_id=case_id,
            device_id=request.device_id,
            quantity=request.quantity,
            measured_at=request.measured_at,
            due_at=request.at + hold,
            kind=EvidenceKind.RECOVERED,
        ),
    )


async def keep_later_samples(connection: Connection, due: Due, now: datetime) -> None:
    """Keep the samples that followed a decision, or that prove a recovery."""
    window = evidence.window_after(
        due.device_id, due.quantity, measured_at=due.measured_at, until=due.due_at
    )
    if due.kind == EvidenceKind.RECOVERED:
        await _keep_proof(connection, due, window, now)
        return
    kind = EvidenceKind.SAMPLES_AFTER
    await _keep_samples(connection, due.case_id, window, kind, now)


async def _keep_proof(
    connection: Connection, due: Due, window: Window, now: datetime
) -> None:
    """Keep proof of a recovery; a sensor that has said nothing since proves nothing."""
    if not await has_recovered(connection, due.case_id):
        return
    newest = replace(window, newest=True)
    readings = await readings_in(connection, newest)
    fixes = await fixes_in(connection, newest) if window.quantity is None else None
    if not readings and fixes is None:
        return
    for body in evidence.samples_bodies(newest, readings, fixes):
        await _keep(connection, due.case_id, EvidenceKind.RECOVERED, now, body)


async def _command(
    connection: Connection, request: FilingRequest
) -> CommandBody | None:
    """Return the command that a hit is about, as it now stands."""
    if request.command is None:
        return None
    row = await numbered_command(connection, request.command)
    if row is None:
        return None
    return evidence.command_body(row, await command_steps(connection, row.number))


async def _keep_samples(
    connection: Connection,
    case_id: int,
    window: Window,
    kind: EvidenceKind,
    at: datetime,
) -> None:
    readings = await readings_in(connection, window)
    fixes = await fixes_in(connection, window) if window.quantity is None else None
    for body in evidence.samples_bodies(window, readings, fixes):
        await _keep(connection, case_id, kind, at, body)


async def _keep(
    connection: Connection, case_id: int, kind: EvidenceKind, at: datetime, body: bytes
) -> None:
    await insert_evidence(connection, case_id, kind=kind, at=at, body=body)
