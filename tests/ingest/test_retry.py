"""Another try: what lands leaves the quarantine, what does not stays, nothing else."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import pytest

from ingest.arrival import Arrival, named_readings
from ingest.assemble import batch_of
from ingest.judging.memory import Memory
from ingest.names import Names
from ingest.protocols.nmea0183 import encode_rmc
from ingest.quarantine.retries import run_retries
from ingest.quarantine.retry import Retried, retry
from store.journal.entries import Kind, read
from store.quarantine.refused import MOST_MESSAGES, Quarantined, quarantine, quarantined
from store.quarantine.retry import request_retry
from store.telemetry.batch import Writer
from tests.ingest.publisher import START, numbered
from tests.ingest.registry import register, snapshot_of
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading
from vocabulary.refusal import Reason, Refusal

pytestmark = pytest.mark.db

LATER = START + timedelta(hours=5)


def came(
    second: int,
    *,
    device: str = "MH-1",
    quantity: Quantity = Quantity.TILT_DEG,
    positions: Sequence[Position] = (),
) -> Arrival:
    """Make an arrival of one reading, or of fixes."""
    at = START + timedelta(seconds=second)
    reading = Reading(
        device=device,
        quantity=quantity,
        measured_at=at,
        value=float(second),
        quality=Quality.NO_DEVICE_TIME,
    )
    return Arrival(
        transport=Transport.MQTT,
        gateway="GW-1",
        peer="127.0.0.1:1883",
        received_at=at + timedelta(seconds=1),
        readings=None if positions else named_readings([reading]),
        positions=positions,
        refusals=(),
        committed=None,
    )


async def take_in(dsn: str, *arrivals: Arrival) -> None:
    """Store arrivals one by one, as the intake does."""
    names = Names(await snapshot_of(dsn))
    connection = await asyncpg.connect(dsn)
    writer = Writer()
    for arrival in arrivals:
        batch = batch_of([arrival], names, Memory(), at=arrival.received_at)
        await writer.write(connection, batch)
    await connection.close()


async def refuse(dsn: str, *refusals: Refusal, at: datetime = START) -> None:
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await quarantine(connection, refusals, at=at)
    await connection.close()


async def rows(dsn: str) -> list[Quarantined]:
    connection = await asyncpg.connect(dsn)
    try:
        return await quarantined(connection)
    finally:
        await connection.close()


async def try_again(dsn: str, row_id: int) -> Retried | None:
    snapshot = await snapshot_of(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        return await retry(connection, row_id, snapshot, writer=Writer(), at=LATER)
    finally:
        await connection.close()


async def try_all(dsn: str) -> list[Retried]:
    done = [await try_again(dsn, row.id) for row in await rows(dsn)]
    return [each for each in done if each is not None]


async def stored(dsn: str) -> list[tuple[float, float, int]]:
    """Return value, seconds until receipt and quality of all readings."""
    connection = await asyncpg.connect(dsn)
    found = await connection.fetch(
        "SELECT value, extract(epoch FROM received_at - measured_at)::float8, quality"
        " FROM reading ORDER BY measured_at, value"
    )
    await connection.close()
    return [(row[0], row[1], row[2]) for row in found]


async def journaled_rows(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    entries = await read(connection, after=0, limit=1000)
    await connection.close()
    kinds = (Kind.READINGS, Kind.POSITIONS)
    return sum(entry.row_count for entry in entries if entry.kind in kinds)


async def test_what_an_unregistered_device_said_lands_once_it_is_registered(
    database_url: str,
) -> None:
    await take_in(database_url, *map(came, range(5)))
    await register(database_url, "GW-1", ["MH-1"])
    (done,) = await try_all(database_url)
    assert (done.has_landed, done.written.readings_stored, done.row.count) == (
        True,
        5,
        5,
    )
    assert await rows(database_url) == []
    bits = int(Quality.NO_DEVICE_TIME)
    assert await stored(database_url) == [(float(n), 1.0, bits) for n in range(5)]
    assert await journaled_rows(database_url) == 5


async def test_what_is_still_refused_stays_as_it_is_but_for_the_try(
    database_url: str,
) -> None:
    await take_in(database_url, came(1), came(2))
    (before,) = await rows(database_url)
    (done,) = await try_all(database_url)
    assert (done.has_landed, done.is_readable) == (False, True)
    assert await rows(database_url) == [replace(before, retried_at=LATER)]
    assert await journaled_rows(database_url) == 0


async def test_what_is_refused_for_another_reason_now_stays_under_that_one(
    database_url: str,
) -> None:
    await take_in(database_url, came(1), came(2, quantity=Quantity.DEPTH_MM), came(3))
    await register(database_url, "GW-1", ["MH-1"])
    (done,) = await try_all(database_url)
    assert [refusal.reason for refusal in done.left] == [Reason.UNKNOWN_QUANTITY]
    (row,) = await rows(database_url)
    seen = START + timedelta(seconds=3)
    assert (row.reason, row.count) == ("unknown-quantity", 1)
    assert (row.first_seen, row.last_seen, row.retried_at) == (seen, seen, LATER)
    assert [value for value, *_ in await stored(database_url)] == [1, 3]
    (again,) = await try_all(database_url)
    assert not again.has_landed


async def test_what_was_stored_meanwhile_is_not_stored_twice(
    database_url: str,
) -> None:
    await take_in(database_url, came(1), came(2))
    await register(database_url, "GW-1", ["MH-1"])
    await take_in(database_url, came(2), came(9))
    (done,) = await try_all(database_url)
    assert done.has_landed
    assert (done.written.readings_stored, done.written.readings_repeated) == (1, 1)
    assert [value for value, *_ in await stored(database_url)] == [1, 2, 9]
    assert await journaled_rows(database_url) == 3


async def test_fixes_of_an_unregistered_terminal_land(database_url: str) -> None:
    fix = Position(
        device="VT-1", fixed_at=START, lon=111.5, lat=35.25, speed_kmh=12.5, inputs=1
    )
    await take_in(database_url, came(1, positions=[fix]))
    await register(database_url, "GW-1", ["VT-1"], quantities=())
    (done,) = await try_all(database_url)
    assert (done.has_landed, done.written.positions_stored) == (True, 1)
    connection = await asyncpg.connect(database_url)
    row = await connection.fetchrow(
        "SELECT lon_e7, lat_e7, speed_kmh, course_deg, inputs, received_at"
        ' FROM "position"'
    )
    await connection.close()
    seen = START + timedelta(seconds=2)
    assert row is not None
    assert tuple(row) == (1_115_000_000, 352_500_000, 12.5, None, 1, seen)


async def test_a_whole_payload_is_read_by_its_topic_and_keeps_what_is_known_of_it(
    database_url: str,
) -> None:
    refusal = Refusal(
        reason=Reason.BAD_JSON,
        detail="once it was not understood",
        transport="mqtt",
        gateway="GW-1",
        octets=numbered("MH-1", 7),
        topic="gezhi/v1/GW-1/up",
    )
    await refuse(database_url, refusal, refusal)
    await refuse(database_url, refusal, at=START + timedelta(minutes=1))
    (before,) = await rows(database_url)
    await try_all(database_url)
    (row,) = await rows(database_url)
    assert (row.reason, row.identity) == ("unknown-device", "MH-1")
    assert (row.count, row.first_seen) == (3, before.first_seen)
    assert row.last_seen == before.last_seen
    await register(database_url, "GW-1", ["MH-1"])
    (done,) = await try_all(database_url)
    assert (done.has_landed, done.written.readings_stored) == (True, 1)


async def test_a_sentence_is_read_for_the_terminal_it_is_known_to_be_of(
    database_url: str,
) -> None:
    fix = Position(device="VT-1", fixed_at=START, lon=111.5, lat=35.25)
    refusal = Refusal(
        reason=Reason.BAD_FIELD,
        detail="once it was not understood",
        transport="nmea",
        gateway="nmea",
        identity="VT-1",
        octets=encode_rmc(fix).strip(),
    )
    await refuse(database_url, refusal)
    await register(database_url, "nmea", ["VT-1"], quantities=(), transport="nmea")
    (done,) = await try_all(database_url)
    assert (done.has_landed, done.written.positions_stored) == (True, 1)


@pytest.mark.parametrize(
    ("transport", "octets"),
    [("mqtt", b'"3"'), ("mqtt", b"{"), ("nmea", b"$GPRMC"), ("jt808", b"~\0~")],
)
async def test_a_part_that_says_nothing_by_itself_stays(
    database_url: str, transport: str, octets: bytes
) -> None:
    refusal = Refusal(
        reason=Reason.BAD_FIELD, detail="broken", transport=transport, octets=octets
    )
    await refuse(database_url, refusal)
    (before,) = await rows(database_url)
    (done,) = await try_all(database_url)
    assert (done.has_landed, done.is_readable) == (False, False)
    assert await rows(database_url) == [replace(before, retried_at=LATER)]


async def test_of_a_talkative_stranger_the_newest_messages_are_kept(
    database_url: str,
) -> None:
    more = 7
    connection = await asyncpg.connect(database_url)
    names = Names(await snapshot_of(database_url))
    for first in range(0, MOST_MESSAGES + more, 100):
        batch = batch_of(
            [came(n) for n in range(first, min(first + 100, MOST_MESSAGES + more))],
            names,
            Memory(),
            at=START,
        )
        await Writer().write(connection, batch)
    await connection.close()
    await register(database_url, "GW-1", ["MH-1"])
    (done,) = await try_all(database_url)
    assert (done.row.count, done.written.readings_stored) == (
        MOST_MESSAGES + more,
        MOST_MESSAGES,
    )
    values = [value for value, *_ in await stored(database_url)]
    assert values == [float(n) for n in range(more, MOST_MESSAGES + more)]


async def until_somebody_waits(connection: asyncpg.Connection, count: int) -> None:
    """Wait until so many others wait for a lock in this database."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while await connection.fetchval(query) < count:  # noqa: ASYNC110 - another session
        await asyncio.sleep(0.01)


async def test_a_device_that_goes_on_talking_meanwhile_loses_nothing(
    database_url: str,
) -> None:
    await take_in(database_url, came(1))
    strangers = Names(await snapshot_of(database_url))
    await register(database_url, "GW-1", ["MH-1"])
    (row,) = await rows(database_url)
    connection = await asyncpg.connect(database_url)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        async with connection.transaction():
            batch = batch_of([came(2)], strangers, Memory(), at=START)
            await quarantine(connection, batch.refusals, at=START)
            trying = tasks.create_task(try_again(database_url, row.id))
            watcher = await asyncpg.connect(database_url)
            await until_somebody_waits(watcher, 1)
            await watcher.close()
        done = await trying
    await connection.close()
    assert done is not None
    assert done.written.readings_stored == 2
    assert await rows(database_url) == []


async def test_of_two_tries_at_once_one_stores_and_the_other_finds_nothing(
    database_url: str,
) -> None:
    await take_in(database_url, *map(came, range(3)))
    await register(database_url, "GW-1", ["MH-1"])
    (row,) = await rows(database_url)
    holder = await asyncpg.connect(database_url)
    watcher = await asyncpg.connect(database_url)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        async with holder.transaction():
            await holder.execute("SELECT FROM journal_head FOR UPDATE")
            both = [
                tasks.create_task(try_again(database_url, row.id)) for _ in range(2)
            ]
            await until_somebody_waits(watcher, 2)
        done = [await each for each in both]
    await holder.close()
    await watcher.close()
    assert sorted(each is None for each in done) == [False, True]
    assert await journaled_rows(database_url) == 3
    assert await rows(database_url) == []


async def test_what_is_not_there_cannot_be_tried_again(database_url: str) -> None:
    assert await try_again(database_url, 17) is None


async def test_a_stop_amid_a_try_is_one_though_the_database_hangs_up_then(
    database_url: str,
) -> None:
    await take_in(database_url, came(1))
    await register(database_url, "GW-1", ["MH-1"])
    (row,) = await rows(database_url)
    holder = await asyncpg.connect(database_url)
    watcher = await asyncpg.connect(database_url)
    await request_retry(watcher, row.id, at=LATER)
    async with asyncio.timeout(60), holder.transaction():
        await holder.execute("SELECT FROM journal_head FOR UPDATE")
        trying = asyncio.create_task(run_retries(database_url, clock=lambda: LATER))
        await until_somebody_waits(watcher, 1)
        # Nothing else runs between the two: it hears of both in one turn of the loop.
        hang_up_on_who_waits(database_url)
        trying.cancel()
        await asyncio.wait([trying])
    await holder.close()
    await watcher.close()
    assert trying.cancelled()
    assert await journaled_rows(database_url) == 0


def hang_up_on_who_waits(dsn: str) -> None:
    """End the sessions that wait for a lock, and wait until they are gone."""

    async def hang_up() -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        await connection.close()

    thread = threading.Thread(target=asyncio.run, args=[hang_up()])
    thread.start()
    thread.join()
