"""The ingest process: all edges and the intake, in one group of tasks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from prometheus_client import start_http_server

from devices.registry.snapshot import Snapshot
from ingest.commands.carriers import Carriers
from ingest.commands.worker import run_commands
from ingest.inbox import Inbox
from ingest.intake import run_intake
from ingest.jt808.serve import Jt808Ports, serve_jt808
from ingest.metrics import IngestMetrics
from ingest.modbus.pollers import Pollers
from ingest.mqtt.address import BrokerAddress
from ingest.mqtt.edge import run_mqtt_edge
from ingest.mqtt.mouth import Mouth
from ingest.nmea.edge import serve_nmea_tcp, serve_nmea_udp
from ingest.nmea.ports import NmeaPorts
from ingest.quarantine.retries import run_retries
from ingest.registry_watch import RegistryWatch
from ingest.stations.hj212 import serve_hj212
from ingest.stations.sl651 import serve_sl651
from store.company import worker_name
from store.connection import IMPATIENT
from vocabulary.times import Clock

INBOX_SIZE = 64
"""Arrivals that may wait; each is at most what an edge hands over at once."""

CONNECTIONS = 2
"""The intake uses one; the other replaces it at once when it was lost."""

COMMAND_TIMEOUT_S = 60
"""How long the database may take over one statement before it counts as away."""

CLOSE_S = 5
"""How long connections may take to say good-bye."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """What an ingest process is told.

    Attributes:
        database_url: The database.
        mqtt_url: The broker, `mqtt[s]://user:password@host:port`, MQTT 3.1.1.
        mqtt_client_id: Our session's name; each worker has its own.
        shared_group: Name of the shared subscription; None with a single worker.
        nmea_host: Address the NMEA listeners bind.
        nmea_tcp_port: Their TCP port; 0 for any free one.
        nmea_udp_port: Their UDP port; 0 for any free one.
        nmea_gateway: Code of the gateway that terminals belong to.
        jt808_host: Address the JT/T 808 listeners bind.
        jt808_tcp_port: Their TCP port; 0 for any free one, None for none.
        jt808_udp_port: Their UDP port; 0 for any free one, None for none.
        station_host: Address the listeners for hydrological and outfall stations bind.
        sl651_port: TCP port for SL 651; 0 for any free one, None for none.
        hj212_port: TCP port for HJ 212; 0 for any free one, None for none.
        metrics_host: Address the metrics are served on.
        metrics_port: Their TCP port; None for none.
        disks: Directories on the disks that our own database fills; empty where it is
            somebody else's.
    """

    database_url: str
    mqtt_url: str
    mqtt_client_id: str
    shared_group: str | None = None
    nmea_host: str = "127.0.0.1"
    nmea_tcp_port: int
    nmea_udp_port: int
    nmea_gateway: str = "nmea"
    jt808_host: str = "127.0.0.1"
    jt808_tcp_port: int | None = None
    jt808_udp_port: int | None = None
    station_host: str = "127.0.0.1"
    sl651_port: int | None = None
    hj212_port: int | None = None
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    disks: Sequence[Path] = ()


async def serve(settings: IngestSettings, *, clock: Clock) -> None:
    """Take in what comes on every wire until cancelled.

    Starts hearing once the registry was read; a database that is not there yet is
    waited for.

    Args:
        settings: What to serve.
        clock: Tells the time.
    """
    broker = BrokerAddress.from_url(settings.mqtt_url)  # a wrong one fails at once
    metrics = IngestMetrics(settings.disks)
    name = worker_name(settings.mqtt_client_id)
    async with _pool(settings.database_url, name) as pool:
        with _metrics_served(metrics, settings):
            await _run(settings, broker, pool, metrics, clock)


async def _run(
    settings: IngestSettings,
    broker: BrokerAddress,
    pool: asyncpg.Pool,
    metrics: IngestMetrics,
    clock: Clock,
) -> None:
    inbox = Inbox(INBOX_SIZE)
    async with asyncio.TaskGroup() as tasks:
        pollers = Pollers(tasks, inbox, clock)
        ports = NmeaPorts(
            tasks,
            settings.nmea_host,
            inbox=inbox,
            clock=clock,
            served=settings.nmea_gateway,
        )

        def follow(snapshot: Snapshot) -> None:
            pollers.follow(snapshot)
            ports.follow(snapshot)

        registry = RegistryWatch(settings.database_url, follow)
        tasks.create_task(registry.run(), name="registry")
        await registry.loaded()
        mouth = Mouth()
        edges = {
            "intake": run_intake(
                pool,
                inbox,
                lambda: registry.snapshot,
                clock=clock,
                metrics=metrics,
                disks=settings.disks,
                worker=settings.mqtt_client_id,
            ),
            "retries": run_retries(settings.database_url, clock=clock),
            "mqtt": run_mqtt_edge(
                broker,
                settings.mqtt_client_id,
                inbox=inbox,
                clock=clock,
                registry=registry,
                shared_group=settings.shared_group,
                mouth=mouth,
            ),
            "commands": run_commands(
                settings.database_url,
                lambda: registry.snapshot,
                Carriers(mouth, pollers),
                clock=clock,
            ),
            "nmea tcp": serve_nmea_tcp(
                settings.nmea_host,
                settings.nmea_tcp_port,
                gateway=settings.nmea_gateway,
                inbox=inbox,
                clock=clock,
            ),
            "nmea udp": serve_nmea_udp(
                settings.nmea_host,
                settings.nmea_udp_port,
                gateway=settings.nmea_gateway,
                inbox=inbox,
                clock=clock,
            ),
        }
        edges["jt808"] = serve_jt808(
            Jt808Ports(
                host=settings.jt808_host,
                tcp=settings.jt808_tcp_port,
                udp=settings.jt808_udp_port,
            ),
            dsn=settings.database_url,
            registry=lambda: registry.snapshot,
            inbox=inbox,
            clock=clock,
        )
        edges |= _station_edges(
            settings, lambda: registry.snapshot, inbox=inbox, clock=clock
        )
        for name, edge in edges.items():
            tasks.create_task(edge, name=name)


def _station_edges(
    settings: IngestSettings,
    registry: Callable[[], Snapshot],
    *,
    inbox: Inbox,
    clock: Clock,
) -> dict[str, Coroutine[None, None, None]]:
    ports = {
        "sl651": (settings.sl651_port, serve_sl651),
        "hj212": (settings.hj212_port, serve_hj212),
    }
    return {
        name: serve_stations(
            settings.station_host, port, registry=registry, inbox=inbox, clock=clock
        )
        for name, (port, serve_stations) in ports.items()
        if port is not None
    }


@asynccontextmanager
async def _pool(dsn: str, name: str) -> AsyncIterator[asyncpg.Pool]:
    """Open a pool that need not reach its database to open or to close."""
    pool = await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=CONNECTIONS,
        command_timeout=COMMAND_TIMEOUT_S,
        server_settings={"application_name": name, **IMPATIENT},
    )
    try:
        yield pool
    finally:
        try:
            async with asyncio.timeout(CLOSE_S):
                await pool.close()
        except TimeoutError:
            pool.terminate()


@contextmanager
def _metrics_served(metrics: IngestMetrics, settings: IngestSettings) -> Iterator[None]:
    if settings.metrics_port is None:
        yield
        return
    server, thread = start_http_server(
        settings.metrics_port, settings.metrics_host, registry=metrics.registry
    )
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
