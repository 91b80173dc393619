"""What breaks in the rules process stops nothing else, and is never hidden."""

import numpy as np
import pytest

from rules.worker.judging import blamed
from store.journal.body import readings_body
from store.journal.entries import Kind, append
from store.rules.faults import fault_counts, faults, halted_rules, try_rule_again
from store.rules.samples import rule_samples
from store.rules.versions import judging_rules, put_live
from tests.rules.workers import moved_past, worker
from tests.triage.city import City
from tests.triage.queries import CASES, OPEN
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

pytestmark = pytest.mark.db

STEEP = """
code: steep
name: {zh: 陡, en: Steep}
kind: pressure
quantity: pressure_kpa
condition: {type: rate, window_s: 2, above: 500, deadband: 5, severity: minor}
reason: {zh: "{device} {value} {threshold}", en: "{device} {value} {threshold}"}
source: a test
"""

FAULTS = "SELECT what, rule, count FROM rules_fault ORDER BY id"


async def test_an_entry_that_cannot_be_read_is_noted_and_the_next_one_counts(
    city: City,
) -> None:
    await city.say(0, {"MH-0001": {"tilt_deg": 2}})
    async with city.pool.acquire() as connection:
        await append(connection, Kind.READINGS, b"\x09rubbish", at=city.at(1))
        await append(connection, Kind.EDGE, b"{", at=city.at(2))
        await append(connection, Kind.POSITIONS, b"", at=city.at(3))
    await city.pool.execute(
        "INSERT INTO journal VALUES (0, (SELECT seq + 1 FROM journal_head), $1, 99, 0,"
        " '')",
        city.at(4),
    )
    await city.pool.execute("UPDATE journal_head SET seq = seq + 1")
    await city.say(5, {"MH-0001": OPEN})
    await city.fold()
    assert [row[2] for row in await city.rows(CASES)] == ["cover-opened"]
    assert await city.rows(FAULTS) == [("entry", "", 1)] * 4
    async with city.pool.acquire() as connection:
        reasons = [row.reason.partition(":")[0] for row in await faults(connection)]
        assert sorted(reasons) == ["EDGE", "POSITIONS", "READINGS", "UNKNOWN"]
        assert await fault_counts(connection) == {"entry": 4}


async def test_a_state_that_is_made_again_goes_past_what_cannot_be_read(
    city: City,
) -> None:
    async with city.pool.acquire() as connection:
        await append(connection, Kind.READINGS, b"", at=city.at(1))
    await city.say(2, {"MH-0001": OPEN})
    await city.fold()
    await city.pool.execute("DELETE FROM checkpoint")
    await city.tick(3, 5)
    await city.fold()
    assert await city.rows("SELECT handling, cleared_at FROM alarm") == [
        ("filed", None)
    ]


async def test_a_rule_that_breaks_is_halted_and_the_others_judge_that_very_entry(
    city: City,
) -> None:
    async with city.pool.acquire() as connection, connection.transaction():
        await put_live(connection, "steep", STEEP, author="me", at=city.at(0))
    for second, said in enumerate((1e308, -1e308), 1):  # the difference is infinite
        point = {"PR-0001": {"pressure_kpa": said}}
        cover = OPEN if second > 1 else {"tilt_deg": 2.0, "cover_open": 0.0}
        await city.say(second, point | {"MH-0001": cover})
    await city.tick(3, 5)
    await city.fold()
    assert [row[2] for row in await city.rows(CASES)] == ["cover-opened"]
    assert await city.rows(FAULTS) == [("rule", "steep", 1)]
    async with city.pool.acquire() as connection:
        (halted,) = await halted_rules(connection)
        assert (halted.code, halted.version, halted.failures) == ("steep", 1, 1)
        assert "overflow" in halted.reason
        codes = [rule.code for rule in await judging_rules(connection)]
        assert "steep" not in codes


async def test_a_halted_rule_is_tried_again_and_waits_longer_if_it_breaks_again(
    city: City,
) -> None:
    async with city.pool.acquire() as connection, connection.transaction():
        await put_live(connection, "steep", STEEP, author="me", at=city.at(0))
    for second in (1, 2, 640, 641, 642):
        said = {"pressure_kpa": 1e308 * (-1) ** second}
        await city.say(second, {"PR-0001": said})
    await city.tick(643, 644)
    await city.fold()
    async with city.pool.acquire() as connection:
        halted = next(r for r in await halted_rules(connection) if r.code == "steep")
        assert halted.failures == 2
        assert halted.retry_at == city.at(642 + 1200)
        assert await try_rule_again(connection, "steep", 1, at=city.at(650))
        assert not await try_rule_again(connection, "steep", 1, at=city.at(650))
    await city.say(651, {"PR-0001": {"pressure_kpa": 300}})
    await city.say(652, {"PR-0001": {"pressure_kpa": 320}})
    await city.fold()
    assert await city.rows("SELECT rule, handling FROM alarm WHERE rule = 'steep'") == [
        ("steep", "noted")
    ]


async def test_what_a_rule_judged_refused_or_was_told_too_late_is_counted(
    city: City,
) -> None:
    for second in (10, 11, 12, 5):
        await city.say(second, {"PR-0001": {"pressure_kpa": 300.0}})
    await city.say(13, {"PR-0001": {"pressure_kpa": float("nan")}})
    await city.tick(14, 400)
    # Said by its device an hour ago, and heard only now.
    async with city.pool.acquire() as connection:
        series = city.snapshot.series_id(city.device_id("PR-0001"), "pressure_kpa")
        at_us = us_from_datetime(city.at(-3600))
        one = np.ones(1)
        body = readings_body(
            Readings(
                np.array([series], np.int32),
                np.array([at_us], np.int64),
                one * 500,
                np.zeros(1, np.int32),
                np.array([at_us], np.int64),
            )
        )
        await append(connection, Kind.READINGS, body, at=city.at(400), row_count=1)
    await city.tick(401, 800)
    await city.fold()
    async with city.pool.acquire() as connection:
        (row,) = await rule_samples(connection, "pressure-low")
    assert row.judged + row.refused + row.late == 6
    assert (row.refused, row.late > 0) == (1, True)
    assert row.late_at is not None


async def test_devices_that_make_no_plan_leave_the_plan_of_before_in_force(
    city: City,
) -> None:
    await city.say(0, {"MH-0001": {"tilt_deg": 2}})
    async with worker(city.dsn):
        done = await moved_past(city.pool, await _head(city) - 1)
        await city.pool.execute(
            "ALTER TABLE profile DROP CONSTRAINT profile_kind_check;"
            "UPDATE profile SET kind = 'kettle' WHERE kind = 'gauge'"
        )
        await _new_registry(city)
        await city.say(2, {"MH-0001": OPEN})
        await moved_past(city.pool, done + 1)
    assert await city.rows("SELECT rule, handling FROM alarm") == [
        ("cover-opened", "filed")
    ]
    ((what, reason),) = await city.rows("SELECT what, reason FROM rules_fault")
    assert what == "plan"
    assert "kettle" in str(reason)


async def test_a_case_that_cannot_be_filed_keeps_no_other_from_being_filed(
    city: City,
) -> None:
    await city.pool.execute(
        "ALTER TABLE case_file ADD CHECK (rule <> 'cover-opened' OR severity = 'none')"
    )
    flood = {code: {"depth_mm": 500.0} for code in ("PD-0001",)}
    for second in range(0, 60, 10):
        await city.say(second, flood | {"MH-0001": OPEN})
    await city.fold()
    assert [row[2] for row in await city.rows(CASES)] == ["ponding"]
    kept = await city.rows("SELECT what, rule FROM rules_fault")
    assert kept == [("case", "cover-opened")]


async def test_alarms_that_cannot_be_stored_keep_those_of_other_entries_in(
    city: City,
) -> None:
    await city.pool.execute("ALTER TABLE alarm ADD CHECK (rule <> 'cover-opened')")
    await city.say(0, {"MH-0001": OPEN})
    for second in range(1, 61, 10):
        await city.say(second, {"PD-0001": {"depth_mm": 500.0}})
    await city.fold()
    assert [row[2] for row in await city.rows(CASES)] == ["ponding"]
    ((what, reason),) = await city.rows("SELECT what, reason FROM rules_fault")
    assert what == "alarm"
    assert "alarm_rule_check" in str(reason)


async def _head(city: City) -> int:
    return int(await city.pool.fetchval("SELECT seq FROM journal_head"))


async def _new_registry(city: City) -> None:
    async with city.pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE registry_version SET version = version + 1")
        await append(connection, Kind.REGISTRY, b"{}", at=city.at(1))


def test_only_parts_that_fail_alone_are_blamed() -> None:
    parts = list(range(20))
    assert blamed(parts, lambda some: 7 in some or 13 in some) == [7, 13]
    assert blamed(parts, lambda some: len(some) > 5) == []
    assert blamed(parts, bool) == []  # it is not them
    assert blamed([1], bool) == [1]
