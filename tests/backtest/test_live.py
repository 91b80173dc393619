"""A backtest of the live rules gives the live alarms and cases, bit for bit."""

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from cases.move_table import Move
from cases.routing import shipped_routing
from devices.registry.snapshot import load_snapshot
from rules.backtest.compare import Beside, alarm_pairs
from rules.backtest.course import Course
from rules.backtest.docket import Docket
from rules.backtest.found import Found
from rules.backtest.report import report_of
from rules.engine.entry import learned_from
from rules.engine.state import read_back, written
from rules.plan.compile import compile_plan
from rules.triage.desk import desk_from, desk_written
from rules.worker.past_plans import past_source
from store.journal.entries import read
from tests.backtest.changing_city import ChangingCity
from tests.backtest.past import apart, backtest_of, backtested, live_of
from tests.backtest.week import Week
from tests.rules.city_feed import NOON, Feed
from tests.rules.workers import ZONE, fold_all
from tests.triage.city import City

pytestmark = pytest.mark.db

BATCHES = 600

COUNT = "SELECT count(*) FROM case_file"

MACHINE_MOVES = """
SELECT array_agg(DISTINCT move ORDER BY move) FROM case_step
WHERE role = 'rules' AND move NOT IN ('worsen', 'ease')
"""

HALTS = "SELECT count(*) FROM rule_halt WHERE code = 'steep'"

WHAT_HAPPENED = """
SELECT ARRAY[
    EXISTS (SELECT FROM case_file WHERE shape <> 'single'),
    EXISTS (SELECT FROM alarm WHERE window_id IS NOT NULL),
    EXISTS (SELECT FROM case_step WHERE move IN ('worsen', 'ease')),
    EXISTS (SELECT FROM alarm WHERE rule = 'steep')
]
"""

LAGGED = """
SELECT count(*) FROM case_step p WHERE role <> 'rules'
    AND EXISTS (SELECT FROM journal WHERE seq > p.seq + 50 AND received_at < p.taken_at)
"""
"""People's steps while the rules were behind."""


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_random_stretch_is_reproduced_exactly(
    city: City, pool: asyncpg.Pool, seed: int
) -> None:
    feed = Feed(city.snapshot, random.Random(seed))  # noqa: S311 not a secret
    async with pool.acquire() as connection:
        for _ in range(BATCHES):
            await feed.write(connection)
    await fold_all(pool, city.dsn)
    alarms, cases = await live_of(pool)
    assert alarms
    assert cases
    found = await backtest_of(
        pool, "live", since=NOON - timedelta(days=1), until=feed.now + timedelta(days=1)
    )
    assert found.is_exact
    new_alarms, new_cases = backtested(found)
    assert new_cases == cases
    assert new_alarms == alarms
    await _is_the_same_however_cut(pool, found, random.Random(seed))  # noqa: S311 not a secret


async def _is_the_same_however_cut(
    pool: asyncpg.Pool, found: Found, rng: random.Random
) -> None:
    """Take the same entries in parts of any length, with a restart between them."""
    async with pool.acquire() as connection:
        snapshot = await load_snapshot(connection)
        docket = Docket(snapshot, shipped_routing(), found.people)
        source = await past_source(connection, found.last_seq)
        assert source is not None
        course = Course(compile_plan(source), docket)
        entries = await read(connection, after=0, limit=found.last_seq)
    learned = [learned_from(entry) for entry in entries]
    while learned:
        many = rng.choice([1, 20, 100, 300])
        course.take(learned[:many])
        course.state = read_back(written(course.state))
        course.desk = desk_from(desk_written(course.desk))
        learned = learned[many:]
    alarms = [*docket.ended, *docket.alarms.values()]
    cases = [*docket.closed, *docket.cases.values()]
    again = replace(
        found,
        alarms=sorted(alarms, key=lambda alarm: alarm.id),
        cases=sorted(cases, key=lambda case: case.id),
    )
    first = replace(found, alarms=sorted(found.alarms, key=lambda alarm: alarm.id))
    told = sorted(map(repr, backtested(first)[0]))
    assert sorted(map(repr, backtested(again)[0])) == told
    assert backtested(again)[1] == backtested(first)[1]


@pytest.mark.parametrize("in_step", [True, False])
async def test_a_stretch_in_which_everything_changed_is_reproduced_exactly(
    city: City, pool: asyncpg.Pool, tmp_path: Path, *, in_step: bool
) -> None:
    rng = random.Random(11)  # noqa: S311 not a secret
    changing = ChangingCity(city, rng, tmp_path / "city", in_step)
    await changing.live(pool)
    until = changing.feed.now + timedelta(days=1)
    alarms, cases = await live_of(pool)
    found = await backtest_of(pool, "live", since=NOON, until=until)
    new_alarms, new_cases = backtested(found)
    assert found.under.lost_at == ()
    assert apart(cases, new_cases) == []
    assert apart(alarms, new_alarms) == []
    assert await pool.fetchval(HALTS) == 1
    assert found.under.plans > 12
    assert found.under.placed_from == found.begun
    assert found.under.known_from == found.begun
    report = report_of(found, zone=ZoneInfo(ZONE), stated={})
    assert {row.beside for row in report.alarms} == {Beside.SAME}
    assert {row.beside for row in report.cases} == {Beside.SAME}
    if in_step:
        assert await pool.fetchval(WHAT_HAPPENED) == [True] * 4
        # Under the rules of now it would have been something else.
        now = await backtest_of(pool, "now", since=NOON, until=until)
        assert backtested(now)[0] != alarms


async def test_live_cases_of_a_week_are_reproduced_exactly(
    city: City, pool: asyncpg.Pool
) -> None:
    week = Week(city, random.Random(7))  # noqa: S311 not a secret
    await week.live(pool)
    alarms, cases = await live_of(pool)
    assert week.now - NOON > timedelta(days=7)
    assert len(alarms) > 100
    found = await backtest_of(
        pool, "live", since=NOON, until=week.now + timedelta(days=1)
    )
    new_alarms, new_cases = backtested(found)
    assert new_cases == cases
    assert new_alarms == alarms
    report = report_of(found, zone=ZoneInfo(ZONE), stated={})
    assert {row.beside for row in report.alarms} == {Beside.SAME}
    assert {row.beside for row in report.cases} == {Beside.SAME}
    told = sum(sum(line.days.values()) for line in report.loads)
    assert told == len(found.cases) == await pool.fetchval(COUNT)
    assert {Move.FORCE_CLOSE, Move.DISPATCH, Move.RETURN} <= week.moves
    assert await pool.fetchval(MACHINE_MOVES) == [
        "collect",
        "dispatch",
        "file",
        "reopen",
    ]
    assert await pool.fetchval(LAGGED) > 0

    begun = NOON + timedelta(days=1)
    late = await backtest_of(
        pool,
        "live",
        since=begun + timedelta(days=2),
        until=week.now + timedelta(days=1),
        warm_up=timedelta(days=2),
    )
    pairs = alarm_pairs(
        late.alarms, late.live_alarms, (late.ask.since, late.until), late.last_seq
    )
    assert sum(pair.beside is Beside.SAME for pair in pairs) > len(pairs) * 0.8
    # What differs stood since before the warm-up, and nothing was heard of it in it.
    for pair in pairs:
        if pair.beside is not Beside.SAME:
            assert pair.live is not None
            assert pair.live.raised_at < begun
