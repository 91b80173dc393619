"""The broker is killed with messages in its queue, and many devices come back at once.

mosquitto writes its queue to the disk once a second, so that a kill takes what it
acknowledged in the last one. That is shown as a gap, and closed by who sends it again:
`gezhi gateway` keeps what was acknowledged for a while and does so by itself.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from store.registry.facts import lock_registry, move_version
from store.registry.gateways import missing
from tests.faults.figures import Note, outcome_of
from tests.faults.load import ingest, subscribe_once
from tests.faults.sizes import sized
from tests.faults.swarm import Device
from tests.ingest.registry import register
from tests.ingest.test_kill import journaled, stored

pytestmark = [pytest.mark.db, pytest.mark.broker]

DEVICES = sized(200, 2000)
KILLS = sized(2, 5)
BETWEEN_S = sized(1.5, 6.0)
"""How long devices publish between two kills."""

EVERY_S = sized(0.5, 2.0)
"""How often each device publishes."""

JITTER_S = sized(1.0, 10.0)
"""Within how long the devices come back."""

REGISTER = """
    WITH g AS (
        INSERT INTO gateway (code, transport, name_zh, name_en)
        SELECT $1 || '-' || n, 'mqtt', '网关', 'gateway'
        FROM generate_series(1, $2::int) AS n RETURNING id, code
    ), d AS (
        INSERT INTO device (code, profile_id, gateway_id, address)
        SELECT 'MH ' || g.code, p.id, g.id, 'MH ' || g.code
        FROM g, profile p LIMIT $2 RETURNING id
    )
    INSERT INTO series (device_id, quantity) SELECT id, 'tilt_deg' FROM d
"""


async def test_devices_come_back_to_a_killed_broker_and_what_it_lost_is_shown(
    database_url: str, own_broker: Broker, unique: str, note: Note
) -> None:
    if own_broker.name != "mosquitto":
        pytest.skip("the other broker keeps its queue in memory, and says so")
    connection = await asyncpg.connect(database_url)
    devices = await registered(connection, database_url, own_broker, unique)
    await subscribe_once(database_url, own_broker.ingest_url, unique)
    hearing = ingest(database_url, own_broker.ingest_url, unique)
    async with asyncio.timeout(300 + 30 * KILLS):
        async with published(devices) as publishing:
            async with hearing:
                await until_heard(connection)
            # From here on the broker queues for an ingest that is not there.
            for _ in range(KILLS):
                await asyncio.sleep(BETWEEN_S)
                await killed_and_come_back_to(own_broker, devices)
            publishing.cancel()
            await asyncio.wait([publishing])
            await until_acknowledged(devices)
            async with ingest(database_url, own_broker.ingest_url, unique):
                lost = await until_still(connection, devices)
                shown = sum(row.missing for row in await missing(connection))
                closed_s = await sent_again(connection, devices)
    outcome = outcome_of(
        acknowledged_by(devices, await series_by_address(connection)),
        await stored(connection),
        await journaled(connection),
        missing=sum(row.missing for row in await missing(connection)),
    )
    still_open = await connection.fetchval(
        "SELECT count(*) FROM sequence_gap WHERE closed_at IS NULL"
    )
    note(
        f"broker killed {KILLS} times, {len(devices)} devices",
        acknowledged=outcome.acknowledged,
        gone_with_the_broker=lost,
        shown_as_missing=shown,
        lost_once_sent_again=outcome.lost,
        doubled=outcome.doubled,
        s_to_close=closed_s,
    )
    assert shown == lost
    assert outcome.is_whole
    assert still_open == 0
    await connection.close()


async def registered(
    connection: asyncpg.Connection, dsn: str, broker: Broker, word: str
) -> list[Device]:
    """Register and admit the devices, each behind a gateway of its own."""
    await register(dsn, word, [])
    async with connection.transaction():
        await lock_registry(connection)
        await connection.execute(REGISTER, word, DEVICES)
        await move_version(connection)
    codes = [f"{word}-{n}" for n in range(1, DEVICES + 1)]
    await broker.admit(*codes)
    return [Device(broker.url(code), code, f"MH {code}") for code in codes]


@asynccontextmanager
async def published(devices: Sequence[Device]) -> AsyncIterator[asyncio.Task[None]]:
    """Let all devices publish until the yielded task is cancelled; stay connected."""
    chance = random.Random(11)  # noqa: S311 - a test's own, the same each time
    async with asyncio.TaskGroup() as tasks:
        publishing = tasks.create_task(_publish(devices))
        running = [tasks.create_task(each.run(JITTER_S, chance)) for each in devices]
        try:
            yield publishing
        finally:
            for task in (publishing, *running):
                task.cancel()


async def _publish(devices: Sequence[Device]) -> None:
    rounds = 20
    while True:
        for part in range(rounds):
            for device in devices[part::rounds]:
                device.publish()
            await asyncio.sleep(EVERY_S / rounds)


async def killed_and_come_back_to(broker: Broker, devices: Sequence[Device]) -> None:
    """Kill the broker, start it, and wait until every device is connected again.

    And has published since: what it said last did not go with the broker.
    """
    await broker.kill()
    before = [(device.connections, device.sent) for device in devices]
    await broker.start()
    pairs = list(zip(devices, before, strict=True))
    while any(d.connections == was or d.sent == sent for d, (was, sent) in pairs):  # noqa: ASYNC110 - theirs
        await asyncio.sleep(0.05)


async def until_acknowledged(devices: Sequence[Device]) -> None:
    while any(device.waiting for device in devices):  # noqa: ASYNC110 - the broker's doing
        await asyncio.sleep(0.05)


async def until_heard(connection: asyncpg.Connection) -> None:
    """Wait until something of every device is stored: its account begins with it."""
    query = "SELECT count(DISTINCT series_id) FROM reading"
    while await connection.fetchval(query) < DEVICES:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.05)


async def until_still(connection: asyncpg.Connection, devices: Sequence[Device]) -> int:
    """Wait until the newest of every device is stored; return how many are not.

    Nothing is sent meanwhile, and the broker hands over in order: what is then not
    stored is gone.
    """
    acknowledged = sum(len(device.acknowledged) for device in devices)
    series = await series_by_address(connection)
    newest = (
        "SELECT count(*) FROM reading"
        " JOIN unnest($1::int[], $2::float8[]) AS top (series_id, value)"
        " USING (series_id, value)"
    )
    tops = [
        [series[device.address] for device in devices],
        [float(max(device.acknowledged)) for device in devices],
    ]
    while await connection.fetchval(newest, *tops) < DEVICES:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    return acknowledged - int(await connection.fetchval("SELECT count(*) FROM reading"))


async def sent_again(
    connection: asyncpg.Connection, devices: Sequence[Device]
) -> float:
    """Let devices send all that was acknowledged; return how long it took to land."""
    loop = asyncio.get_running_loop()
    since_s = loop.time()
    for device in devices:
        device.send_again()
    acknowledged = sum(len(device.acknowledged) for device in devices)
    query = "SELECT count(*) FROM reading"
    while await connection.fetchval(query) < acknowledged:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    return loop.time() - since_s


async def series_by_address(connection: asyncpg.Connection) -> dict[str, int]:
    rows = await connection.fetch(
        "SELECT d.address, s.id FROM series s JOIN device d ON d.id = s.device_id"
    )
    return {row["address"]: row["id"] for row in rows}


def acknowledged_by(
    devices: Sequence[Device], series: dict[str, int]
) -> Counter[tuple[int, int]]:
    return Counter(
        (series[device.address], seq * 1_000_000)
        for device in devices
        for seq in device.acknowledged
    )
