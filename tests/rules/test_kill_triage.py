"""Killed amid storms, groups, windows, flapping, reopening: as if nothing had been."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

import rules.triage
from cases.move_table import Move, Role
from cases.moves import move
from store.rules.windows import NewWindow, end_window, insert_window
from tests.rules.city_feed import install_city
from tests.rules.workers import holds, start_process
from tests.triage.city import City
from vocabulary.device import DeviceKind

pytestmark = pytest.mark.db

SHIPPED = Path(rules.triage.__file__).with_name("shipped.yaml")

MADE = {
    "alarms": """
        SELECT rule, d.code, a.severity, raised_at, measured_at, cleared_at, handling,
            a.case_id IS NULL, lead_id IS NULL
        FROM alarm a JOIN device d ON d.id = a.device_id
        ORDER BY raised_at, measured_at, rule, d.code""",
    "cases": """
        SELECT number, condition, rule, severity, stage, opened_at, last_hit_at,
            hit_count, quiet_hits, recovered_at, rework_at, reopen_count, shape,
            unstable_since, parent_id IS NULL
        FROM case_file ORDER BY number""",
    "steps": """
        SELECT f.number, s.move, s.from_stage, s.to_stage, s.taken_at
        FROM case_step s JOIN case_file f ON f.id = s.case_id
        ORDER BY f.number, s.taken_at, s.id""",
    "members": """
        SELECT f.number, m.device_id, m.state, m.has_own, m.joined_at, m.left_at
        FROM case_member m JOIN case_file f ON f.id = m.case_id
        ORDER BY f.number, m.device_id, m.joined_at""",
}

Phase = Callable[[City], Awaitable[None]]


async def a_storm_begins_and_ends(city: City) -> None:
    text = SHIPPED.read_text("utf-8").replace("budget: 10", "budget: 2")
    await city.triage_by(text, 0)
    gauges = [code for code in city.codes(DeviceKind.GAUGE) if code.startswith("PD-")]
    for second in range(10, 50, 10):
        said = {code: {"depth_mm": 160.0 + n} for n, code in enumerate(gauges)}
        await city.say(second, said)
    await city.tick(50, 120)


async def circuit(
    city: City, seconds: range, volts: float, lamp_w: float | None = None
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")
    for second in seconds:
        said = {"contactor_on": 1.0, "voltage_v": volts}
        await city.say(second, {"CB-0001": said})
        if lamp_w is not None:
            await city.say_all(second + 1, lamps, power_w=lamp_w)


async def a_group_forms_and_its_upstream_follows(city: City) -> None:
    await circuit(city, range(130, 160, 5), 230.0, 0.0)
    await circuit(city, range(160, 190, 5), 0.0)


async def all_is_well_again(city: City) -> None:
    await circuit(city, range(190, 230, 5), 230.0, 98.0)


async def a_window_keeps_a_cover_back(city: City) -> None:
    async with city.pool.acquire() as connection, connection.transaction():
        await insert_window(
            connection,
            NewWindow(
                circuit_id=city.device_id("CB-0001"),
                from_at=city.at(230),
                until_at=city.at(3600),
                reason="cable works",
                owner="me",
            ),
            at=city.at(230),
        )
    await circuit(city, range(235, 265, 5), 0.0)


async def the_window_ends(city: City) -> None:
    async with city.pool.acquire() as connection, connection.transaction():
        window_id = await connection.fetchval("SELECT id FROM maintenance_window")
        assert await end_window(connection, window_id, by="me", at=city.at(265))
    await circuit(city, range(270, 280, 5), 0.0)


async def close(city: City, second: float) -> None:
    """Close the circuit's case though its alarm stands."""
    async with city.pool.acquire() as connection:
        case_id = await connection.fetchval(
            "SELECT case_id FROM alarm WHERE rule = 'circuit-off'"
            " AND cleared_at IS NULL"
        )
        await move(
            connection,
            case_id,
            Move.FORCE_CLOSE,
            actor="老王",
            role=Role.ADMIN,
            unit_id=None,
            note="现场已处理",
            at=city.at(second),
        )


async def it_is_closed_while_bad_and_comes_back(city: City) -> None:
    await close(city, 281)
    await circuit(city, range(285, 320, 5), 230.0)
    await circuit(city, range(320, 345, 5), 0.0)


async def it_bounces(city: City) -> None:
    for place in range(8):
        begin = 345 + 40 * place
        await circuit(city, range(begin, begin + 20, 5), 230.0)
        await circuit(city, range(begin + 20, begin + 40, 5), 0.0)


async def it_is_closed_again_while_bad(city: City) -> None:
    await close(city, 666)
    await circuit(city, range(670, 690, 5), 0.0)


PHASES: list[Phase] = [
    a_storm_begins_and_ends,
    a_group_forms_and_its_upstream_follows,
    all_is_well_again,
    a_window_keeps_a_cover_back,
    the_window_ends,
    it_is_closed_while_bad_and_comes_back,
    it_bounces,
    it_is_closed_again_while_bad,
]


async def made(pool: asyncpg.Pool) -> dict[str, list[tuple[object, ...]]]:
    return {
        name: [tuple(row) for row in await pool.fetch(query)]
        for name, query in MADE.items()
    }


async def killed(city: City, rng: random.Random) -> None:
    """Start a worker and kill it at any moment once it talks to the database."""
    process = await start_process(city.dsn)
    talks = (
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND query ILIKE '%journal%'"
    )
    await holds(city.pool, talks)
    await asyncio.sleep(rng.uniform(0, 0.3))  # any moment at all
    process.kill()
    assert await process.wait() == -9


async def test_killed_amid_anything_it_comes_to_the_same_alarms_cases_and_steps(
    pool: asyncpg.Pool,
    database_url: str,
    second_pool: asyncpg.Pool,
    second_url: str,
) -> None:
    rng = random.Random(23)  # noqa: S311 not a secret
    cities = []
    for each, dsn in ((pool, database_url), (second_pool, second_url)):
        async with each.acquire() as connection:
            cities.append(City(each, dsn, await install_city(connection)))
    hurt, unhurt = cities
    for phase in PHASES:
        for city in cities:
            await phase(city)
        await killed(hurt, rng)
        for city in cities:
            await city.fold()
    got, wanted = await made(pool), await made(second_pool)
    for name, rows in wanted.items():
        assert got[name] == rows, name
    cases = await unhurt.rows(
        "SELECT max(reopen_count) > 0, count(rework_at) > 0, max(quiet_hits) > 0,"
        " bool_or(shape = 'storm'), bool_or(shape = 'group') FROM case_file"
    )
    assert cases == [(True,) * 5]  # all of it has happened
    handled = await unhurt.rows("SELECT count(*) > 0 FROM alarm WHERE window_id > 0")
    assert handled == [(True,)]
