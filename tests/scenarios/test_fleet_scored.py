"""What the sample city's fleet does wrong becomes a case, and nothing else does."""

from datetime import datetime
from pathlib import Path

import asyncpg

import simulators
from gezhi.commands.score import play
from simulators.incidents import CAUSES, Cause
from simulators.scenario import read_scenario
from simulators.scoring import happened, score
from simulators.world import World
from tests.rules.city_feed import install_city
from tests.simulators.towns import sample_town
from vocabulary.device import DeviceKind

FLEET = Path(simulators.__file__).parent / "scenarios" / "fleet.yaml"
HOUR_S = 3600


async def test_every_misdeed_of_the_fleet_is_found_in_time_and_nothing_is_made_up(
    pool: asyncpg.Pool,
) -> None:
    town = sample_town()
    incidents, period_s = read_scenario(FLEET, town)
    start = datetime(2026, 11, 25, 3, 30, tzinfo=town.city.zone)
    world = World.begin(town, incidents, start=start, period_s=period_s)
    async with pool.acquire() as connection:
        await install_city(connection)
        filed = await play(
            connection,
            world,
            for_s=5 * HOUR_S,
            kinds=frozenset({DeviceKind.VEHICLE}),
            tell=lambda _: None,
        )
    known = happened(incidents, start=start, period_s=period_s, for_s=5 * HOUR_S)
    lines = score(known, filed)
    assert [line for line in lines if line.recall != 1 or line.precision != 1] == []
    of_vehicles = {c for c in Cause if CAUSES[c].kind is DeviceKind.VEHICLE}
    assert {line.name for line in lines} == of_vehicles


async def test_a_quiet_city_files_nothing(pool: asyncpg.Pool) -> None:
    town = sample_town()
    start = datetime(2026, 11, 25, 21, 55, tzinfo=town.city.zone)
    world = World.begin(town, (), start=start)
    async with pool.acquire() as connection:
        await install_city(connection)
        filed = await play(
            connection,
            world,
            for_s=600,
            kinds=frozenset(DeviceKind),
            tell=lambda _: None,
        )
    assert filed == []
