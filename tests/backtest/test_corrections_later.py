"""Late samples in batches: what stands in the end is what all of them at once say."""

import asyncio
import random
import sys
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import asyncpg
import orjson
import pytest

from cases.request import SEVERITIES, Hit, Severity
from rules.correction.spans import Span, differences
from rules.correction.work import correct_one
from store.alarms.corrections import CorrectionRow, LateTime, corrections, note_late
from store.journal.entries import Kind, append
from store.rules.versions import Change, put_live, set_stage
from tests.backtest.test_corrections import DEEP, Samples, dry, gauges, say
from tests.rules.oracle import Oracle
from tests.rules.town import device, readings, source, us
from tests.rules.workers import ZONE, fold_all, holds
from tests.triage.city import City
from vocabulary.device import DeviceKind
from vocabulary.rule_stage import RuleStage
from vocabulary.times import SECOND_US

pytestmark = pytest.mark.db

MOST_BATCHES = 3
FAR_S = 6 * 3600.0
PROCESS = Path(__file__).with_name("correction_process.py")


@dataclass
class Late:
    """A city in which samples come late, batch by batch.

    Args:
        city: The city.
        pool: Its database.
        on_s: On-delay of the rule.
    """

    city: City
    pool: asyncpg.Pool
    on_s: int
    now: float = 0

    async def begin(self, came: Samples, *codes: str) -> None:
        """Put the rule in force and let samples come at their times."""
        async with self.pool.acquire() as connection, connection.transaction():
            at, text = self.city.at(min(came) - 10), DEEP % self.on_s
            await put_live(connection, "deep", text, author="me", at=at)
        for second, value in sorted(came.items()):
            for code in codes:
                await say(self.city, second, second, code, value)
        self.now = max(came) + 7200

    async def comes(self, batches: dict[str, Samples], *, looks: bool = True) -> None:
        """Let samples of some gauges come late, and look at them if wanted."""
        for code, samples in batches.items():
            for second, value in samples.items():
                await say(self.city, self.now, second, code, value)
        self.now += 120
        async with self.pool.acquire() as connection:
            await append(connection, Kind.TICK, b"", at=self.city.at(self.now))
        await fold_all(self.pool, self.city.dsn)
        if looks:
            await self.looks()

    async def looks(self) -> None:
        """Look at all that is due."""
        async with self.pool.acquire() as connection:
            while await correct_one(connection, time_zone=ZONE):
                pass

    async def rows(
        self, code: str, *, is_standing: bool | None = None
    ) -> list[CorrectionRow]:
        """Return the corrections of a gauge, oldest first."""
        async with self.pool.acquire() as connection:
            found = await corrections(
                connection,
                scope=None,
                is_standing=is_standing,
                before=None,
                limit=1000,
            )
        of = self.city.device_id(code)
        return [r for r in reversed(found) if r.rule == "deep" and r.device_id == of]


Said = tuple[str, datetime, datetime | None, str]


def said(row: CorrectionRow) -> Said:
    return row.kind, row.measured_at, row.cleared_at, row.severity


def a_history(rng: random.Random) -> tuple[Samples, Samples]:
    """Draw what comes in time and what comes late, in two stretches far apart."""
    came, late = dry(0), Samples()
    for begin in (0.0, FAR_S):
        mood = 0.0
        for step in range(1, 36):
            mood = rng.choice([mood] * 2 + [0.0, 150.0, 450.0])
            of = late if rng.random() < 0.3 else came
            of[begin + 20.0 * step] = mood
        came |= dry(*(begin + 720.0 + 20 * step for step in range(4)))
    return came, late


def batches_of(rng: random.Random, late: Samples) -> list[Samples]:
    """Split late samples into batches, in any order."""
    batches = [Samples() for _ in range(MOST_BATCHES)]
    for second in rng.sample(sorted(late), len(late)):
        rng.choice(batches)[second] = late[second]
    return batches


def spans(text: str, samples: Samples) -> list[Span]:
    """Return the alarms that a plain loop over ordered samples finds."""
    gauge = device(4, DeviceKind.GAUGE, "depth_mm", interval_s=20)
    oracle, found = Oracle.of(source([gauge], text)), list[Span]()
    for seq, (at_s, value) in enumerate(sorted(samples.items()), 1):
        for one in oracle.step(readings(seq, at_s, [(40, at_s, value, 0)])):
            severity = Severity(one.severity)
            if one.kind is Hit.RAISED:
                found.append(
                    Span(
                        raised_us=one.measured_us,
                        cleared_us=0,
                        severity=severity,
                        value=value,
                    )
                )
                continue
            end_us = one.measured_us if one.kind is Hit.CLEARED else 0
            worst = max(found[-1].severity, severity, key=SEVERITIES.index)
            found[-1] = replace(found[-1], cleared_us=end_us, severity=worst)
    return found


def differ(city: City, text: str, came: Samples, late: Samples) -> list[Said]:
    """Return how what was decided differs from all samples in their order."""

    def at(span_us: int) -> datetime:
        return city.at((span_us - us(0)) / SECOND_US)

    found = differences(spans(text, came | late), spans(text, came))
    told = [(one.kind, one.now or one.before) for one in found]
    return sorted(
        (kind, at(span.raised_us), at(span.cleared_us), span.severity)
        for kind, span in told
        if span is not None
    )


@pytest.mark.parametrize("seed", [8, 13])
async def test_any_batches_in_any_order_end_as_one_with_everything(
    city: City, pool: asyncpg.Pool, seed: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 not a secret
    came, late = a_history(rng)
    world = Late(city, pool, on_s=rng.choice([0, 30]))
    at_once, *split = gauges(city)[:5]
    await world.begin(came, at_once, *split)
    batches = {code: batches_of(rng, late) for code in split}
    batches[at_once] = [late, {}, {}]
    for number in range(MOST_BATCHES):
        await world.comes({code: batches[code][number] for code in batches})
    wanted = differ(city, DEEP % world.on_s, came, late)
    assert len(wanted) > 2
    for code, of_code in batches.items():
        stands = await world.rows(code, is_standing=True)
        assert sorted(map(said, stands)) == wanted, of_code
    undone = [
        row for code in split for row in await world.rows(code, is_standing=False)
    ]
    assert undone
    assert not await world.rows(at_once, is_standing=False)


async def test_what_more_samples_undo_is_replaced_or_withdrawn_and_says_why(
    city: City, pool: asyncpg.Pool
) -> None:
    world, code = Late(city, pool, on_s=0), gauges(city)[0]
    await world.begin(dry(0, 10, 50, 60) | {30.0: 300.0, 40.0: 300.0}, code)
    await world.comes({code: {20.0: 300.0}})
    alarm = await pool.fetchrow("SELECT id, case_id FROM alarm WHERE rule = 'deep'")
    assert alarm is not None
    (first,) = await world.rows(code)
    earlier = ("other_time", city.at(20), city.at(50), "minor")
    assert (said(first), first.alarm_id) == (earlier, alarm["id"])

    await world.comes({code: {25.0: 500.0}})  # it was worse, too
    first, second = await world.rows(code)
    assert said(second) == ("other_severity", city.at(20), city.at(50), "critical")
    assert (first.superseded_why, first.superseded_by) == ("replaced", second.id)
    assert first.superseded_late_at == [city.at(25)]
    assert first.superseded_at == second.found_at

    # A sample between: the alarm began when it did, and there was another before.
    await world.comes({code: {28.0: 0.0}})
    *_, third = await world.rows(code)
    stands = await world.rows(code, is_standing=True)
    assert [said(row)[:2] for row in stands] == [("would_have_raised", city.at(20))]
    assert stands == [third]
    told = await pool.fetch(
        "SELECT body FROM evidence WHERE kind = 'correction' AND case_id = $1"
        " ORDER BY id",
        alarm["case_id"],
    )
    bodies = [orjson.loads(row["body"]) for row in told]
    assert [body["how"]["why"] for body in bodies if "how" in body] == ["replaced"] * 2


async def test_what_is_right_after_all_is_withdrawn_and_another_may_come(
    city: City, pool: asyncpg.Pool
) -> None:
    world, code = Late(city, pool, on_s=30), gauges(city)[0]
    await world.begin(dry(0, 70, 80), code)
    await world.comes({code: dict.fromkeys((10.0, 20.0, 40.0), 300.0)})
    (first,) = await world.rows(code)
    assert said(first) == ("would_have_raised", city.at(40), city.at(70), "minor")
    await world.comes({code: {25.0: 0.0}})  # it was dry in between
    (first,) = await world.rows(code)
    assert (first.superseded_why, first.superseded_by) == ("withdrawn", None)
    assert first.superseded_late_at == [city.at(25)]
    await world.comes({code: {26.0: 300.0, 56.0: 300.0}})
    (second,) = await world.rows(code, is_standing=True)
    assert second.measured_at == city.at(56)


async def test_what_was_late_and_changed_nothing_yet_counts_when_more_comes(
    city: City, pool: asyncpg.Pool
) -> None:
    """When it was looked at, the delay that it begins was not over for anybody."""
    world, code = Late(city, pool, on_s=300), gauges(city)[0]
    await world.begin(dry(0) | dict.fromkeys(range(100, 260, 20), 300.0), code)
    world.now = 250.0
    await world.comes({code: {50.0: 300.0}})
    assert not await world.rows(code)
    # A batch that comes all in order: it is raised at 400, and would have been at 360.
    in_order = dict.fromkeys(range(260, 440, 20), 300.0) | dry(440)
    await world.comes({code: in_order})
    assert [row["measured_at"] for row in await alarms_of_deep(pool)] == [city.at(400)]
    assert not await world.rows(code)
    await world.comes({code: {110.0: 300.0}})  # that alone changes nothing
    (row,) = await world.rows(code)
    assert said(row) == ("other_time", city.at(360), city.at(440), "minor")
    assert row.late_at == [city.at(50), city.at(110)]


async def alarms_of_deep(pool: asyncpg.Pool) -> list[asyncpg.Record]:
    found = await pool.fetch("SELECT measured_at FROM alarm WHERE rule = 'deep'")
    return list(found)


@pytest.mark.parametrize("is_retired", [True, False])
async def test_a_rule_that_does_not_judge_the_device_any_more_says_nothing(
    city: City, pool: asyncpg.Pool, *, is_retired: bool
) -> None:
    world, code = Late(city, pool, on_s=0), gauges(city)[0]
    await world.begin(dry(0, 70, 80), code)
    await world.comes({code: {20.0: 300.0}}, looks=False)
    async with pool.acquire() as connection, connection.transaction():
        at = city.at(world.now)
        if is_retired:
            change = Change(author="me", at=at)
            await set_stage(connection, "deep", 1, RuleStage.RETIRED, change)
        else:
            text = (DEEP % 0).replace("kind: gauge", "kind: cover")
            await put_live(connection, "deep", text, author="me", at=at)
    await world.looks()
    assert not await world.rows(code)
    of_deep = "SELECT count(*) FROM correction_due WHERE rule = 'deep'"
    assert not await pool.fetchval(of_deep)


async def test_the_same_samples_again_correct_nothing(
    city: City, pool: asyncpg.Pool
) -> None:
    world, code = Late(city, pool, on_s=0), gauges(city)[0]
    late = {5.0: 300.0, 15.0: 0.0}
    await world.begin(dry(0, 10, 20, 30), code)
    await world.comes({code: late})
    found = await world.rows(code)
    assert [row.kind for row in found] == ["would_have_raised"]
    await world.comes({code: late})
    # Nor where somebody says once more that they came late.
    async with pool.acquire() as connection:
        times = [LateTime("deep", city.device_id(code), city.at(s)) for s in late]
        await note_late(connection, times, due_at=city.at(0))
        assert await correct_one(connection, time_zone=ZONE)
    assert await world.rows(code) == found


WAITS = (
    "SELECT count(*) > 0 FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND query LIKE '%correction_late%'"
)


async def test_a_look_that_is_killed_at_its_end_is_looked_again_once(
    city: City, pool: asyncpg.Pool
) -> None:
    world, code = Late(city, pool, on_s=30), gauges(city)[0]
    await world.begin(dry(0, 70, 80), code)
    await world.comes({code: dict.fromkeys((10.0, 20.0, 40.0), 300.0)})
    await world.comes({code: {25.0: 0.0}}, looks=False)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE correction_late IN EXCLUSIVE MODE")
        process = await asyncio.create_subprocess_exec(
            sys.executable, PROCESS, city.dsn
        )
        await holds(pool, WAITS)  # what it has to say is written, and not committed
        process.kill()
        await process.wait()
    (first,) = await world.rows(code)
    assert first.superseded_at is None
    await world.looks()
    (first,) = await world.rows(code)
    assert first.superseded_why == "withdrawn"
    assert not await pool.fetchval("SELECT count(*) FROM correction_due")
