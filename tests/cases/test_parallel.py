"""S01: however many file one problem at once, it is one case."""

import asyncio
from collections import Counter
from dataclasses import replace

import asyncpg
import pytest

from cases.acts import Open
from cases.filing import Outcome
from cases.opening import new_case, opening_steps
from cases.placing import Place, place
from cases.routing import shipped_routing
from store.cases.filed import insert_case
from tests.cases.town import COVER, COVER_OF_STREET, HIT, LAMP, LAMP_OUT, Town, later

pytestmark = pytest.mark.db

FILERS = 100
CONNECTIONS = 40


async def test_a_hundred_parallel_filings_of_one_problem_are_one_case(
    town: Town, database_url: str
) -> None:
    async with asyncpg.create_pool(
        database_url, min_size=CONNECTIONS, max_size=CONNECTIONS
    ) as pool:
        crowd = Town(pool, town.snapshot)
        async with asyncio.timeout(300), asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(crowd.hit(later(HIT, n)), name=f"filer {n}")
                for n in range(FILERS)
            ]
    outcomes = Counter(task.result().outcome for task in tasks)
    assert outcomes == {Outcome.OPENED: 1, Outcome.HIT_AGAIN: FILERS - 1}
    row = await town.pool.fetchrow("SELECT count(*), min(hit_count) FROM case_file")
    assert row is not None
    assert tuple(row) == (1, FILERS)
    linked = "SELECT count(*) FROM alarm WHERE case_id IS NOT NULL"
    assert await town.pool.fetchval(linked) == FILERS


async def test_two_breaches_three_milliseconds_apart_are_one_case(town: Town) -> None:
    first, second = await town.hits(HIT, later(HIT, 0.003, seq=2))
    assert (first.outcome, second.outcome) == (Outcome.OPENED, Outcome.HIT_AGAIN)


async def test_the_index_alone_keeps_a_problem_to_one_case(town: Town) -> None:
    """Without the filing lock, and with a number of their own each."""
    found = place(HIT, town.snapshot, shipped_routing())
    assert isinstance(found, Place)

    async def insert(number: int) -> int | None:
        opened = Open(found, tuple(opening_steps(HIT, found)), None)
        case = new_case(HIT, opened, number=f"{number:019d}")
        async with town.pool.acquire() as connection:
            return await insert_case(connection, case)

    async with asyncio.timeout(300), asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(insert(n), name=f"inserter {n}") for n in range(FILERS)
        ]
    assert len([task for task in tasks if task.result() is not None]) == 1


async def test_parallel_filings_of_many_problems_number_them_without_gaps(
    town: Town,
) -> None:
    many = [
        replace(HIT, device_id=COVER),
        replace(HIT, device_id=COVER_OF_STREET),
        replace(HIT, device_id=LAMP, files=LAMP_OUT),
    ]
    async with asyncio.timeout(300), asyncio.TaskGroup() as group:
        for n in range(30):
            hit = later(many[n % len(many)], n)
            group.create_task(town.hit(hit), name=f"filer {n}")
    numbers = await town.pool.fetch("SELECT number FROM case_file ORDER BY number")
    assert [row["number"][-5:] for row in numbers] == ["00001", "00002", "00003"]
