"""Whether the process lives, and whether it can do its work."""

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.answer import answer
from api.parts import ACQUIRE_S, Held, Parts
from api.problems import Fault, Kind, ProblemError
from store.connection import AWAY
from store.migrate import pending_in
from store.telemetry_read import Head, journal_head

router = APIRouter(tags=["probes"])

STALE = timedelta(seconds=10)
"""A journal is stale without an entry for longer: ingest ticks each second."""


class Alive(BaseModel):
    """The process answers."""

    status: str


class Ready(BaseModel):
    """Everything that the API needs is there."""

    status: str
    seq: int = Field(description="Number of the journal's newest entry.")
    journal_age_s: float = Field(description="How old that entry is.")


@router.get("/healthz", response_model=Alive)
async def healthz() -> Response:
    """Say that the process is alive; nothing else is looked at."""
    return answer({"status": "alive"})


@router.get("/readyz", response_model=Ready)
async def readyz(parts: Held) -> Response:
    """Say whether the database answers, is migrated, and the journal moves on."""
    head = await _head(parts)
    age = _fresh_age(head, parts.clock())
    return answer(
        {"status": "ready", "seq": head.seq, "journal_age_s": age.total_seconds()}
    )


async def _head(parts: Parts) -> Head:
    try:
        async with parts.pool.acquire(timeout=ACQUIRE_S) as connection:
            missing = await pending_in(connection)
            if missing:
                raise _not_ready(
                    "migrations", f"not applied: {', '.join(missing)}", "gezhi migrate"
                )
            return await journal_head(connection)
    except AWAY as error:
        raise _not_ready(
            "database", f"does not answer: {error}", "a PostgreSQL at DATABASE_URL"
        ) from error


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
