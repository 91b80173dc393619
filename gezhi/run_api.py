"""The API process: HTTP, the live stream and the page."""

import logging
from pathlib import Path

import uvicorn

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
    await server.serve()
