import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from store.journal.body import positions_from, readings_from
from store.journal.entries import Kind, read
from store.quarantine.refused import quarantined
from store.telemetry.batch import Batch, Writer, Written
from tests.store.rows import NOON, NOON_US, positions, readings
from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.reading import Readings
from vocabulary.refusal import Reason, Refusal

pytestmark = [pytest.mark.db, pytest.mark.editions]

Row = tuple[int, float, float]


def batch(
    rows: Readings | None = None,
    fixes: Positions | None = None,
    refusals: Sequence[Refusal] = (),
) -> Batch:
    return Batch(
        Readings.empty() if rows is None else rows,
        Positions.empty() if fixes is None else fixes,
        refusals,
        NOON,
    )


async def write(pool: asyncpg.Pool, writer: Writer, written: Batch) -> Written:
    async with pool.acquire() as connection:
        return await writer.write(connection, written)


async def stored(pool: asyncpg.Pool) -> list[tuple[int, float, float, int]]:
    rows = await pool.fetch(
        "SELECT series_id, extract(epoch FROM measured_at - $1)::float8, value, quality"
        " FROM reading ORDER BY series_id, measured_at",
        NOON,
    )
    return [tuple(row) for row in rows]


async def journaled(pool: asyncpg.Pool) -> list[tuple[int, float, float]]:
    async with pool.acquire() as connection:
        entries = await read(connection, after=0, limit=1000)
    return [
        (int(series), (int(us) - NOON_US) / 1e6, float(value))
        for entry in entries
        if entry.kind is Kind.READINGS
        for rows in [readings_from(entry.body, NOON_US)]
        for series, us, value in zip(
            rows.series_id, rows.measured_us, rows.value, strict=True
        )
    ]


async def test_what_is_written_is_in_the_table_and_in_the_journal(
    pool: asyncpg.Pool,
) -> None:
    rows = [(1, 0, 0.5), (2, 0, 1.5), (1, 1, 2.5)]
    written = await write(pool, Writer(), batch(readings(*rows)))
    assert written == Written(
        readings_stored=3,
        readings_repeated=0,
        positions_stored=0,
        positions_repeated=0,
        last_seq=1,
    )
    assert [row[:3] for row in await stored(pool)] == sorted(rows)
    assert await journaled(pool) == rows


async def test_a_repeat_within_a_batch_is_left_out(pool: asyncpg.Pool) -> None:
    rows = readings((1, 0, 0.5), (1, 0, 9.9), (1, 1, 1.5), (1, 0, 0.5))
    written = await write(pool, Writer(), batch(rows))
    assert (written.readings_stored, written.readings_repeated) == (2, 2)
    assert await stored(pool) == [(1, 0, 0.5, 0), (1, 1, 1.5, 0)]
    assert await journaled(pool) == [(1, 0, 0.5), (1, 1, 1.5)]


async def test_a_repeat_of_an_earlier_batch_is_left_out(pool: asyncpg.Pool) -> None:
    writer = Writer()
    await write(pool, writer, batch(readings((1, 0, 0.5), (1, 1, 1.5))))
    again = batch(readings((1, 0, 0.5), (1, 2, 2.5), (1, 1, 1.5)))
    written = await write(pool, writer, again)
    assert (written.readings_stored, written.readings_repeated) == (1, 2)
    assert await journaled(pool) == [(1, 0, 0.5), (1, 1, 1.5), (1, 2, 2.5)]


async def test_a_batch_of_repeats_alone_makes_no_entry(pool: asyncpg.Pool) -> None:
    written = [
        await write(pool, writer, batch(readings((1, 0, 0.5))))
        for writer in (Writer(), Writer())
    ]
    assert [(w.readings_stored, w.last_seq) for w in written] == [(1, 1), (0, 0)]


async def test_what_another_worker_stored_meanwhile_is_left_out(
    pool: asyncpg.Pool,
) -> None:
    ours, theirs = Writer(), Writer()
    await write(pool, ours, batch(readings((1, 0, 0.5))))  # now it knows series 1
    await write(pool, theirs, batch(readings((1, 5, 5.5), (1, 6, 6.5))))
    written = await write(pool, ours, batch(readings((1, 5, 5.5), (1, 7, 7.5))))
    assert (written.readings_stored, written.readings_repeated) == (1, 1)
    assert await journaled(pool) == [(1, 0, 0.5), (1, 5, 5.5), (1, 6, 6.5), (1, 7, 7.5)]
    # And it has learned from it: what is older than the others' rows is late.
    await write(pool, ours, batch(readings((1, 6.5, 0))))
    assert (1, 6.5, 0, Quality.LATE) in await stored(pool)


async def test_two_workers_with_the_same_rows_store_each_once(
    pool: asyncpg.Pool,
) -> None:
    batches = [
        batch(readings(*((series, n, 0.0) for series in range(1, 40))))
        for n in range(20)
    ]

    async def work() -> int:
        writer = Writer()
        return sum(
            [(await write(pool, writer, each)).readings_stored for each in batches]
        )

    async with asyncio.timeout(300):
        counts = await asyncio.gather(work(), work())
    assert sum(counts) == 39 * 20
    assert len(await stored(pool)) == 39 * 20
    assert len(await journaled(pool)) == len(set(await journaled(pool))) == 39 * 20


async def test_late_rows_are_flagged_and_kept_in_their_order_of_arrival(
    pool: asyncpg.Pool,
) -> None:
    writer = Writer()
    await write(pool, writer, batch(readings((1, 10, 1.0), (2, 0, 1.0))))
    rows = [(1, 5, 2.0), (1, 12, 3.0), (1, 11, 4.0), (2, 1, 5.0)]
    await write(pool, writer, batch(readings(*rows)))
    assert [row[3] for row in await stored(pool)] == [1, 0, 1, 0, 0, 0]
    assert (await journaled(pool))[2:] == rows


async def test_a_restarted_worker_still_knows_what_is_late(pool: asyncpg.Pool) -> None:
    await write(pool, Writer(), batch(readings((1, 10, 1.0))))
    await write(pool, Writer(), batch(readings((1, 5, 2.0))))
    assert await stored(pool) == [(1, 5, 2.0, Quality.LATE), (1, 10, 1.0, 0)]


async def test_a_row_from_the_future_makes_nothing_late(pool: asyncpg.Pool) -> None:
    writer = Writer()
    ahead = readings((1, 3600, 9.0), quality=Quality.FUTURE)
    await write(pool, writer, batch(ahead))
    await write(pool, writer, batch(readings((1, 1, 1.0))))
    await write(pool, Writer(), batch(readings((1, 2, 2.0))))
    assert await stored(pool) == [(1, 1, 1.0, 0), (1, 2, 2.0, 0), (1, 3600, 9.0, 2)]


async def test_two_fixes_in_one_second_are_both_stored(pool: asyncpg.Pool) -> None:
    writer = Writer()
    pair = positions((1, 0, 111.0, 35.0), (1, 0, 111.1, 35.0), (1, 0, 111.0, 35.0))
    written = await write(pool, writer, batch(fixes=pair))
    assert (written.positions_stored, written.positions_repeated) == (2, 1)
    third = positions((1, 0, 111.2, 35.0), (1, 0, 111.1, 35.0))
    written = await write(pool, writer, batch(fixes=third))
    assert (written.positions_stored, written.positions_repeated) == (1, 1)
    quality = await pool.fetch('SELECT quality FROM "position"')
    assert [row[0] for row in quality] == [0, 0, 0]


async def test_what_a_fix_does_not_say_is_null(pool: asyncpg.Pool) -> None:
    await write(pool, Writer(), batch(fixes=positions((1, 0, 111.5, -35.25))))
    row = await pool.fetchrow(
        "SELECT lon_e7, lat_e7, speed_kmh, course_deg, altitude_m, satellites, hdop"
        ' FROM "position"'
    )
    assert row is not None
    assert tuple(row) == (1_115_000_000, -352_500_000, None, None, None, None, None)
    async with pool.acquire() as connection:
        (entry,) = await read(connection, after=0, limit=10)
    assert positions_from(entry.body, NOON_US).satellites.tolist() == [-1]


async def test_one_batch_is_one_transaction(pool: asyncpg.Pool) -> None:
    refusal = Refusal(reason=Reason.BAD_JSON, detail="", transport="mqtt")
    whole = batch(readings((1, 0, 1.0)), positions((1, 0, 111.0, 35.0)), [refusal])
    # No journal to append to: nothing else of the batch may stay either.
    await pool.execute("DELETE FROM journal_head")
    with pytest.raises(LookupError):
        await write(pool, Writer(), whole)
    assert await pool.fetchval("SELECT count(*) FROM reading") == 0
    assert await pool.fetchval("SELECT count(*) FROM quarantine") == 0
    await pool.execute("INSERT INTO journal_head VALUES (0, 0, 'epoch')")
    writer = Writer()
    assert (await write(pool, writer, whole)).last_seq == 2
    # The same batch again, as after a commit whose answer was lost.
    assert (await write(pool, writer, whole)).last_seq == 0
    async with pool.acquire() as connection:
        entries = await read(connection, after=0, limit=10)
        assert [e.kind for e in entries] == [Kind.READINGS, Kind.POSITIONS]
        assert [e.row_count for e in entries] == [1, 1]
        assert [row.count for row in await quarantined(connection)] == [2]


async def test_a_reading_takes_the_place_of_one_from_the_future(
    pool: asyncpg.Pool,
) -> None:
    writer = Writer()
    await write(pool, writer, batch(readings((1, 8, 1.0), quality=Quality.FUTURE)))
    true = batch(readings((1, 7, 5.0), (1, 8, 6.0), (1, 9, 7.0)))
    written = await write(pool, writer, true)
    assert (written.readings_stored, written.readings_repeated) == (3, 0)
    assert await stored(pool) == [(1, 7, 5.0, 0), (1, 8, 6.0, 0), (1, 9, 7.0, 0)]
    assert (await journaled(pool))[1:] == [(1, 7, 5.0), (1, 8, 6.0), (1, 9, 7.0)]
    again = await write(pool, Writer(), true)
    assert (again.readings_stored, again.readings_repeated) == (0, 3)
    from_the_future = batch(readings((1, 9, 1.0), quality=Quality.FUTURE))
    assert (await write(pool, writer, from_the_future)).readings_repeated == 1


async def test_a_fix_takes_the_place_of_the_same_one_from_the_future(
    pool: asyncpg.Pool,
) -> None:
    writer = Writer()
    ahead = positions((1, 8, 111.0, 35.0), quality=Quality.FUTURE)
    await write(pool, writer, batch(fixes=ahead))
    true = batch(fixes=positions((1, 7, 111.0, 35.0), (1, 8, 111.0, 35.0)))
    written = await write(pool, writer, true)
    assert (written.positions_stored, written.positions_repeated) == (2, 0)
    assert await pool.fetchval('SELECT bit_or(quality) FROM "position"') == 0
    assert (await write(pool, Writer(), true)).positions_repeated == 2
