"""The database stops, hangs up in mid-batch, or commits and is not heard."""

import asyncio
import itertools

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from gezhi.stack.postgres import Cluster
from store.migrate import migrate
from tests.faults.figures import Note
from tests.faults.load import ingest, load_of
from tests.faults.proxy import proxied
from tests.faults.sizes import sized
from tests.ingest.far_end import until

pytestmark = [pytest.mark.db, pytest.mark.broker]

AWAY_S = sized(4.0, 60.0)
HANG_UPS = sized(8, 100)
LOST_ANSWERS = sized(8, 100)

END_MID_BATCH = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND state <> 'idle' AND xact_start < clock_timestamp()
        AND query ~ '^(COPY|INSERT|UPDATE|COMMIT|CREATE TEMP|BEGIN)'
"""
"""Ends whoever is in the middle of a transaction that writes."""


async def test_while_the_database_is_away_the_broker_keeps_what_comes(
    own_cluster: Cluster, broker: Broker, unique: str, note: Note
) -> None:
    await migrate(own_cluster.dsn())
    load = await load_of(own_cluster.dsn(), broker, unique)
    async with (
        asyncio.timeout(300 + 2 * AWAY_S),
        ingest(own_cluster.dsn(), broker.ingest_url, unique),
    ):
        async with load.publishing(at_once=20, pause_s=0.05):
            await load.until_stored(1000)
            await own_cluster.stop()
            before = load.acknowledged
            await asyncio.sleep(AWAY_S)
            await until(lambda: load.acknowledged > before)
            await own_cluster.start()
            back_s = await load.catch_up_s()
        outcome = await load.outcome(within_s=120)
    note(
        f"database stopped for {AWAY_S:g} s",
        acknowledged=outcome.acknowledged,
        stored=outcome.stored,
        lost=outcome.lost,
        doubled=outcome.doubled,
        s_to_catch_up=back_s,
    )
    assert outcome.is_whole


async def test_a_writer_hung_up_on_in_mid_batch_stores_each_row_once(
    database_url: str, cluster: Cluster, broker: Broker, unique: str, note: Note
) -> None:
    load = await load_of(database_url, broker, unique)
    name = database_url.rpartition("/")[2]
    admin = await asyncpg.connect(cluster.admin_dsn(name))
    ended = 0
    async with asyncio.timeout(300), ingest(database_url, broker.ingest_url, unique):
        async with load.publishing(at_once=40, pause_s=0.01):
            while ended < HANG_UPS:
                before = await load.stored()
                while not (now := await admin.fetchval(END_MID_BATCH)):  # noqa: ASYNC110
                    await asyncio.sleep(0.002)  # nothing says when a batch begins
                ended += now
                await load.until_stored(before + 1)
        back_s = await load.catch_up_s()
        outcome = await load.outcome(within_s=120)
    await admin.close()
    note(
        f"pg_terminate_backend in mid-batch {ended} times",
        acknowledged=outcome.acknowledged,
        stored=outcome.stored,
        lost=outcome.lost,
        doubled=outcome.doubled,
        s_to_catch_up=back_s,
    )
    assert outcome.is_whole


async def test_a_commit_whose_answer_is_lost_is_stored_once_and_acknowledged(
    database_url: str, broker: Broker, unique: str, note: Note
) -> None:
    load = await load_of(database_url, broker, unique)
    nth = itertools.count(1)
    async with (
        asyncio.timeout(300),
        proxied(database_url) as (address, proxy),
        ingest(address, broker.ingest_url, unique),
    ):
        proxy.wants_cut = lambda: next(nth) % 3 == 0
        async with load.publishing(at_once=40, pause_s=0.02):
            while proxy.cuts < LOST_ANSWERS:  # noqa: ASYNC110 - told by the proxy
                await asyncio.sleep(0.05)
            proxy.wants_cut = lambda: False
        back_s = await load.catch_up_s()
        outcome = await load.outcome(within_s=120)
    note(
        f"answer to COMMIT lost {proxy.cuts} times",
        acknowledged=outcome.acknowledged,
        stored=outcome.stored,
        lost=outcome.lost,
        doubled=outcome.doubled,
        s_to_catch_up=back_s,
    )
    assert outcome.is_whole
