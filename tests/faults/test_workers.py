"""Two ingest workers share the load, and one of them stands still for a while."""

import asyncio
import signal

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from store.company import worker_name
from tests.faults.figures import Note
from tests.faults.load import ingest, load_of
from tests.faults.sizes import sized

pytestmark = [pytest.mark.db, pytest.mark.broker]

STILL_S = sized(2.0, 60.0)
"""Beyond 45 s the broker thinks it dead, hangs up, and sends again to its session."""

AT_ONCE = 30
"""Messages of each gateway in a twentieth of a second, or what the machine takes. Every
other one is a gap while a worker stands still: tens of thousands in the long form."""

WORDS = 3
"""Of the worker that opened the session, and of the two that then hear."""

UP = b'"edge":"mqtt","gateway":"","up":true'
DOWNS = """
    WITH told AS (
        SELECT seq, convert_from(body, 'UTF8')::jsonb AS body FROM journal
        WHERE position('"edge":"ingest","gateway":"","up":false'::bytea IN body) > 0
    )
    SELECT body ->> 'worker' AS worker FROM told ORDER BY seq
"""
HOLDS_HEAD = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid
        WHERE a.application_name = $1 AND a.state = 'idle in transaction'
            AND l.relation = 'journal_head'::regclass AND l.mode = 'RowExclusiveLock'
    )
"""
"""Whether it waits for a worker's next word, and everybody else for its commit."""

COUNT = "SELECT count(*) FROM journal WHERE position($1::bytea IN body) > 0"


async def test_what_a_worker_that_stood_still_had_in_hand_is_stored_once(
    database_url: str, broker: Broker, unique: str, note: Note
) -> None:
    # The session that `load_of` opens hears everything; of two that share, none may.
    load = await load_of(database_url, broker, unique, shared_group=unique)
    url = broker.ingest_url
    async with (
        asyncio.timeout(300 + 3 * STILL_S),
        ingest(database_url, url, unique, shared_group=unique) as one,
        ingest(database_url, url, f"{unique}-two", shared_group=unique),
    ):
        await until_both_hear(database_url)
        async with load.publishing(at_once=AT_ONCE, pause_s=0.05):
            await load.until_stored(500)
            await stop_amid_transaction(one, database_url, unique)
            before = await load.stored()
            await asyncio.sleep(STILL_S)
            await load.until_stored(before + 1)  # the other one goes on
            meanwhile = await load.stored() - before
            behind = load.acknowledged - before - meanwhile
            one.send_signal(signal.SIGCONT)
            back_s = await load.catch_up_s()
        outcome = await load.outcome(within_s=120)
    note(
        f"one of two workers stopped for {STILL_S:g} s",
        acknowledged=outcome.acknowledged,
        stored=outcome.stored,
        lost=outcome.lost,
        doubled=outcome.doubled,
        stored_meanwhile=meanwhile,
        waited_for_it=behind,
        s_to_catch_up=back_s,
    )
    assert behind > 0  # this one had something in hand
    assert outcome.is_whole


async def test_each_worker_that_stops_says_that_it_hears_no_longer(
    database_url: str, broker: Broker, unique: str
) -> None:
    await load_of(database_url, broker, unique, shared_group=unique)
    connection = await asyncpg.connect(database_url)
    names = []
    url = broker.ingest_url
    async with (
        asyncio.timeout(300),
        ingest(database_url, url, unique, shared_group=unique) as one,
        ingest(database_url, url, f"{unique}-two", shared_group=unique) as two,
    ):
        await until_both_hear(database_url)
        for worker in (one, two):
            worker.send_signal(signal.SIGINT)
            await worker.wait()
            names = [row["worker"] for row in await connection.fetch(DOWNS)]
    await connection.close()
    assert names == [unique, f"{unique}-two"]


async def stop_amid_transaction(
    worker: asyncio.subprocess.Process, dsn: str, client_id: str
) -> None:
    """Stop a worker where it holds locks that the other one wants."""
    connection = await asyncpg.connect(dsn)
    name = worker_name(client_id)
    while True:
        worker.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.02)  # what it had sent is done
        if await connection.fetchval(HOLDS_HEAD, name):
            break
        worker.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.003)
    await connection.close()


async def until_both_hear(dsn: str) -> None:
    """Wait until two workers have said that they hear, after the one that opened it."""
    connection = await asyncpg.connect(dsn)
    while await connection.fetchval(COUNT, UP) < WORDS:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    await connection.close()
