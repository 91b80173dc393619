"""The API process: HTTP, the live stream and the page."""

import asyncio
import logging
from pathlib import Path

import uvicorn
from sse_starlette.sse import AppStatus

import web
from api.app import create_app
from gezhi.clock import utc_now
from gezhi.settings import Settings

log = logging.getLogger(__name__)

GRACE_S = 3
"""How long open streams get to end when the API stops."""


async def run_api(settings: Settings) -> None:
    """Serve HTTP until cancelled."""
    app = create_app(
        database_url=settings.needs_database(),
        clock=utc_now,
        web_root=Path(web.__file__).parent,
        basemap=settings.basemap(),
        time_zone=settings.time_zone,
        disks=settings.watched_disks(),
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.api_host,
            port=settings.api_port,
            log_level="warning",
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    log.info("api on http://%s:%d", settings.api_host, settings.api_port)
    await _serve_until_cancelled(server)


async def _serve_until_cancelled(server: uvicorn.Server) -> None:
    """Serve; when cancelled, bid open streams farewell and end in order.

    uvicorn wants to hear of signals itself, but under our loop's handlers it does not.
    """
    serving = asyncio.create_task(server.serve(), name="http")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        AppStatus.should_exit = True
        server.should_exit = True
        await serving
        raise
