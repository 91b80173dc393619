"""A real database cluster and a real broker for every test that asks for one.

`GEZHI_TEST_EDITION=timescale|plain` chooses what the database is: TimescaleDB where it
is installed (the default), or PostgreSQL without it.

`GEZHI_SEEDS=fixed|random` chooses the examples of property tests: the same each time
(the default, so that what passed once passes again), or new ones, to look for more.
"""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from gezhi.stack.broker import Broker
from gezhi.stack.home import Home, open_home
from gezhi.stack.postgres import OWNER, Cluster
from tests.databases import fresh_database
from tests.fixed_examples import draw_from_no_source
from tests.hang_guard import ending
from tests.patient_loop import PatientLoop

MEMORY_DISK = Path("/dev/shm")  # noqa: S108 directories in it are made by mkdtemp
"""A disk in memory: a database is made there in a thirtieth of the time."""

MEMORY_DISK_FREE_BYTES = 2 << 30
"""What must be free on it; containers often have 64 MB."""

TEMPLATE = "migrated"
"""The database that every test's own is copied from."""

_numbers = itertools.count(1)

SEEDS = os.environ.get("GEZHI_SEEDS", "fixed")
if SEEDS not in {"fixed", "random"}:
    raise pytest.UsageError(f"GEZHI_SEEDS is {SEEDS!r}: fixed or random?")
# A slow machine is no fault of an example: neither its deadline nor its making.
settings.register_profile(
    "gezhi",
    deadline=None,
    derandomize=SEEDS == "fixed",
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gezhi")
if SEEDS == "fixed":
    draw_from_no_source()


def pytest_asyncio_loop_factories() -> dict[str, type[PatientLoop]]:
    """Run every test on a loop whose clock does not count what others take."""
    return {"patient": PatientLoop}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let no test, nor what is made for it, go on for ever."""
    with ending(item.nodeid):
        return (yield)


def wants_timescaledb() -> bool:
    edition = os.environ.get("GEZHI_TEST_EDITION", "timescale")
    if edition not in {"timescale", "plain"}:
        raise pytest.UsageError(
            f"GEZHI_TEST_EDITION is {edition!r}: timescale or plain?"
        )
    return edition == "timescale"


@contextmanager
def temporary_home() -> Iterator[Home]:
    """Make a state directory that the database's user can walk into."""
    root = Path(tempfile.mkdtemp(prefix="gezhi-test-", dir=_disk()))
    try:
        root.chmod(0o755)
        yield open_home(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _disk() -> Path | None:
    if MEMORY_DISK.is_dir() and os.access(MEMORY_DISK, os.W_OK):
        free = shutil.disk_usage(MEMORY_DISK).free
        return MEMORY_DISK if free > MEMORY_DISK_FREE_BYTES else None
    return None


@pytest.fixture
def home() -> Iterator[Home]:
    """A state directory of the test's own, removed after it."""
    with temporary_home() as made:
        yield made


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One running cluster for all tests; to stop one, take `own_cluster`."""
    with temporary_home() as home:
        shared = Cluster(home, with_timescaledb=wants_timescaledb(), is_durable=False)
        asyncio.run(shared.start())
        yield shared
        asyncio.run(shared.stop())


@pytest.fixture
async def own_cluster(home: Home) -> AsyncIterator[Cluster]:
    """A running cluster of the test's own, to be killed and started at will."""
    own = Cluster(home, with_timescaledb=wants_timescaledb(), is_durable=False)
    await own.start()
    yield own
    if own.child.is_running:
        await own.stop()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The name of a migrated database that nobody may connect to, only copy."""
    asyncio.run(_make_template(cluster))
    return TEMPLATE


@pytest.fixture
async def database_url(cluster: Cluster, template: str) -> AsyncIterator[str]:
    """Address of a fresh database with the whole schema in it."""
    name = f"test_{next(_numbers)}"
    async with fresh_database(cluster, name, template) as url:
        yield url


@pytest.fixture
async def empty_database_url(cluster: Cluster) -> AsyncIterator[str]:
    """Address of a fresh database with nothing in it."""
    name = f"test_{next(_numbers)}"
    async with fresh_database(cluster, name, "template1") as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections to `database_url`."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=8) as connections:
        yield connections


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """One running broker for all tests: `admit` gateways, then `url(code)`.

    Retained messages and sessions outlive a test: take codes and client ids of your
    own, from `unique`. To stop a broker, take `own_broker`.
    """
    with temporary_home() as home:
        shared = Broker(home)
        asyncio.run(shared.start())
        yield shared
        asyncio.run(shared.stop())


@pytest.fixture
async def own_broker(home: Home) -> AsyncIterator[Broker]:
    """A running broker of the test's own, to be killed and started at will."""
    own = Broker(home)
    await own.start()
    yield own
    await own.kill()


@pytest.fixture
def unique() -> str:
    """A word no other test of this run has: for gateway codes and client ids."""
    return f"T{next(_numbers)}"


async def _make_template(cluster: Cluster) -> None:
    from store.migrate import migrate  # noqa: PLC0415 only those who ask for it need it

    admin = await asyncpg.connect(cluster.admin_dsn())
    try:
        await admin.execute(f"CREATE DATABASE {TEMPLATE} OWNER {OWNER}")
        await migrate(cluster.dsn(TEMPLATE))
        # TimescaleDB's workers would connect to it, and a copy needs it alone.
        await admin.execute(f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")
        await admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = $1",
            TEMPLATE,
        )
    finally:
        await admin.close()
