"""What was measured goes only if somebody says so; what was made of it stays."""

from datetime import datetime, timedelta

import asyncpg
import pytest

from store.connection import Connection
from store.retention.state import kept_from
from tests.retention.past import DAY, count, pass_time, run
from tests.store.rows import NOON

pytestmark = [pytest.mark.db, pytest.mark.editions]

DAYS = 60
_READINGS = """
INSERT INTO reading SELECT s.id, $1::timestamptz + n * interval '6 hours', n, 0, $1
FROM generate_series(0, $2::integer) AS n, series s
"""
_POSITIONS = """
INSERT INTO "position" SELECT d.id, $1::timestamptz + n * interval '6 hours', 0, 0,
    NULL, NULL, NULL, NULL, NULL, 0, 0, $1
FROM generate_series(0, $2::integer) AS n, device d
"""
_CITY = """
INSERT INTO gateway (code, transport, name_zh, name_en) VALUES ('GW', 'mqtt', '', '');
INSERT INTO profile (code, kind, name_zh, name_en, quantities, expected_interval_s)
    VALUES ('P', 'cover', '', '', '{tilt_deg}', 60);
INSERT INTO device (code, profile_id, gateway_id, address)
    SELECT 'D' || n, 1, 1, n::text FROM generate_series(1, 3) AS n;
INSERT INTO series (device_id, quantity) SELECT id, 'tilt_deg' FROM device;
"""


async def two_months(connection: Connection) -> None:
    """Three devices say something each six hours for 60 days."""
    await connection.execute(_CITY)
    for query in (_READINGS, _POSITIONS):
        await connection.execute(query, NOON, 4 * DAYS - 1)
    await pass_time(connection, NOON, entries=DAYS + 1, step=DAY)


async def oldest_of(connection: Connection, table: str, column: str) -> timedelta:
    query = f'SELECT min({column}) FROM "{table}"'  # noqa: S608 our own words
    found: datetime = await connection.fetchval(query)
    return found - NOON


async def test_readings_and_positions_stay_for_ever_if_nothing_is_said(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        await two_months(connection)
        assert await run(connection)
        assert await count(connection, "reading") == 3 * 4 * DAYS
        assert await count(connection, "position") == 3 * 4 * DAYS


async def test_old_samples_go_if_somebody_says_so_and_it_is_known_since_when(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        await two_months(connection)
        last = "INSERT INTO last_reading SELECT id, $1, 1, 0, $1 FROM series"
        await connection.execute(last, NOON)
        night = (
            "INSERT INTO lamp_night (cabinet_id, night, counted_until)"
            " SELECT id, '2020-01-01', $1 FROM device"
        )
        await connection.execute(night, NOON)
        assert await run(connection, "readings=30 positions=45")
        for table, column, days in (
            ("reading", "measured_at", 30),
            ("position", "fixed_at", 45),
        ):
            # By whole chunks, of a day each, or by rows.
            age = await oldest_of(connection, table, column)
            assert (DAYS - days - 1) * DAY < age <= (DAYS - days) * DAY
        since = await kept_from(connection, "readings")
        assert since is not None
        assert NOON + 29 * DAY < since <= NOON + 30 * DAY
        assert await count(connection, "last_reading") == 3
        assert await count(connection, "lamp_night") == 3
        assert await run(connection, "readings=30 positions=45")
        assert await kept_from(connection, "readings") == since


async def test_what_could_not_be_taken_in_goes_a_season_after_it_was_seen_last(
    pool: asyncpg.Pool,
) -> None:
    insert = """
        INSERT INTO quarantine (digest, reason, detail, transport, gateway, identity,
            peer, octets, first_seen, last_seen, count, retry_requested_at)
        VALUES ($1, '', '', '', '', '', '', '', $2, $3, 1, $4)
    """
    async with pool.acquire() as connection:
        await pass_time(connection, NOON, entries=101, step=DAY)
        await connection.execute(insert, b"old", NOON, NOON, None)
        await connection.execute(insert, b"seen again", NOON, NOON + 50 * DAY, None)
        await connection.execute(insert, b"to be tried", NOON, NOON, NOON)
        assert await run(connection)
        rows = await connection.fetch("SELECT digest FROM quarantine ORDER BY id")
        assert [row["digest"] for row in rows] == [b"seen again", b"to be tried"]


async def test_commands_go_if_somebody_says_so_and_never_those_that_wait(
    pool: asyncpg.Pool,
) -> None:
    insert = """
        INSERT INTO command (device_id, what, body, asked_by, asked_with, asked_role,
            idempotency_key, asked_at, expires_at, changed_at, settled_at)
        SELECT id, 'dim', '{}', '', '', '', $1, at, at + interval '1 day', at, $3
        FROM device, (SELECT $2::timestamptz AS at) AS a LIMIT 1
    """
    async with pool.acquire() as connection:
        await connection.execute(_CITY)
        await pass_time(connection, NOON, entries=101, step=DAY)
        for key, settled_at in (("old", NOON), ("new", NOON + 90 * DAY), ("no", None)):
            await connection.execute(insert, key, NOON, settled_at)
        assert await run(connection)
        assert await count(connection, "command") == 3
        assert await run(connection, "commands=30")
        rows = await connection.fetch("SELECT idempotency_key FROM command ORDER BY 1")
        assert [row[0] for row in rows] == ["new", "no"]
