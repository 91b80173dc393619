"""By what a backtest judges: the plans of then with what is tried in them."""

from datetime import timedelta

import asyncpg
import pytest

from rules.backtest.plans import cut
from rules.backtest.tried import Tried, source_with
from rules.engine.learned import Learned
from rules.plan.plan_source import SHADOW, RuleText
from store.rules.plan_sources import SourceMark
from store.rules.versions import live_rules, put_live
from tests.backtest.past import backtest_of
from tests.rules.city_feed import NOON
from tests.rules.town import device, source
from tests.triage.city import City
from vocabulary.device import DeviceKind

COVER = device(1, DeviceKind.COVER, "tilt_deg")
OF_THEN = source([COVER], "cover-opened", "cover-silent", "cover-tilted")


def entries(first: int, last: int) -> list[Learned]:
    return [Learned(seq, seq, None) for seq in range(first, last + 1)]


def marks(*seqs: int) -> list[SourceMark]:
    return [SourceMark(from_seq=seq, at=NOON, key=str(seq)) for seq in seqs]


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ((), [(11, 20, 0)]),
        ((11,), [(11, 20, 0)]),  # since before
        ((12,), [(11, 11, 12), (12, 20, 0)]),
        ((15, 16), [(11, 14, 15), (15, 15, 16), (16, 20, 0)]),
        ((21,), [(11, 20, 21)]),  # after the last of them
        ((3, 22), [(11, 20, 0)]),  # elsewhere
    ],
)
def test_entries_are_cut_where_another_plan_begins_to_judge(
    changes: tuple[int, ...], parts: list[tuple[int, int, int]]
) -> None:
    found = cut(entries(11, 20), marks(*changes))
    assert [
        (some[0].seq, some[-1].seq, 0 if mark is None else mark.from_seq)
        for some, mark in found
    ] == parts
    assert list(cut([], marks(*changes))) == []


def tried(*rules: RuleText, with_live: bool) -> Tried:
    return Tried(rules=rules, with_live=with_live, geofences=())


def test_what_is_tried_takes_the_place_of_the_rule_of_its_code() -> None:
    assert source_with(OF_THEN, tried(with_live=True)) is OF_THEN
    old = OF_THEN.rules[0]
    new = RuleText(old.code, 7, old.source)
    beside = source_with(OF_THEN, tried(new, with_live=True))
    assert [(text.code, text.version) for text in beside.rules] == [
        ("cover-opened", 7),
        ("cover-silent", 1),
        ("cover-tilted", 1),
    ]
    assert beside.subjects == OF_THEN.subjects
    alone = source_with(OF_THEN, tried(new, with_live=False))
    assert alone.rules == (new,)


def test_a_version_on_trial_then_makes_room_for_what_is_tried() -> None:
    old = OF_THEN.rules[0]
    shadow = RuleText(old.code, 2, old.source, SHADOW)
    then = source([COVER], "cover-opened")
    both = type(then)((*then.rules, shadow), then.subjects, 1)
    new = RuleText(old.code, 3, old.source)
    assert source_with(both, tried(new, with_live=True)).rules == (new,)


@pytest.mark.db
async def test_where_it_is_not_known_what_was_in_force_that_is_said(
    city: City, pool: asyncpg.Pool
) -> None:
    until = NOON + timedelta(hours=1)
    await city.say(5, {"MH-0001": {"tilt_deg": 40.0}})
    await city.fold()
    async with pool.acquire() as connection, connection.transaction():
        live = {rule.code: rule.source for rule in await live_rules(connection)}
        text = live["cover-opened"].replace("above: 30", "above: 50")
        await put_live(connection, "cover-opened", text, author="me", at=city.at(10))
    await city.say(15, {"MH-0001": {"tilt_deg": 45.0}})
    await city.fold()

    async def opened(word: str) -> list[tuple[int, bool]]:
        found = await backtest_of(pool, word, since=NOON, until=until)
        return [
            (line.new.rule_version, line.cleared_at is None)
            for line in found.alarms
            if line.new.rule == "cover-opened"
        ]

    assert await opened("live") == [(1, False)]  # withdrawn when it was edited
    assert await opened("now") == []
    assert await opened("cover-opened@1") == [(1, True)]
    found = await backtest_of(pool, "live", since=NOON, until=until)
    assert (found.under.plans, found.under.known_from) == (3, found.begun)
    await pool.execute("DELETE FROM plan_source WHERE at < $1", city.at(10))
    assert await opened("live") == []
    found = await backtest_of(pool, "live", since=NOON, until=until)
    assert (found.under.plans, found.under.known_from) == (1, city.at(10))
    await pool.execute("DELETE FROM plan_source")
    found = await backtest_of(pool, "live", since=NOON, until=until)
    assert (found.under.plans, found.under.known_from) == (1, None)
    assert found.is_exact
