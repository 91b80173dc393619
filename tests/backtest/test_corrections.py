"""S04: what comes too late is folded into history, and said where it matters."""

import asyncpg
import numpy as np
import pytest

from rules.correction.looking import MOST_ALARMS
from rules.correction.work import correct_one
from store.alarms.corrections import (
    CorrectionRow,
    LateTime,
    corrections,
    end_due,
    first_due,
    note_late,
)
from store.journal.entries import Kind, append
from store.rules.versions import put_live
from store.telemetry.batch import Batch
from store.telemetry.stored import stored_positions
from tests.rules.workers import ZONE, fold_all
from tests.triage.city import City
from vocabulary.device import DeviceKind
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

pytestmark = pytest.mark.db

DAY_S = 86_400

DEEP = """
code: deep
name: {zh: 积水深, en: Deep water}
kind: gauge
quantity: depth_mm
condition:
  type: threshold
  grades: [{at: 100, severity: minor}, {at: 400, severity: critical}]
on_delay_s: %d
off_delay_s: 0
largest_gap_s: 60
files:
  type: event
  scheme: gbt30428.2-2013
  class_code: "0506"
  condition: deep_water
  title: {zh: 积水深, en: Deep water}
reason: {zh: "{device} {value}", en: "{device} {value}"}
source: A rule of the tests.
"""

Samples = dict[float, float]


async def told(
    city: City, pool: asyncpg.Pool, *, on_s: int, came: Samples, late: Samples
) -> list[CorrectionRow]:
    """Let samples come at their times, then others late, and return the corrections."""
    async with pool.acquire() as connection, connection.transaction():
        at = city.at(min({*came, *late}) - 10)
        await put_live(connection, "deep", DEEP % on_s, author="me", at=at)
    code = gauges(city)[0]
    for second, value in sorted(came.items()):
        await say(city, second, second, code, value)
    end = max(came)
    for second, value in sorted(late.items()):
        await say(city, end + 1, second, code, value)
    async with pool.acquire() as connection:
        await append(connection, Kind.TICK, b"", at=city.at(end + 120))
    await fold_all(pool, city.dsn)
    async with pool.acquire() as connection:
        while await correct_one(connection, time_zone=ZONE):
            pass
        rows = await corrections(connection, scope=None, before=None, limit=100)
    return [row for row in rows if row.rule == "deep"]


def gauges(city: City) -> list[str]:
    """Return the gauges that tell a depth."""
    return [
        code
        for code in city.codes(DeviceKind.GAUGE)
        if city.snapshot.series_id(city.device_id(code), "depth_mm") is not None
    ]


async def say(city: City, at_s: float, measured_s: float, code: str, mm: float) -> None:
    series_id = city.snapshot.series_id(city.device_id(code), "depth_mm")
    assert series_id is not None
    readings = Readings(
        np.array([series_id], np.int32),
        np.array([us_from_datetime(city.at(measured_s))], np.int64),
        np.array([mm], np.float64),
        np.zeros(1, np.int32),
        np.array([us_from_datetime(city.at(at_s))], np.int64),
    )
    async with city.pool.acquire() as connection:
        await city.writer.write(
            connection, Batch(readings, Positions.empty(), [], city.at(at_s))
        )


def dry(*seconds: float) -> Samples:
    return dict.fromkeys(seconds, 0.0)


@pytest.mark.parametrize(
    ("late_s", "name"), [(1, "a second"), (60, "a minute"), (DAY_S, "a day")]
)
async def test_s04_a_flood_told_a_second_a_minute_a_day_late_is_a_correction_no_alarm(
    city: City, pool: asyncpg.Pool, late_s: int, name: str
) -> None:
    came = dry(0, 10) | dry(late_s - 10, late_s + 10) | dry(5 + late_s)
    found = await told(city, pool, on_s=0, came=came, late={5: 300.0})
    assert [row.kind for row in found] == ["would_have_raised"], name
    assert found[0].measured_at == city.at(5)
    assert found[0].value == 300
    assert found[0].cleared_at == city.at(min(s for s in came if s > 5))
    assert not await pool.fetchval("SELECT count(*) FROM alarm WHERE rule = 'deep'")


async def test_a_late_sample_that_breaks_a_delay_says_so_on_the_case(
    city: City, pool: asyncpg.Pool
) -> None:
    came = dry(0, 50) | dict.fromkeys((10.0, 20.0, 30.0, 40.0), 300.0)
    found = await told(city, pool, on_s=30, came=came, late={25: 0.0})
    assert [row.kind for row in found] == ["would_not_have_raised"]
    alarm = await pool.fetchrow("SELECT id, case_id FROM alarm WHERE rule = 'deep'")
    assert alarm is not None
    assert found[0].alarm_id == alarm["id"]
    assert found[0].case_id == alarm["case_id"]
    kept = await pool.fetchval(
        "SELECT count(*) FROM evidence WHERE kind = 'correction' AND case_id = $1",
        alarm["case_id"],
    )
    assert kept == 1


async def test_a_late_sample_may_make_it_worse_or_earlier(
    city: City, pool: asyncpg.Pool
) -> None:
    came = dry(0, 40) | {20.0: 300.0, 30.0: 300.0}
    found = await told(city, pool, on_s=0, came=came, late={25: 500.0})
    assert [row.kind for row in found] == ["other_severity"]
    assert found[0].severity == "critical"


async def test_late_samples_that_change_nothing_say_nothing(
    city: City, pool: asyncpg.Pool
) -> None:
    came = dry(0, 40) | {20.0: 300.0, 30.0: 300.0}
    assert not await told(city, pool, on_s=0, came=came, late={25: 310.0, 5: 1.0})
    assert not await pool.fetchval("SELECT count(*) FROM correction_due")


@pytest.mark.parametrize("minutes", [20, 90])
async def test_an_alarm_that_a_late_sample_splits_ends_earlier_however_long_it_stood(
    city: City, pool: asyncpg.Pool, minutes: int
) -> None:
    came = dry(0, 60 * minutes) | {60.0 * n: 300.0 for n in range(1, minutes)}
    late_s = 60 * (minutes - 5) + 5
    found = await told(city, pool, on_s=0, came=came, late={late_s: 0.0})
    again, other = sorted(found, key=lambda row: row.kind, reverse=True)
    assert (again.kind, again.alarm_id) == ("would_have_raised", None)
    assert again.measured_at == city.at(late_s + 55)
    assert other.kind == "other_time"
    assert other.alarm_id == await pool.fetchval("SELECT id FROM alarm")
    assert (other.measured_at, other.cleared_at) == (city.at(60), city.at(late_s))


FIXES = """
INSERT INTO "position"
    (device_id, fixed_at, lon_e7, lat_e7, inputs, quality, received_at)
SELECT device_id, $1, lon, 350000000, 0, 0, $1
FROM unnest($2::integer[], $3::integer[]) AS n (device_id, lon)
"""


async def test_stored_fixes_of_one_instant_are_read_by_vehicle_and_place(
    city: City, pool: asyncpg.Pool
) -> None:
    one, two, other = (city.device_id(c) for c in city.codes(DeviceKind.VEHICLE)[:3])
    fixes = [(two, 5), (one, 9), (other, 1), (one, 3), (one, 7)]
    await pool.execute(FIXES, city.at(0), *map(list, zip(*fixes, strict=True)))
    async with pool.acquire() as connection:
        stretch = city.at(0), city.at(1)
        found = await stored_positions(connection, *stretch, devices=[one, two])
        every = await stored_positions(connection, *stretch)
    rows = list(zip(found.device_id.tolist(), found.lon_e7.tolist(), strict=True))
    assert rows == sorted(fix for fix in fixes if fix[0] != other)
    assert len(every) == len(fixes)


MANY_ALARMS = """
INSERT INTO alarm (rule, rule_version, device_id, severity, raised_seq, raised_at,
    measured_at, cleared_seq, cleared_at, reason_zh, reason_en)
SELECT 'deep', 1, $1, 'minor', -n, $2, $2::timestamptz + n * interval '1 us', 1, $3,
    '', ''
FROM generate_series(1, $4::integer) AS n
"""


async def test_an_alarm_is_found_among_however_many_the_rule_raised_elsewhere(
    city: City, pool: asyncpg.Pool
) -> None:
    other = city.device_id(gauges(city)[1])
    since, until = city.at(-60), city.at(60)
    await pool.execute(MANY_ALARMS, other, since, until, MOST_ALARMS)
    came = dry(0, 50) | dict.fromkeys((10.0, 20.0, 30.0, 40.0), 300.0)
    found = await told(city, pool, on_s=30, came=came, late={25: 0.0})
    assert [row.kind for row in found] == ["would_not_have_raised"]


STEEP = """
code: steep
name: {zh: 陡, en: Steep}
kind: gauge
quantity: depth_mm
condition: {type: rate, window_s: 2, above: 500, severity: minor}
reason: {zh: "{device} {value}", en: "{device} {value}"}
source: A rule of the tests.
"""


async def test_late_samples_that_break_a_rule_are_left_out_and_others_looked_at(
    city: City, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await put_live(connection, "steep", STEEP, author="me", at=city.at(-20))
    late = {5.0: 300.0, 7.0: 1e308, 8.0: -1e308}  # the difference is infinite
    found = await told(city, pool, on_s=0, came=dry(0, 10, 20), late=late)
    assert {row.kind for row in found} == {"would_have_raised"}
    assert await city.rows(
        "SELECT what, rule_version, reason LIKE 'late samples: %' FROM rules_fault"
        " WHERE rule = 'steep'"
    ) == [("rule", 1, True)]
    assert not await pool.fetchval("SELECT count(*) FROM correction_due")


async def test_whoever_hears_of_more_late_samples_waits_for_no_look(
    city: City, pool: asyncpg.Pool
) -> None:
    device_id = city.device_id(gauges(city)[0])
    first, more = (LateTime("deep", device_id, city.at(second)) for second in (5, 6))
    async with pool.acquire() as looks, pool.acquire() as folds:
        await note_late(looks, [first], due_at=city.at(0))
        async with looks.transaction():
            due = await first_due(looks, city.at(1))
            assert due is not None
            async with folds.transaction():
                await folds.execute("SET LOCAL lock_timeout = '2s'")
                await note_late(folds, [more], due_at=city.at(1))
            await end_due(looks, due, due_at=city.at(9))
        assert await first_due(looks, city.at(8)) is None
        rest = await first_due(looks, city.at(9))
        assert rest is not None
        assert rest.measured_at == [city.at(6)]
        await end_due(looks, rest, due_at=city.at(9))
        assert await first_due(looks, city.at(99)) is None
