"""What each process runs, wired from its settings."""

import asyncio
import logging
from pathlib import Path

import uvicorn

import simulators
import web
from api.app import create_app
from gezhi.clock import utc_now
from gezhi.gateway_accounts import gateway_url
from gezhi.settings import Settings
from ingest.serve import IngestSettings, serve
from rules.fold import run_rules
from simulators.run import simulate
from store.latest import fold_latest

log = logging.getLogger(__name__)

SAMPLE_CITY = Path(simulators.__file__).parent / "sample_city"
"""The city that ships with the project."""

GRACE_S = 3
"""How long open streams get to end when the API stops."""


async def run_ingest(settings: Settings) -> None:
    """Serve every wire until cancelled."""
    await serve(
        IngestSettings(
            database_url=settings.needs_database(),
            mqtt_url=settings.needs_broker(),
            mqtt_client_id=settings.mqtt_client_id,
            shared_group=settings.mqtt_share or None,
            nmea_host=settings.nmea_host,
            nmea_tcp_port=settings.nmea_tcp_port,
            nmea_udp_port=settings.nmea_udp_port,
            metrics_port=settings.metrics_port or None,
        ),
        clock=utc_now,
    )


async def run_rules_worker(settings: Settings) -> None:
    """Fold the journal into alarms, cases and last values until cancelled."""
    dsn = settings.needs_database()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_rules(dsn, time_zone=settings.time_zone), name="rules")
        tasks.create_task(fold_latest(dsn), name="latest")


async def run_api(settings: Settings) -> None:
    """Serve HTTP until cancelled."""
    app = create_app(
        database_url=settings.needs_database(),
        clock=utc_now,
        web_root=Path(web.__file__).parent,
        basemap=settings.basemap(),
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


async def run_simulators(
    settings: Settings,
    *,
    city: Path | None,
    seed: int,
    incidents: str,
    truth: Path | None,
) -> None:
    """Play the hardware of a city folder until cancelled."""
    await simulate(
        city or SAMPLE_CITY,
        mqtt_url_of=lambda gateway: gateway_url(settings, gateway),
        nmea=(settings.nmea_host, settings.nmea_tcp_port),
        seed=seed,
        incidents=incidents if incidents in {"demo", "none"} else Path(incidents),
        truth=truth,
        clock=utc_now,
    )
