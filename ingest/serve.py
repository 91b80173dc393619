"""The ingest process: the intake, the queues and all edges, in one group of tasks."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg
from prometheus_client import start_http_server

from devices.registry.snapshot import Snapshot
from ingest.commands.carriers import Carriers
from ingest.commands.worker import run_commands
from ingest.edges import Gates, Given, edges_of, nmea_ports
from ingest.inbox import Inbox
from ingest.intake import run_intake
from ingest.metrics import IngestMetrics
from ingest.modbus.pollers import Pollers
from ingest.mqtt.address import BrokerAddress
from ingest.mqtt.mouth import Mouth
from ingest.quarantine.retries import run_retries
from ingest.registry_watch import RegistryWatch
from ingest.settings import IngestSettings
from store.company import worker_name
from store.connection import IMPATIENT
from vocabulary.times import Clock

INBOX_SIZE = 64
"""Arrivals that may wait; each is at most what an edge hands over at once."""

CONNECTIONS = 2
"""The intake uses one; the other replaces it at once when it was lost."""

COMMAND_TIMEOUT_S = 60
"""How long the database may take over one statement before it counts as away."""

CLOSE_S = 2
"""How long connections may take to say good-bye."""


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
    inbox, mouth, gates = Inbox(INBOX_SIZE), Mouth(), Gates()
    metrics.watch(gates.counts())
    async with asyncio.TaskGroup() as tasks:
        pollers = Pollers(tasks, inbox, clock)
        ports = nmea_ports(tasks, settings, inbox=inbox, clock=clock, gates=gates)

        def follow(snapshot: Snapshot) -> None:
            pollers.follow(snapshot)
            ports.follow(snapshot)

        registry = RegistryWatch(settings.database_url, follow)
        tasks.create_task(registry.run(), name="registry")
        await registry.loaded()
        work = {
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
            "commands": run_commands(
                settings.database_url,
                lambda: registry.snapshot,
                Carriers(mouth, pollers),
                clock=clock,
            ),
        }
        given = Given(inbox=inbox, registry=registry, clock=clock, gates=gates)
        work |= edges_of(settings, given, broker=broker, mouth=mouth)
        for name, each in work.items():
            tasks.create_task(each, name=name)


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
