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
from tests.ingest.test_forwarding_whole import until_answered

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
        answered = sum(outfall.answered for outfall in place.outfalls)
        heard_at = own_broker.ingest_url
        async with ingest(database_url, heard_at, f"{unique}-ingest"):
            while await rows_in(connection) < answered:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
            gone = sum(row.missing for row in await missing(connection))
    rows = await connection.fetch(
        "SELECT d.address, array_agg(r.value ORDER BY r.measured_at) AS told"
        " FROM reading r JOIN series s ON s.id = r.series_id"
        " JOIN device d ON d.id = s.device_id GROUP BY 1"
    )
    for row in rows:
        assert row["told"] == list(map(float, range(1, len(row["told"]) + 1)))
    note(
        f"broker killed {KILLS} times behind gezhi gateway",
        answered=answered,
        stored=await rows_in(connection),
        missing=gone,
    )
    assert gone == 0
    assert len(rows) == len(place.outfalls)
    await connection.close()


async def rows_in(connection: asyncpg.Connection) -> int:
    return int(await connection.fetchval("SELECT count(*) FROM reading"))
