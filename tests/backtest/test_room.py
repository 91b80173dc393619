"""A backtest that finds more than there is room for says so, and is right till then."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from gezhi.commands.backtest_shown import show
from rules.backtest.lines import AlarmLine
from rules.backtest.report import Report, report_of
from rules.backtest.room import Earliest, Room, kept
from store.alarms.raised import NewAlarm
from tests.backtest.past import backtest_of
from tests.rules.city_feed import NOON, Feed
from tests.rules.workers import ZONE, fold_all
from tests.triage.city import City

BATCHES = 120

BEGUN = NewAlarm(
    rule="r",
    rule_version=1,
    device_id=1,
    severity="major",
    raised_seq=1,
    raised_at=NOON,
    measured_at=NOON,
    value=1.0,
    threshold=1.0,
    reason_zh="",
    reason_en="",
)


def alarm(number: int, second: int) -> AlarmLine:
    new = replace(BEGUN, raised_at=NOON + timedelta(seconds=second))
    return AlarmLine(id=number, new=new, severity="major")


@given(st.lists(st.integers(0, 9)), st.integers(1, 5))
def test_of_what_comes_in_any_order_the_earliest_is_kept(
    seconds: Sequence[int], most: int
) -> None:
    room = Earliest[AlarmLine](most=most, begins=lambda line: line.new.raised_at)
    for number, second in enumerate(seconds):
        room.add(alarm(number, second))
    found = sorted((line.new.raised_at, line.id) for line in room.lines())
    lines = [alarm(number, second) for number, second in enumerate(seconds)]
    told = sorted((line.new.raised_at, line.id) for line in lines)
    assert found == told[:most]
    assert room.left_off == len(told[most:])
    assert room.left_from == (told[most][0] if told[most:] else None)


def test_what_there_is_no_room_for_is_known_by_its_first() -> None:
    times = [NOON + timedelta(seconds=second) for second in range(3)]
    assert kept(times, 3, lambda at: at) == (times, None)
    assert kept(times, 2, lambda at: at) == (times[:2], times[2])


async def fed(city: City, pool: asyncpg.Pool) -> datetime:
    feed = Feed(city.snapshot, random.Random(6))  # noqa: S311 not a secret
    async with pool.acquire() as connection:
        for _ in range(BATCHES):
            await feed.write(connection)
    await fold_all(pool, city.dsn)
    return feed.now + timedelta(seconds=1)


def begun(report: Report, until: datetime) -> list[tuple[object, ...]]:
    """Return what a report lists of before a time."""
    alarms = [(a.rule, a.device, a.raised_at, a.live_id) for a in report.alarms]
    cases = [(c.rule, c.device, c.opened_at, c.number) for c in report.cases]
    return [row for row in [*alarms, *cases] if row[2] < until]


def shown(report: Report) -> str:
    console = Console(file=StringIO(), width=400)
    show(report, console, zone=ZoneInfo(ZONE), most=5)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.db
@pytest.mark.parametrize("lacks", ["lines", "steps"])
async def test_a_backtest_without_room_for_all_is_right_up_to_where_it_is_cut(
    city: City, pool: asyncpg.Pool, lacks: str
) -> None:
    until = await fed(city, pool)

    async def report(room: Room, until: datetime) -> Report:
        found = await backtest_of(pool, "live", since=NOON, until=until, room=room)
        return report_of(found, zone=ZoneInfo(ZONE), stated={})

    whole = await report(Room(), until)
    assert whole.whole_until is None
    assert "cut off" not in shown(whole)
    few = Room(lines=len(whole.alarms) // 2)
    if lacks == "steps":
        few = Room(steps=await pool.fetchval("SELECT count(*) / 2 FROM case_file"))
    cut = await report(few, until)
    assert cut.whole_until is not None
    assert NOON < cut.whole_until < until
    assert f"before {cut.whole_until.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M:%S}" in (
        shown(cut)
    )
    before = begun(whole, cut.whole_until)
    assert len(before) > 20
    assert begun(cut, until) == before
    assert sum(line.alarms for line in cut.rules) == len(cut.alarms)
    if lacks == "lines":  # what people did later does not change what has ended
        told = {row.live_id: row for row in whole.alarms}
        assert list(cut.alarms) == [told[row.live_id] for row in cut.alarms]
