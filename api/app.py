"""The application: routers, failures, the page, and what lives as long as it does."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import asyncpg
from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute

from api import (
    alarms,
    backtests,
    cases,
    commands,
    devices,
    explain,
    gateways,
    geofences,
    grid,
    health,
    lighting,
    metrics,
    moves,
    positions,
    probes,
    quarantine,
    retention,
    rules,
    session,
    stream,
    tracks,
    triage,
    units,
    windows,
    words,
)
from api.address import PREFIX
from api.bounds import Bounded
from api.failures import install_failures
from api.live import Live
from api.metrics import Measured, Metrics
from api.page import Guarded, install_page
from api.parts import Parts
from api.problems import MEDIA_TYPE, Problem
from api.verifier import Verifier
from store.connection import IMPATIENT
from vocabulary.times import Clock

MOST_CONNECTIONS = 12
"""Database connections of one API process, the live stream's own not counted."""

STATEMENT_S = 20.0
"""How long one statement may take."""

COMPRESSED_FROM_OCTETS = 2_000
"""Answers from this size on are compressed; streams never are."""

COMPRESSION = 3
"""A third of the highest level's time for nine tenths of what it saves."""

RESOURCES = (
    session,
    health,
    devices,
    commands,
    gateways,
    lighting,
    positions,
    tracks,
    geofences,
    cases,
    moves,
    units,
    alarms,
    explain,
    windows,
    rules,
    triage,
    backtests,
    grid,
    quarantine,
    retention,
    words,
    stream,
)
"""Modules with a router below `PREFIX`, in the order of the documentation."""

PROBLEM: dict[str, object] = {
    "model": Problem,
    "content": {MEDIA_TYPE: {}},
}
"""How the schema tells of errors."""


def create_app(
    *,
    database_url: str,
    clock: Clock,
    web_root: Path,
    basemap: Path | None = None,
    time_zone: str = "Asia/Shanghai",
    disks: Sequence[Path] = (),
    on_broken: Callable[[BaseException], None] | None = None,
) -> FastAPI:
    """Return the application; it connects when it is started.

    Args:
        database_url: PostgreSQL with our schema; may be away at the start.
        clock: Tells the time.
        web_root: Folder of the page.
        basemap: GeoJSON below everything on the map; None if there is none.
        time_zone: The city's own, IANA name; the page shows times in it.
        disks: Directories whose disks our own database fills; measured by the probes.
        on_broken: Told what ended the work beside the requests: it is not begun again,
            and nothing is served right any more. Whoever runs us should end.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            asyncpg.create_pool(
                database_url,
                min_size=0,
                max_size=MOST_CONNECTIONS,
                command_timeout=STATEMENT_S,
                server_settings=IMPATIENT,
            ) as pool,
            asyncio.TaskGroup() as tasks,
        ):
            live = Live(database_url, pool)
            app.state.metrics = Metrics(live, disks)
            app.state.parts = Parts(
                pool=pool,
                live=live,
                verifier=Verifier(),
                clock=clock,
                basemap=basemap,
                time_zone=time_zone,
                disks=disks,
            )
            following = tasks.create_task(_followed(live, on_broken), name="live")
            yield
            following.cancel()

    app = FastAPI(
        title="Gezhi 格知",
        description="Sensors and vehicles of a city, and the cases they raise.",
        version="1",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its scripts would come from elsewhere, which the CSP forbids
        redoc_url=None,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        redirect_slashes=False,
    )
    _install(app, web_root)
    return app


async def _followed(
    live: Live, on_broken: Callable[[BaseException], None] | None
) -> None:
    """Follow the journal; say so if that ends, of which the server tells nobody."""
    try:
        await live.follow()
    except Exception as error:
        if on_broken is not None:
            on_broken(error)
        raise


def _install(app: FastAPI, web_root: Path) -> None:
    install_failures(app)
    app.router.routes.extend(_routes())
    install_page(app, web_root)
    app.add_middleware(Bounded)
    app.add_middleware(
        GZipMiddleware,
        minimum_size=COMPRESSED_FROM_OCTETS,
        compresslevel=COMPRESSION,
    )
    app.add_middleware(Guarded)
    app.add_middleware(Measured)


@functools.cache
def _routes() -> list[BaseRoute]:
    """Make our routes, once for all applications of a process.

    What they answer hangs on the application that is asked. To make them takes a
    third of a second of the first request.
    """
    resources = APIRouter(
        responses={"4XX": PROBLEM, "422": PROBLEM, "5XX": PROBLEM},
    )
    for resource in RESOURCES:
        resources.include_router(resource.router, prefix=PREFIX)
    resources.include_router(probes.router)
    resources.include_router(metrics.router)
    return resources.routes
