"""Whether the process lives, and whether it can do its work."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.answer import answer
from api.parts import ACQUIRE_S, Held, Parts
from api.problems import Fault, Kind, ProblemError
from rules.retention.clock import JUMPED
from store.connection import AWAY, Connection
from store.disk import disk_of, full_disk
from store.migrate import pending_in
from store.retention.told import retention_wrong
from store.rules.standing import RulesStanding, rules_standing
from store.telemetry.read import Head, journal_head

router = APIRouter(tags=["probes"])

STALE = timedelta(seconds=10)
"""A journal is stale without an entry for longer: ingest ticks each second."""

LATE = timedelta(seconds=3)
"""After so long the database is asked whether it can still write."""

FAR_BEHIND = 1000
"""More entries than this that the rules have not taken are worth a warning."""

LATE_RETENTION = timedelta(hours=2)
"""What is old should have been looked for since: it is each ten minutes."""

SEE_RETENTION = "see GET /api/v1/retention or gezhi retention"
"""Where it is said what is kept, and who holds it back."""

SEE_FAULTS = "see GET /api/v1/rule-faults or gezhi rules faults"
"""Where it is said what the rules process left out, and why."""

ROOM = "room on it; ingest goes on by itself then, nothing is lost"
"""What would be right of a full disk."""


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """Everything that the API needs is there."""

    status: str
    seq: int = Field(description="Number of the journal's newest entry.")
    journal_age_s: float = Field(description="How old that entry is.")
    warnings: list[str] = Field(description="What will stop us if nobody sees to it.")


@router.get("/healthz", response_model=Alive)
async def healthz() -> Response:
    """Say that the process is alive; nothing else is looked at."""
    return answer({"status": "alive"})


@router.get("/readyz", response_model=Ready)
async def readyz(parts: Held) -> Response:
    """Say whether the database answers, is migrated and has room; the journal moves."""
    low = _low_disks(parts.disks)
    try:
        head, wrong = await _head(parts)
        age = _fresh_age(head, parts.clock())
    except ProblemError as problem:
        # The database may be away because its disk is full: it cannot say so itself.
        problem.errors = [*problem.errors, *low]
        raise
    return answer(
        {
            "status": "ready",
            "seq": head.seq,
            "journal_age_s": age.total_seconds(),
            "warnings": [
                f"{each.where}: {each.wrong}; {each.right}" for each in (*low, *wrong)
            ],
        }
    )


async def _head(parts: Parts) -> tuple[Head, list[Fault]]:
    """Return the journal's head, and what is wrong with rules and retention."""
    try:
        async with parts.pool.acquire(timeout=ACQUIRE_S) as connection:
            missing = await pending_in(connection)
            if missing:
                raise _not_ready(
                    "migrations", f"not applied: {', '.join(missing)}", "gezhi migrate"
                )
            head = await journal_head(connection)
            if parts.clock() - head.received_at > LATE:
                await _check_room(connection)
            wrong = _rules_wrong(await rules_standing(connection))
            return head, wrong + await _retention_wrong(connection, parts.clock())
    except AWAY as error:
        raise _not_ready(
            "database", f"does not answer: {error}", "a PostgreSQL at DATABASE_URL"
        ) from error


async def _check_room(connection: Connection) -> None:
    if why := await full_disk(connection):
        raise _not_ready("disk", f"the database's is full: {why}", ROOM)


def _rules_wrong(standing: RulesStanding) -> list[Fault]:
    """Return what the rules process does without; it goes on, so we are ready."""
    found = []
    if standing.halted:
        wrong = f"{standing.halted} are halted, for they broke"
        found.append(Fault("rules", wrong, SEE_FAULTS))
    if standing.recent_faults:
        wrong = f"something was left out {standing.recent_faults} times of late"
        found.append(Fault("rules", wrong, SEE_FAULTS))
    if standing.behind > FAR_BEHIND:
        wrong = f"{standing.behind} entries of the journal are not judged yet"
        found.append(Fault("rules", wrong, "is gezhi rules running, and in time?"))
    return found


async def _retention_wrong(connection: Connection, now: datetime) -> list[Fault]:
    """Return what keeps old things from going; nothing is lost by it but room."""
    found = await retention_wrong(
        connection, now=now, jumped=JUMPED, late=LATE_RETENTION
    )
    return [Fault("retention", wrong, SEE_RETENTION) for wrong in found]


def _low_disks(places: Iterable[Path]) -> list[Fault]:
    """Return what is wrong with the disks that are ours to measure."""
    disks = [disk_of(place) for place in places if place.exists()]
    return [Fault("disk", str(disk), ROOM) for disk in disks if disk.is_low]


def _fresh_age(head: Head, now: datetime) -> timedelta:
    age = now - head.received_at
    if head.seq == 0:
        raise _not_ready("journal", "has no entry yet", "gezhi ingest running")
    if age > STALE:
        raise _not_ready(
            "journal",
            f"its newest entry is {age.total_seconds():.0f} s old",
            "one each second: is gezhi ingest running, and in time?",
        )
    return age


def _not_ready(where: str, wrong: str, right: str) -> ProblemError:
    return ProblemError(
        Kind.NOT_READY,
        f"{where}: {wrong}; right would be: {right}",
        errors=[Fault(where, wrong, right)],
    )
