"""Steps at every point of a halt, of people and of rules: reproduced as they were."""

import random
from collections.abc import Sequence

import asyncpg
import pytest

from store.rules.versions import lock_rules, put_live
from tests.backtest.halting import LITTLE, Workshop, is_reproduced
from tests.backtest.office import Office
from tests.backtest.turns import Choose, in_turns, lines

pytestmark = pytest.mark.db

ROUNDS = 15

HALTS = "SELECT sum(failures) FROM rule_halt"

REWORKS = "SELECT count(*) > count(rework_at) AND count(rework_at) > 0 FROM case_file"

EDITED_BEFORE = """
SELECT bool_or(a.cleared_seq = p.from_seq - 1) FROM alarm a, plan_source p
WHERE a.rule = 'little' AND p.broken IS NOT NULL
"""

WORKER, PERSON = 0, 1


class FirstThen:
    """Lets one do so many statements, then the others, then the one to its end.

    Args:
        first: Which one.
        many: How many statements.

    Attributes:
        done: How many it has done.
    """

    def __init__(self, first: int, many: int) -> None:
        self.done = 0
        self._first, self._many = first, many

    def __call__(self, ready: Sequence[int]) -> int:
        others = [place for place in ready if place != self._first]
        if others and (self.done >= self._many or self._first not in ready):
            return others[0]
        self.done += 1
        return self._first


@pytest.mark.parametrize("first", [WORKER, PERSON])
async def test_a_step_at_any_point_of_a_halt_is_reproduced_exactly(
    workshop: Workshop, pool: asyncpg.Pool, first: int
) -> None:
    many, whole = 0, 1
    async with lines(workshop.city.dsn, 2) as (person, observer):
        while many <= whole:
            await workshop.make_steep()
            await workshop.say(1e308)
            choose = FirstThen(first, many)
            doings = (
                (workshop.line, workshop.take_all()),
                (person, workshop.close_case(person)),
            )
            await in_turns(observer, doings, choose)
            many, whole = many + 1, choose.done
    assert await pool.fetchval(HALTS) == many > 5
    assert await pool.fetchval(REWORKS)
    await is_reproduced(workshop)


async def test_a_rule_edited_just_before_another_breaks_is_withdrawn_where_it_was(
    workshop: Workshop, pool: asyncpg.Pool
) -> None:
    await workshop.make_steep()
    await workshop.say(300)
    async with pool.acquire() as connection, connection.transaction():
        await lock_rules(connection)
        at = workshop.city.at(workshop.second)
        await put_live(connection, "little", LITTLE, author="me", at=at)
    await workshop.say(1e308)
    await workshop.take_all()
    assert await pool.fetchval(HALTS) == 1
    assert await pool.fetchval(EDITED_BEFORE)
    await is_reproduced(workshop)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whoever_steps_in_at_random_all_is_reproduced_exactly(
    workshop: Workshop, pool: asyncpg.Pool, seed: int
) -> None:
    await workshop.make_steep()
    await workshop.say(1e308)
    await workshop.take_all()
    assert await pool.fetchval(HALTS) == 1  # of the others chance decides
    await at_random(workshop, random.Random(seed), ROUNDS)  # noqa: S311 not a secret
    await is_reproduced(workshop)


async def at_random(workshop: Workshop, rng: random.Random, rounds: int) -> None:
    """Let a worker and two others step in between each other's statements."""
    choose: Choose = rng.choice
    office = Office(rng, {})
    async with lines(workshop.city.dsn, 3) as (observer, *others):
        for _ in range(rounds):
            await workshop.happen(rng)
            doings = [(workshop.line, workshop.take_all(rng.choice([1, 3, 100])))]
            doings += [(line, workshop.somebody(line, office)) for line in others]
            await in_turns(observer, doings, choose)
    await workshop.take_all()
