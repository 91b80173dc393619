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


class ApiEndedError(RuntimeError):
    """The server cannot go on; started again, it begins at the journal's end."""


async def run_api(settings: Settings) -> None:
    """Serve HTTP until cancelled.

    Raises:
        ApiEndedError: If it could not be served, or no longer.
    """
    broken = asyncio.Event()

    def say(error: BaseException) -> None:
        log.critical(
            "the live stream has ended; so does this process, to be started again",
            exc_info=error,
        )
        broken.set()

    app = create_app(
        database_url=settings.needs_database(),
        clock=utc_now,
        web_root=Path(web.__file__).parent,
        basemap=settings.basemap(),
        time_zone=settings.time_zone,
        disks=settings.watched_disks(),
        on_broken=say,
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.api_host,
            port=settings.api_port,
            log_level="warning",
            timeout_graceful_shutdown=GRACE_S,
            lifespan="on",  # an application that does not start is no reason to serve
        )
    )
    log.info("api on http://%s:%d", settings.api_host, settings.api_port)
    await _serve_until(server, broken)
    raise ApiEndedError("the API has ended; its log says why")


async def _serve_until(server: uvicorn.Server, broken: asyncio.Event) -> None:
    """Serve; when cancelled or broken, bid open streams farewell and end in order.

    uvicorn wants to hear of signals itself, but under our loop's handlers it does not.
    """
    serving = asyncio.create_task(server.serve(), name="http")
    watching = asyncio.create_task(broken.wait(), name="broken")
    try:
        await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        AppStatus.should_exit = True
        server.should_exit = True
        watching.cancel()
        await serving
