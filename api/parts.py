"""What endpoints are given: the database, the live stream, the clock, who is asking."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import asyncpg
from fastapi import Depends, Request

from api.live import Live
from api.verifier import Verifier
from store.connection import Connection
from vocabulary.times import Clock

ACQUIRE_S = 5.0
"""How long a request waits for a database connection before it says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What lives as long as the process.

    Attributes:
        pool: Connections for requests.
        live: The end of the journal, encoded for streams.
        verifier: Remembers which tokens were right.
        clock: Tells the time.
        basemap: GeoJSON below everything; None if there is none.
        time_zone: The city's own, IANA name.
        disks: Directories whose disks our own database fills.
    """

    pool: asyncpg.Pool
    live: Live
    verifier: Verifier
    clock: Clock
    basemap: Path | None
    time_zone: str
    disks: Sequence[Path] = ()


def parts_of(request: Request) -> Parts:
    """Return the parts of the application that got this request."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)  # noqa: S101 - put there by the lifespan
    return parts


async def _connection(
    parts: Annotated[Parts, Depends(parts_of)],
) -> AsyncIterator[Connection]:
    async with parts.pool.acquire(timeout=ACQUIRE_S) as connection:
        yield connection


Held = Annotated[Parts, Depends(parts_of)]
"""The parts, as an endpoint's argument."""

Database = Annotated[Connection, Depends(_connection)]
"""A database connection for one request, as an endpoint's argument."""
