"""A lamp that can be told something: registered, played, and asked for its commands."""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg

from gezhi.stack.broker import Broker
from simulators.mqtt_lamp import Lamp, run_mqtt_lamp
from store.commands.ask import Asker, Wish, ask_command, target
from store.journal.cursor import cursor_of
from store.journal.entries import head
from store.registry.facts import lock_registry, move_version
from vocabulary.command import AnyOrder, Effect
from vocabulary.command_effect import expected_effect

ASKER = Asker(name="值班台", key="k", role="dispatcher")

HOUR = timedelta(hours=1)

POLL_S = 0.02

_keys = itertools.count(1)


def utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the tests are the edge here


async def register_lamp(
    dsn: str,
    gateway: str,
    *,
    transport: str = "mqtt",
    format_: str = "gezhi",
    kind: str = "lamp",
    address: str = "LP-1",
    quantities: tuple[str, ...] = ("dimming_pct", "power_w"),
    port: int = 0,
    register_map: str = "",
) -> int:
    """Register a device with a gateway of its own, both under one code."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await lock_registry(connection)
        profile_id = await connection.fetchval(
            "INSERT INTO profile (code, kind, name_zh, name_en, quantities,"
            " expected_interval_s, register_map)"
            " VALUES ($1, $2, '路灯', 'lamp', $3, 1, $4) RETURNING id",
            f"profile of {gateway}",
            kind,
            list(quantities),
            register_map,
        )
        gateway_id = await connection.fetchval(
            "INSERT INTO gateway (code, transport, format, name_zh, name_en, host,"
            " port) VALUES ($1, $2, $3, '网关', 'gateway', '127.0.0.1', $4)"
            " RETURNING id",
            gateway,
            transport,
            format_,
            port,
        )
        device_id: int = await connection.fetchval(
            "INSERT INTO device (code, profile_id, gateway_id, address)"
            " VALUES ($1, $2, $3, $4) RETURNING id",
            gateway,
            profile_id,
            gateway_id,
            address,
        )
        await connection.executemany(
            "INSERT INTO series (device_id, quantity) VALUES ($1, $2)",
            [(device_id, quantity) for quantity in quantities],
        )
        await move_version(connection)
    await connection.close()
    return device_id


async def ask(
    connection: asyncpg.Connection,
    code: str,
    order: AnyOrder,
    *,
    lasts: timedelta = HOUR,
    key: str = "",
    effect: Effect | None = None,
) -> str:
    """Put a command into the queue as the API does; return its id."""
    device = await target(connection, code)
    assert device is not None
    effect = effect or expected_effect(
        order,
        quantities=device.quantities,
        expected_interval_s=device.expected_interval_s,
    )
    now = utc_now()
    wish = Wish(
        device_id=device.id,
        order=order,
        effect=effect,
        key=key or f"key {next(_keys)}",
        asked_at=now,
        expires_at=now + lasts,
    )
    command_id, _ = await ask_command(connection, wish, ASKER)
    return command_id


async def state_of(connection: asyncpg.Connection, command_id: str) -> str:
    """Return where a command stands."""
    return str(
        await connection.fetchval(
            "SELECT state FROM command WHERE id = $1::text::uuid", command_id
        )
    )


async def until_state(
    connection: asyncpg.Connection, command_id: str, *states: str
) -> str:
    """Wait until a command stands in one of these states."""
    while (state := await state_of(connection, command_id)) not in states:  # noqa: ASYNC110 - another process
        await asyncio.sleep(POLL_S)
    return state


async def until_settled(connection: asyncpg.Connection, command_id: str) -> str:
    """Wait until nothing more is awaited of a command; return where it stands."""
    query = "SELECT settled_at IS NOT NULL FROM command WHERE id = $1::text::uuid"
    while not await connection.fetchval(query, command_id):  # noqa: ASYNC110 - another process
        await asyncio.sleep(POLL_S)
    return await state_of(connection, command_id)


async def detail_of(connection: asyncpg.Connection, command_id: str) -> str:
    """Return why a command stands where it stands."""
    return str(
        await connection.fetchval(
            "SELECT detail FROM command WHERE id = $1::text::uuid", command_id
        )
    )


async def until_passed(connection: asyncpg.Connection, entries: int = 2) -> None:
    """Wait until the worker has taken in what the journal holds now, and some more."""
    aim = await head(connection) + entries
    while await cursor_of(connection, "commands") < aim:  # noqa: ASYNC110 - another process
        await asyncio.sleep(POLL_S)


async def until_told(connection: asyncpg.Connection, word: bytes) -> None:
    """Wait until an entry of the journal holds a word."""
    query = "SELECT count(*) FROM journal WHERE position($1::bytea IN body) > 0"
    while not await connection.fetchval(query, word):  # noqa: ASYNC110 - another process
        await asyncio.sleep(POLL_S)


async def steps_of(connection: asyncpg.Connection, command_id: str) -> list[str]:
    """Return the states a command came to, and each saying, in order."""
    rows = await connection.fetch(
        "SELECT s.state FROM command_step s JOIN command c USING (number)"
        " WHERE c.id = $1::text::uuid ORDER BY s.id",
        command_id,
    )
    return [row["state"] for row in rows]


@asynccontextmanager
async def ingest_process(
    dsn: str,
    broker_url: str,
    client_id: str,
    *more: str,
    module: str = "tests.ingest.ingest_process",
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a whole ingest process; kill it at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        dsn,
        broker_url,
        client_id,
        *more,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def awake(lamp: Lamp, broker: Broker) -> AsyncIterator[None]:
    """Let a lamp be awake."""
    url = broker.url(lamp.gateway)
    task = asyncio.create_task(
        run_mqtt_lamp(lamp, url=url, clock=utc_now), name="a lamp"
    )
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
