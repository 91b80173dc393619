"""An alarm that stands without a case for long has its explanation kept in time."""

import asyncpg
import pytest

from rules.bundle.keep import keep_one
from rules.bundle.whole import KEPT
from store.connection import Connection
from store.rules.windows import NewWindow, end_window, insert_window
from tests.bundle.test_many import explained
from tests.retention.past import oldest, run
from tests.rules.workers import ZONE
from tests.triage.city import City

pytestmark = pytest.mark.db

OPEN = {"tilt_deg": 60.0, "cover_open": 1.0}
SHUT = {"tilt_deg": 2.0, "cover_open": 0.0}


async def keep_all(connection: Connection) -> None:
    while await keep_one(connection, time_zone=ZONE):
        pass


async def stands_in_a_window(city: City, hours: int) -> None:
    """Open a cover in the works of a fortnight, and let time pass."""
    window = NewWindow(
        device_id=city.device_id("MH-0001"),
        safety=True,
        from_at=city.at(-60),
        until_at=city.at(14 * 86_400),
        reason="works",
        owner="me",
    )
    async with city.pool.acquire() as connection, connection.transaction():
        await insert_window(connection, window, at=city.at(-60))
    for second in range(0, 30, 10):
        await city.say(second, {"MH-0001": SHUT})
    for second in range(30, 350, 10):
        await city.say(second, {"MH-0001": OPEN})
    await city.tick(350, 450)
    await city.fold()
    for hour in range(1, hours):
        await city.tick(3600 * hour, 3600 * hour + 1)
    await city.fold()


async def test_its_bundle_is_kept_before_its_journal_goes_and_given_to_its_case(
    city: City, pool: asyncpg.Pool
) -> None:
    await stands_in_a_window(city, 200)
    kept = "SELECT case_id, octets IS NULL FROM bundle WHERE alarm_id = 1"
    async with pool.acquire() as connection:
        handlings = await connection.fetch("SELECT handling FROM alarm")
        assert {row[0] for row in handlings} == {"maintenance"}
        await keep_all(connection)
        assert [tuple(row) for row in await connection.fetch(kept)] == [(None, False)]
        assert await run(connection, "journal=3")
        assert await oldest(connection) >= 100
    # The works are over, and it is a case after all.
    end = 3600 * 200
    async with city.pool.acquire() as connection, connection.transaction():
        await end_window(connection, 1, by="me", at=city.at(end - 60))
    await city.say(end, {"MH-0001": OPEN})
    await city.tick(end + 1, end + 700)
    await city.fold()
    async with pool.acquire() as connection:
        await keep_all(connection)
        ((case_id, is_none),) = await connection.fetch(kept)
        assert case_id is not None
        assert not is_none
    whole, octets = await explained(city, 1)
    assert whole.source == KEPT
    assert octets


async def test_of_an_alarm_that_ends_without_a_case_none_is_kept(
    city: City, pool: asyncpg.Pool
) -> None:
    await stands_in_a_window(city, 30)
    async with pool.acquire() as connection:
        await keep_all(connection)
        end = 3600 * 30
        for second in range(0, 400, 10):
            await city.say(end + second, {"MH-0001": SHUT})
        await city.fold()
        await connection.execute("UPDATE bundle_due SET due_at = $1", city.at(0))
        await keep_all(connection)
        assert await connection.fetchval("SELECT count(*) FROM bundle") == 0
        assert await connection.fetchval("SELECT count(*) FROM bundle_due") == 0
