"""From a data logger through a gateway that is killed into the database."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from tests.ingest.far_end import gateway_process
from tests.ingest.registry import register
from tests.ingest.test_forwarding import Place
from tests.ingest.test_kill import ingest_process, until_subscribed

pytestmark = [pytest.mark.db, pytest.mark.broker]

KILLS = 2


async def test_what_a_gateway_answered_is_in_the_database_and_no_number_is_missing(
    database_url: str, broker: Broker, unique: str, tmp_path: Path
) -> None:
    place = Place(unique, tmp_path)
    addresses = [f"WATER/{outfall.address}" for outfall in place.outfalls]
    await broker.admit(unique)
    await register(database_url, unique, addresses, quantities=("cod_mg_l",))
    connection = await asyncpg.connect(database_url)
    stop = asyncio.Event()
    async with (
        asyncio.timeout(300),
        asyncio.TaskGroup() as tasks,
        ingest_process(database_url, broker.ingest_url, f"{unique}-ingest"),
    ):
        await until_subscribed(connection)
        for outfall in place.outfalls:
            tasks.create_task(outfall.run(stop))
        for _ in range(KILLS):
            async with gateway_process(
                broker.url(unique), place.file, state=place.state
            ):
                await until_answered(place, 200)
        stop.set()
        async with gateway_process(broker.url(unique), place.file, state=place.state):
            await until_stored(connection, place)
    told = await told_by_address(connection)
    for outfall in place.outfalls:
        values = told[f"WATER/{outfall.address}"]
        # The last ones may have been kept without the answer having come.
        assert values == list(map(float, range(1, len(values) + 1)))
        assert len(values) >= outfall.answered
    (account,) = await connection.fetch("SELECT * FROM sequence_epoch")
    gaps = await connection.fetchval("SELECT count(*) FROM sequence_gap")
    print(dict(account))  # noqa: T201 - the figures of a report
    assert gaps == 0
    await connection.close()


async def told_by_address(connection: asyncpg.Connection) -> dict[str, list[float]]:
    """Return what is stored of each device, oldest first."""
    rows = await connection.fetch(
        "SELECT d.address, array_agg(r.value ORDER BY r.measured_at) AS told"
        " FROM reading r JOIN series s ON s.id = r.series_id"
        " JOIN device d ON d.id = s.device_id GROUP BY 1"
    )
    return {row["address"]: row["told"] for row in rows}


async def until_stored(connection: asyncpg.Connection, place: Place) -> None:
    """Wait until of each outfall as much is stored as it was answered.

    Not of all together: what was kept without an answer counts for nobody else.
    """
    while True:
        told = await told_by_address(connection)
        if all(
            len(told.get(f"WATER/{outfall.address}", ())) >= outfall.answered
            for outfall in place.outfalls
        ):
            return
        await asyncio.sleep(0.05)


async def until_answered(place: Place, more: int) -> None:
    before = sum(outfall.answered for outfall in place.outfalls)
    while sum(o.answered for o in place.outfalls) < before + more:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
