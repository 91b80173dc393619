"""By what the worker judged is kept; rules are taken at the entries telling of them."""

import asyncpg
import pytest

from rules.plan.plan_source import source_pieces, source_written
from rules.worker.past_plans import past_source
from store.journal.cursor import checkpoint_of
from store.rules.plan_sources import sources_between
from store.rules.versions import (
    Change,
    install_shipped,
    live_rules,
    put_live,
    set_stage,
)
from store.rules.windows import NewWindow, insert_window
from tests.rules.city_feed import NOON, install_city
from tests.triage.city import City
from vocabulary.device import DeviceKind
from vocabulary.rule_stage import RuleStage

pytestmark = pytest.mark.db

RULE = "cover-opened"


@pytest.fixture
async def city(pool: asyncpg.Pool, database_url: str) -> City:
    async with pool.acquire() as connection:
        return City(pool, database_url, await install_city(connection))


@pytest.fixture
async def twin(second_pool: asyncpg.Pool, second_url: str) -> City:
    """The same city in another database."""
    async with second_pool.acquire() as connection:
        return City(second_pool, second_url, await install_city(connection))


async def edit(city: City, second: float, above: float) -> None:
    """Put in a version of a rule with another limit."""
    async with city.pool.acquire() as connection, connection.transaction():
        live = {rule.code: rule.source for rule in await live_rules(connection)}
        text = live[RULE]
        here = text.index("above:")
        there = text.index("\n", here)
        text = f"{text[:here]}above: {above:.1f}{text[there:]}"
        await put_live(connection, RULE, text, author="me", at=city.at(second))


async def retire(city: City, second: float) -> None:
    async with city.pool.acquire() as connection, connection.transaction():
        live = {rule.code: rule.version for rule in await live_rules(connection)}
        change = Change(author="me", at=city.at(second))
        await set_stage(connection, RULE, live[RULE], RuleStage.RETIRED, change)


async def test_every_plan_is_kept_with_the_entry_from_which_it_judges(
    city: City,
) -> None:
    await city.fold()
    async with city.pool.acquire() as connection, connection.transaction():
        window = NewWindow(
            rule=RULE,
            from_at=city.at(10),
            until_at=city.at(99),
            reason="works",
            owner="me",
        )
        await insert_window(connection, window, at=city.at(10))
    await city.fold()
    await edit(city, 20, 33.0)
    await city.tick(21, 24)
    await city.fold()
    await city.fold()  # a restart changes nothing
    async with city.pool.acquire() as connection:
        head = await connection.fetchval("SELECT seq FROM journal_head")
        windowed, edited = head - 4, head - 3
        kept = await sources_between(connection, windowed - 1, head)
        assert [mark.from_seq for mark in kept[1:]] == [windowed + 1, edited + 1]
        assert not any(mark.is_anew for mark in kept)
        before = await past_source(connection, windowed)
        during = await past_source(connection, edited)
        after = await past_source(connection, head)
        assert before is not None
        assert during is not None
        assert after is not None
        assert (len(before.windows), len(during.windows)) == (0, 1)
        versions = [
            next(text.version for text in source.rules if text.code == RULE)
            for source in (before, during, after)
        ]
        assert versions == [1, 1, 2]
        now = await checkpoint_of(connection, "rules.plan")
        assert now is not None
        assert source_written(after) == now.state
        assert b"".join(source_pieces(after)) == now.state
        # The devices of all of them are one piece.
        same = await connection.fetchval(
            "SELECT count(DISTINCT pieces[2]) FROM plan_source"
        )
        assert same == 1


async def test_a_worker_that_lost_its_state_says_so(city: City) -> None:
    await city.tick(1, 5)
    await city.fold()
    await city.pool.execute("DELETE FROM checkpoint WHERE consumer = 'rules'")
    await city.tick(5, 9)
    await city.fold()
    async with city.pool.acquire() as connection:
        head = await connection.fetchval("SELECT seq FROM journal_head")
        kept = await sources_between(connection, 0, head)
    assert [mark.from_seq for mark in kept if mark.is_anew] == [head - 3]


async def drill(city: City, *, in_step: bool) -> None:
    """Let a cover stand open a little while its rule changes twice and is retired."""

    async def so_far() -> None:
        if in_step:
            await city.fold()

    cover, other = city.codes(DeviceKind.COVER)[:2]
    await so_far()
    for second in range(0, 30, 2):
        await city.say(second, {cover: {"tilt_deg": 2.0}, other: {"tilt_deg": 2.0}})
    await so_far()
    await edit(city, 30, 90.0)  # nothing is so far open
    await so_far()
    for second in range(31, 60, 2):
        await city.say(second, {cover: {"tilt_deg": 40.0}, other: {"tilt_deg": 2.0}})
    await so_far()
    await edit(city, 60, 35.0)
    await city.triage_by("groups: []\n", 60)
    await so_far()
    for second in range(61, 90, 2):
        await city.say(second, {cover: {"tilt_deg": 40.0}, other: {"tilt_deg": 2.0}})
    await so_far()
    await retire(city, 90)
    await so_far()
    for second in range(91, 120, 2):
        await city.say(second, {cover: {"tilt_deg": 40.0}, other: {"tilt_deg": 40.0}})
    await city.fold()


RAISED = """
SELECT rule, rule_version, device_id, raised_at, measured_at, value, threshold,
       cleared_at, handling FROM alarm ORDER BY raised_at, measured_at, rule, device_id
"""
PLANS = "SELECT at, key FROM plan_source ORDER BY from_seq"


async def test_a_worker_that_lags_takes_each_rule_at_the_entry_that_tells_of_it(
    city: City, twin: City
) -> None:
    await drill(city, in_step=True)
    await drill(twin, in_step=False)
    raised = await city.rows(RAISED)
    assert [row[:2] for row in raised if row[0] == RULE] == [(RULE, 3)]
    assert await twin.rows(RAISED) == raised
    assert await twin.rows(PLANS) == await city.rows(PLANS)


async def test_the_rules_of_a_release_are_taken_all_at_once(city: City) -> None:
    await city.fold()
    assert await city.rows("SELECT count(*) FROM plan_source") == [(2,)]
    async with city.pool.acquire() as connection:
        await connection.execute("UPDATE rule SET source = source || '# old' ")
        installed = await install_shipped(connection, NOON)
    assert len(installed) > 30
    await city.fold()
    assert await city.rows("SELECT count(*) FROM plan_source") == [(3,)]
