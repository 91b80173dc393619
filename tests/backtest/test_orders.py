"""Orders are stored like samples: beyond the journal they are judged as they were."""

import random
from datetime import datetime

import asyncpg
import pytest

from rules.backtest.found import Found
from store.commands.stored import stored_moves
from tests.backtest.orders import came_to, said_again, told
from tests.backtest.past import backtest_of
from tests.triage.city import City
from vocabulary.command import State, Switch
from vocabulary.device import DeviceKind

pytestmark = pytest.mark.db

LASTS_S = 1500
RULES = frozenset({"lamp-not-switched-on", "lamp-not-switched-off"})

Line = tuple[str, int, datetime, float | None, str, bool]


def of_commands(found: Found) -> list[Line]:
    """Return the alarms of rules on commands, without the numbers of entries."""
    return sorted(
        (
            line.new.rule,
            line.new.device_id,
            line.new.measured_at,
            line.new.value,
            line.new.reason_en,
            line.cleared_at is None,
        )
        for line in found.alarms
        if line.new.rule in RULES
    )


async def a_night_of_orders(city: City, rng: random.Random) -> None:
    """Let lamps report, be told, and obey or not; each word between two reports."""
    lamps = city.codes(DeviceKind.LAMP)[:6]
    cabinets = city.codes(DeviceKind.CABINET)
    power, waits = dict.fromkeys(lamps, 0.0), dict[str, tuple[int, State]]()
    for second in range(0, LASTS_S, 10):
        fed = {code: {"voltage_v": 230.0, "contactor_on": 1.0} for code in cabinets}
        await city.say(second, fed | {code: {"power_w": power[code]} for code in lamps})
        code = rng.choice(lamps)
        if code in waits and rng.random() < 0.8:
            number, state = waits.pop(code)
            await came_to(city, second + 3, number, state)
        elif code not in waits:
            is_on = rng.random() < 0.5
            number = await told(city, second + 2, code, Switch(on=is_on))
            await came_to(city, second + 4, number, State.SENT)
            await said_again(city, second + 5, number)
            end = rng.choice([State.ACKED, State.ACKED, State.REFUSED, State.EXPIRED])
            waits[code] = number, end
            if rng.random() < 0.4:
                power[code] = 98.0 if is_on else 0.0


async def test_orders_are_judged_from_stored_samples_as_from_the_journal(
    city: City, pool: asyncpg.Pool
) -> None:
    await a_night_of_orders(city, random.Random(4))  # noqa: S311 not a secret
    since, until = city.at(0), city.at(LASTS_S)
    journal = await backtest_of(
        pool, "now", since=since, until=until, against_live=False
    )
    stored = await backtest_of(
        pool, "now", since=since, until=until, against_live=False, readings=True
    )
    assert journal.is_exact
    assert not stored.is_exact
    found = of_commands(journal)
    assert {line[0] for line in found} == RULES
    assert len(found) > 3
    assert of_commands(stored) == found


async def test_the_steps_of_orders_are_the_journals_entries_on_them(
    city: City, pool: asyncpg.Pool
) -> None:
    code = city.codes(DeviceKind.LAMP)[0]
    first = await told(city, 1, code, Switch(on=True))
    await came_to(city, 2, first, State.SENT)
    await said_again(city, 3, first)
    await came_to(city, 4, first, State.ACKED)
    await said_again(city, 5, first)  # overtaken: a step in the state it is in
    async with pool.acquire() as connection:
        moves = await stored_moves(connection, city.at(0), city.at(10))
        later = await stored_moves(connection, city.at(3), city.at(10))
        none = await stored_moves(connection, city.at(0), city.at(10), devices=[0])
    assert [(move.state, move.at) for move in moves] == [
        (State.QUEUED, city.at(1)),
        (State.SENT, city.at(2)),
        (State.ACKED, city.at(4)),
    ]
    assert {move.turn for move in moves} == {"switch_on"}
    assert later == moves[2:]
    assert none == []
