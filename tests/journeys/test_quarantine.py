"""A stranger speaks, is registered, and all that it said lands, once."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import pytest

from api.app import create_app
from gezhi.clock import utc_now
from gezhi.stack.broker import Broker
from store.access import create_token
from store.journal.body import readings_from
from store.journal.entries import Kind, read
from tests.api.town import WEB_ROOT, Town, served
from tests.ingest.publisher import connected, numbered
from tests.ingest.registry import register

pytestmark = [pytest.mark.db, pytest.mark.broker]

MESSAGES = 25


@asynccontextmanager
async def an_ingest_process(
    dsn: str, broker: Broker, client_id: str
) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.ingest.ingest_process",
        dsn,
        broker.ingest_url,
        client_id,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def gezhi(dsn: str, *words: str) -> AsyncIterator[Process]:
    """Run `gezhi quarantine ...`; kill it if it is not done at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gezhi",
        "quarantine",
        *words,
        stdout=PIPE,
        stderr=STDOUT,
        env={**os.environ, "DATABASE_URL": dsn, "COLUMNS": "200"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def answer(dsn: str, *words: str) -> tuple[int, str]:
    """Return the exit code of `gezhi quarantine ...` and what it said."""
    async with gezhi(dsn, *words) as process:
        said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def until(connection: asyncpg.Connection, query: str, *args: object) -> None:
    """Wait until a query finds something."""
    while not await connection.fetchval(query, *args):  # noqa: ASYNC110 - others' rows
        await asyncio.sleep(0.02)


async def speak(broker: Broker, gateway: str) -> None:
    """Publish what a device says; the broker has it when this returns."""
    async with connected(broker.url(gateway), f"{gateway}-gw") as client:
        for seq in range(MESSAGES):
            topic = f"gezhi/v1/{gateway}/up"
            await client.publish(topic, numbered("MH-1", seq), qos=1)


async def refused(
    connection: asyncpg.Connection, broker: Broker, unique: str, dsn: str
) -> tuple[int, dict[int, datetime]]:
    """Let an unregistered device speak.

    Returns:
        The row of the quarantine, and when each of its messages came, by its ordinal.
    """
    await broker.admit(unique)
    await register(dsn, unique, [])
    async with an_ingest_process(dsn, broker, unique):
        word = b'"mqtt","gateway":"","up":true'
        query = "SELECT count(*) FROM journal WHERE position($1::bytea IN body) > 0"
        await until(connection, query, word)
        await speak(broker, unique)
        last = b'"value":%d.0' % (MESSAGES - 1)
        query = (
            "SELECT count(*) FROM quarantine WHERE position($1::bytea IN octets) > 0"
        )
        await until(connection, query, last)
    rows = await connection.fetch(
        "SELECT quarantine_id, ordinal, received_at FROM quarantine_message"
    )
    (row_id,) = {row["quarantine_id"] for row in rows}
    return row_id, {row["ordinal"]: row["received_at"] for row in rows}


async def put_device(connection: asyncpg.Connection, gateway: str) -> None:
    """Register the device below its gateway."""
    async with connection.transaction():
        device_id = await connection.fetchval(
            "INSERT INTO device (code, profile_id, gateway_id, address)"
            " SELECT 'MH-1', p.id, g.id, 'MH-1' FROM profile p, gateway g"
            " WHERE g.code = $1 AND p.code = 'profile of ' || $1 RETURNING id",
            gateway,
        )
        await connection.execute(
            "INSERT INTO series (device_id, quantity) VALUES ($1, 'tilt_deg')",
            device_id,
        )
        await connection.execute("UPDATE registry_version SET version = version + 1")
        await connection.execute("SELECT pg_notify('registry', 'more')")


async def stored(connection: asyncpg.Connection) -> Counter[float]:
    rows = await connection.fetch("SELECT value FROM reading")
    return Counter(row["value"] for row in rows)


async def journaled(connection: asyncpg.Connection) -> Counter[float]:
    entries = await read(connection, after=0, limit=1000)
    parts = [readings_from(e.body, 0) for e in entries if e.kind is Kind.READINGS]
    return Counter(value for part in parts for value in part.value.tolist())


ALL_ONCE = Counter({float(seq): 1 for seq in range(MESSAGES)})


async def test_what_a_stranger_said_lands_by_command_once_it_is_registered(
    database_url: str, broker: Broker, unique: str
) -> None:
    connection = await asyncpg.connect(database_url)
    async with asyncio.timeout(300):
        row_id, came_at = await refused(connection, broker, unique, database_url)
        code, listed = await answer(database_url, "list", "--gateway", unique)
        assert (code, "unknown-device" in listed, "MH-1" in listed) == (0, True, True)
        code, shown = await answer(database_url, "show", str(row_id))
        assert (code, '"quantity":"tilt_deg"' in shown) == (0, True)
        code, said = await answer(database_url, "retry", str(row_id))
        assert (code, "still refused: unknown-device" in said) == (1, True)
        await put_device(connection, unique)
        code, said = await answer(database_url, "retry", "--reason", "unknown-device")
    assert (code, said) == (0, f"{row_id}: {MESSAGES} rows stored\n")
    assert await stored(connection) == await journaled(connection) == ALL_ONCE
    times = await connection.fetch("SELECT DISTINCT received_at FROM reading")
    assert {row["received_at"] for row in times} == set(came_at.values())
    assert await connection.fetchval("SELECT count(*) FROM quarantine") == 0
    await connection.close()


async def test_what_a_stranger_said_lands_by_request_over_http(
    database_url: str, broker: Broker, unique: str
) -> None:
    connection = await asyncpg.connect(database_url)

    async def make_token(role: str, unit_id: int | None) -> str:
        return await create_token(
            connection, name=role, role=role, unit_id=unit_id, at=utc_now()
        )

    app = create_app(database_url=database_url, clock=utc_now, web_root=WEB_ROOT)
    async with asyncio.timeout(300):
        row_id, _ = await refused(connection, broker, unique, database_url)
        await put_device(connection, unique)
        async with (
            an_ingest_process(database_url, broker, unique),
            served(app) as url,
        ):
            town = Town(url, database_url, connection, make_token)
            async with town.client(await town.token()) as client:
                path = f"/api/v1/quarantine/{row_id}"
                assert (await client.post(f"{path}/retry")).status_code == 202
                while (await client.get(path)).status_code != 404:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
    assert await stored(connection) == await journaled(connection) == ALL_ONCE
    await connection.close()


async def test_a_try_killed_in_the_middle_neither_loses_nor_doubles(
    database_url: str, broker: Broker, unique: str
) -> None:
    connection = await asyncpg.connect(database_url)
    waits = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(300):
        row_id, came_at = await refused(connection, broker, unique, database_url)
        await put_device(connection, unique)
        # At the journal's head all is done but the journal and the commit.
        async with connection.transaction():
            await connection.execute("SELECT FROM journal_head FOR UPDATE")
            async with gezhi(database_url, "retry", str(row_id)) as process:
                watcher = await asyncpg.connect(database_url)
                await until(watcher, waits)
                process.kill()
                await process.wait()
        await until(watcher, f"SELECT ({waits}) = 0")
        await watcher.close()
        kept = "SELECT count(*) FROM quarantine_message WHERE quarantine_id = $1"
        assert await connection.fetchval(kept, row_id) == len(came_at)
        assert await stored(connection) == await journaled(connection) == Counter()
        code, _ = await answer(database_url, "retry", str(row_id))
    assert code == 0
    assert await stored(connection) == await journaled(connection) == ALL_ONCE
    assert await connection.fetchval("SELECT count(*) FROM quarantine") == 0
    await connection.close()


async def test_what_is_dropped_is_named_or_confirmed(
    database_url: str, broker: Broker, unique: str
) -> None:
    connection = await asyncpg.connect(database_url)
    async with asyncio.timeout(300):
        row_id, _ = await refused(connection, broker, unique, database_url)
        assert (await answer(database_url, "drop"))[0] == 2
        unsure = await answer(database_url, "drop", "--gateway", unique)
        assert (unsure[0], "for good?" in unsure[1]) == (1, True)
        wrong = await answer(database_url, "drop", "--reason", "no-such", "--yes")
        assert (wrong[0], "unknown-device" in wrong[1]) == (2, True)
        code, said = await answer(database_url, "drop", "--gateway", unique, "--yes")
        assert (code, said) == (0, "dropped 1 of 1\n")
        code, said = await answer(database_url, "show", str(row_id))
        assert (code, said) == (1, f"gezhi: {row_id} is not in quarantine\n")
        assert await answer(database_url, "list") == (0, "nothing is in quarantine\n")
    await connection.close()
