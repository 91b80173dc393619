"""A gateway beside the hardware, when what is upstream of it fails."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from store.registry.gateways import missing
from tests.faults.figures import Note
from tests.faults.load import ingest, subscribe_once
from tests.faults.sizes import sized
from tests.ingest.far_end import gateway_process
from tests.ingest.registry import register
from tests.ingest.test_forwarding import Place
from tests.ingest.test_forwarding_whole import (
    told_by_address,
    until_answered,
    until_stored,
)

pytestmark = [pytest.mark.db, pytest.mark.broker]

KILLS = sized(1, 10)


async def test_what_a_killed_broker_forgot_its_gateway_sends_again_by_itself(
    database_url: str, own_broker: Broker, unique: str, tmp_path: Path, note: Note
) -> None:
    place = Place(unique, tmp_path)
    addresses = [f"WATER/{outfall.address}" for outfall in place.outfalls]
    await own_broker.admit(unique)
    await register(database_url, unique, addresses, quantities=("cod_mg_l",))
    await subscribe_once(database_url, own_broker.ingest_url, f"{unique}-ingest")
    connection = await asyncpg.connect(database_url)
    stop = asyncio.Event()
    url = own_broker.url(unique)
    async with (
        asyncio.timeout(300 + 20 * KILLS),
        asyncio.TaskGroup() as tasks,
        gateway_process(url, place.file, state=place.state),
    ):
        for outfall in place.outfalls:
            tasks.create_task(outfall.run(stop, pause_s=0.02))
        for _ in range(KILLS):
            # Nobody hears meanwhile, so the broker alone has what it took.
            await until_answered(place, 300)
            await own_broker.kill()
            await own_broker.start()
        await until_answered(place, 100)
        stop.set()
        heard_at = own_broker.ingest_url
        async with ingest(database_url, heard_at, f"{unique}-ingest"):
            await until_stored(connection, place)
            gone = sum(row.missing for row in await missing(connection))
    rows = await told_by_address(connection)
    for told in rows.values():
        assert told == list(map(float, range(1, len(told) + 1)))
    note(
        f"broker killed {KILLS} times behind gezhi gateway",
        answered=place.answered,
        stored=sum(map(len, rows.values())),
        missing=gone,
    )
    assert gone == 0
    assert len(rows) == len(place.outfalls)
    await connection.close()
