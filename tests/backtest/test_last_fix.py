"""Where a hit without a position lies: by the journal, live as in a backtest."""

from dataclasses import replace

import asyncpg
import numpy as np
import pytest

from store.rules.versions import lock_rules, put_live
from store.telemetry.batch import Batch
from tests.backtest.past import apart, backtest_of, backtested, live_of
from tests.rules.city_feed import NOON
from tests.rules.town import positions
from tests.triage.city import City
from vocabulary.device import DeviceKind
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

pytestmark = pytest.mark.db

GONE = """
code: gone
name: {zh: 无声, en: Gone}
kind: vehicle
condition: {type: silence, silence_s: 5, severity: minor}
files:
  type: event
  scheme: gbt30428.2-2013
  class_code: "0195"
  condition: gone
  title: {zh: 无声, en: Gone}
reason: {zh: "{device} {value}", en: "{device} {value}"}
source: none
"""


async def drives(city: City, code: str, second: float, metres_east: float) -> None:
    """Write one entry with a fix of a vehicle."""
    row = (city.device_id(code), 0.0, metres_east, 30.0, 0)
    told = positions(1, 0, [row]).content
    assert isinstance(told, Positions)
    us = np.array([us_from_datetime(city.at(second))], np.int64)
    told = replace(told, fixed_us=us, received_us=us)
    async with city.pool.acquire() as connection:
        batch = Batch(Readings.empty(), told, [], city.at(second))
        await city.writer.write(connection, batch)


@pytest.mark.parametrize("is_there_before", [True, False])
async def test_a_fix_of_the_same_instant_that_is_told_later_is_not_known_yet(
    city: City,
    pool: asyncpg.Pool,
    *,
    is_there_before: bool,
) -> None:
    """Though it is stored long before the rules come to that instant."""
    code = city.codes(DeviceKind.VEHICLE)[0]
    async with pool.acquire() as connection, connection.transaction():
        await lock_rules(connection)
        await put_live(connection, "gone", GONE, author="me", at=NOON)
    await drives(city, code, 1, -200)
    await city.tick(2, 6)
    if is_there_before:
        await city.fold()  # a new worker begins here, by what is stored
    await city.tick(6, 7)
    await drives(city, code, 6, -900)
    await city.tick(7, 9)
    await city.fold()
    cases = "SELECT f.lon, f.lat, a.raised_seq FROM case_file f, alarm a"
    ((lon, _, raised_seq),) = await city.rows(f"{cases} WHERE a.case_id = f.id")
    first = await pool.fetchrow(
        'SELECT lon_e7, received_at FROM "position" ORDER BY fixed_at LIMIT 1'
    )
    later = await pool.fetchrow(
        "SELECT seq, received_at FROM journal WHERE seq = $1 + 1", raised_seq
    )
    assert first is not None
    assert later is not None
    assert later["received_at"] == city.at(6)  # of the very instant of the hit
    assert lon == pytest.approx(first["lon_e7"] / 1e7)
    alarms, cases_live = await live_of(pool)
    found = await backtest_of(pool, "live", since=NOON, until=city.at(60))
    new_alarms, new_cases = backtested(found)
    assert apart(cases_live, new_cases) == []
    assert apart(alarms, new_alarms) == []
