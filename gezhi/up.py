"""The whole platform on one machine: database, broker, our processes; stopped whole."""

import asyncio
import os
import sys
import urllib.request
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
from rich.console import Console

from gezhi.clock import utc_now
from gezhi.gateway_accounts import follow_gateways, passwords_file
from gezhi.prepare import prepare
from gezhi.processes.running_platform import announced
from gezhi.processes.supervise import Report, keep_running, keep_started
from gezhi.settings import Settings
from gezhi.stack.broker import Broker
from gezhi.stack.child import Program
from gezhi.stack.home import Home, claim, home_path, open_home
from gezhi.stack.postgres import Cluster
from gezhi.stack.secrets import secret, write_private
from store.access import create_token

READY_WITHIN_S = 300.0
"""How long the API may take to call itself ready after its start."""

POLL_S = 0.1
"""Seconds between two questions whether it is ready."""

WORKERS = ("ingest", "rules", "api")
"""The processes of one platform, in the order they are started."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that is up.

    Attributes:
        home: Its state directory.
        settings: Its settings, with the addresses of what was started.
        address: Where the page is.
        token_file: Where the first administrator's token is.
    """

    home: Home
    settings: Settings
    address: str
    token_file: Path


async def up(settings: Settings) -> None:
    """Run the platform until cancelled, saying where it is."""
    console = Console()
    home = open_home(home_path(os.environ, is_root=os.geteuid() == 0))
    async with running(settings, home, console.print) as platform:
        console.print(f"\n格知 Gezhi is up: [bold]{platform.address}[/]")
        console.print(f"first token  {platform.token_file}")
        console.print(f"logs         {home.log}")
        console.print("Ctrl-C stops everything.")
        await asyncio.Event().wait()


@asynccontextmanager
async def running(
    settings: Settings, home: Home, report: Report
) -> AsyncIterator[Platform]:
    """Start a platform; stop all of it, in reverse order, when the caller is done.

    Args:
        settings: What the operator set; without a database or a broker, private ones.
        home: The state directory of this platform.
        report: Gets one line for each thing that was started or went wrong.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(claim(home))
        settings = await stack.enter_async_context(_database(settings, home, report))
        await prepare(settings.database_url, report)
        settings = await stack.enter_async_context(_broker(settings, home, report))
        stack.enter_context(announced(home, settings))
        token_file = await _first_token(settings.database_url, home)
        for name in WORKERS:
            program = worker(name, settings, home)
            await stack.enter_async_context(beside(keep_running(program, report), name))
            report(f"  started    {name}")
        address = f"http://{settings.api_host}:{settings.api_port}"
        await _until_ready(address)
        yield Platform(home, settings, address, token_file)


def worker(
    name: str, settings: Settings, home: Home, arguments: tuple[str, ...] = ()
) -> Program:
    """Describe one of our own processes, with its settings as environment."""
    return Program(
        name=name,
        command=[sys.executable, "-m", "gezhi", name, *arguments],
        log=home.log / f"{name}.log",
        environment={**os.environ, **settings.environ(), "PYTHONUNBUFFERED": "1"},
        directory=home.root,
    )


@asynccontextmanager
async def beside(work: Coroutine[None, None, None], name: str) -> AsyncIterator[None]:
    """Do something in the background meanwhile; its failure ends the caller too."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work, name=name)
        try:
            yield
        finally:
            task.cancel()


@asynccontextmanager
async def _database(
    settings: Settings, home: Home, report: Report
) -> AsyncIterator[Settings]:
    if settings.database_url:
        yield settings
        return
    cluster = Cluster(home)
    await cluster.start()
    try:
        async with beside(keep_started("database", cluster, report), "database"):
            yield replace(settings, database_url=cluster.dsn(), disks=str(home.cluster))
    finally:
        await cluster.stop()


@asynccontextmanager
async def _broker(
    settings: Settings, home: Home, report: Report
) -> AsyncIterator[Settings]:
    if settings.mqtt_url:
        yield settings
        return
    broker = Broker(home)
    await broker.start()
    report(f"  started    broker: {broker.description}")
    accounts = follow_gateways(settings.database_url, home, broker)
    try:
        async with (
            beside(keep_started("broker", broker, report), "broker"),
            beside(accounts, "gateway accounts"),
        ):
            # A gateway that took our session's name could push us off the broker.
            own = secret(home.secrets, "ingest-client")[:8]
            yield replace(
                settings,
                mqtt_url=broker.ingest_url,
                mqtt_client_id=f"gezhi-ingest-{own}",
                mqtt_passwords=str(passwords_file(home)),
            )
    finally:
        await broker.stop()


async def _first_token(dsn: str, home: Home) -> Path:
    path = home.secrets / "admin-token"
    if path.exists():
        return path
    connection = await asyncpg.connect(dsn)
    try:
        token = await create_token(
            connection, name="first start", role="admin", unit_id=None, at=utc_now()
        )
    finally:
        await connection.close()
    write_private(path, token + "\n")
    return path


async def _until_ready(address: str) -> None:
    async with asyncio.timeout(READY_WITHIN_S):
        url = f"{address}/readyz"
        while not await asyncio.to_thread(_is_ready, url):  # noqa: ASYNC110 no signal
            await asyncio.sleep(POLL_S)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 our own
            return bool(answer.status == 200)  # noqa: PLR2004 HTTP's "OK"
    except OSError:
        return False
