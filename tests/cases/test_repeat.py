"""S35: what comes back soon reopens its case, later it is a new one that counts it."""

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from cases.filing import Outcome, file_cases
from cases.request import CaseType, Hit, Mark, Severity
from cases.routing import Routing, RoutingFileError, read_routing, shipped_routing
from store.cases import filed as rows
from store.cases.repeats import reopen
from store.journal import entries as journal
from tests.cases.town import (
    DRAINAGE,
    HIT,
    NOON,
    ORDERS,
    SCHEME,
    SILENT,
    ZONE,
    Town,
    later,
    store_alarm,
)

DAY_S = 86_400
CLEARED = replace(later(HIT, 60), kind=Hit.CLEARED)
CLOSED_S = 120

db = pytest.mark.db


async def end(town: Town, stage: str = "closed") -> None:
    """End the newest case, as a person would."""
    await town.pool.execute(
        "UPDATE case_file SET stage = $1, closed_at = $2, worker = '老李'"
        " WHERE id = (SELECT max(id) FROM case_file)",
        stage,
        NOON + timedelta(seconds=CLOSED_S),
    )


async def counts(town: Town) -> list[tuple[int, int, int | None, int]]:
    found = await town.pool.fetch(
        "SELECT hit_count, reopen_count, repeat_of, repeat_count"
        " FROM case_file ORDER BY id"
    )
    return [tuple(row) for row in found]


@db
@pytest.mark.parametrize("stage", ["closed", "forced_close"])
async def test_s35_what_clears_and_returns_soon_after_closing_reopens_its_case(
    town: Town, stage: str
) -> None:
    first = await town.hit(HIT)
    await end(town, stage)
    cleared = await town.hit(CLEARED)
    assert cleared.outcome is Outcome.RECOVERED
    again = await town.hit(later(HIT, CLOSED_S + DAY_S))
    assert again.outcome is Outcome.REOPENED
    assert first.case is not None
    assert again.case is not None
    assert (again.case.id, again.case.number) == (first.case.id, first.case.number)
    assert again.case.stage == "pending_handle", "an urgent class goes out by itself"
    assert (again.case.closed_at, again.case.recovered_at) == (None, None)
    assert again.case.worker == ""
    assert await counts(town) == [(2, 1, None, 0)]
    reopened_at = await town.pool.fetchval("SELECT reopened_at FROM case_file")
    assert reopened_at == later(HIT, CLOSED_S + DAY_S).at


@db
async def test_a_reopening_is_in_the_steps_and_in_the_journal(town: Town) -> None:
    await town.hit(HIT)
    await end(town)
    await town.hit(later(HIT, 300, rule_version=2))
    steps = await town.pool.fetch("SELECT * FROM case_step ORDER BY id OFFSET 3")
    assert [(s["move"], s["from_stage"], s["to_stage"], s["note"]) for s in steps] == [
        ("reopen", "closed", "pending_dispatch", "cover-opened v2"),
        ("dispatch", "pending_dispatch", "pending_handle", "component:maintainer"),
    ]
    assert {(s["actor"], s["role"], s["unit_id"]) for s in steps} == {
        ("rules", "rules", DRAINAGE)
    }
    async with town.pool.acquire() as connection:
        entries = await journal.read(connection, after=0, limit=10)
    moves = [orjson.loads(entry.body)["move"] for entry in entries]
    assert moves == ["file", "reopen"], "once each"
    dues = await town.pool.fetchval("SELECT count(*) FROM evidence_due")
    assert dues == 1, "the samples that follow are asked for once"


@db
async def test_what_returns_later_is_a_new_case_that_counts_the_earlier_ones(
    town: Town,
) -> None:
    for day in range(3):
        hit = later(HIT, 2 * day * DAY_S + (CLOSED_S + 1 if day else 0))
        assert (await town.hit(hit)).outcome is Outcome.OPENED
        clear = replace(later(hit, 60), kind=Hit.CLEARED)
        await town.hit(clear)
        await town.pool.execute(
            "UPDATE case_file SET stage = 'closed', closed_at = $1"
            " WHERE closed_at IS NULL",
            clear.at,
        )
    assert await counts(town) == [(1, 0, None, 0), (1, 0, 1, 1), (1, 0, 2, 2)]
    numbers = await town.pool.fetch("SELECT DISTINCT number FROM case_file")
    assert len(numbers) == 3


@db
@pytest.mark.parametrize("stage", ["not_accepted", "cancelled"])
async def test_a_refused_case_stays_refused_and_the_next_raise_is_filed_anew(
    town: Town, stage: str
) -> None:
    """Neither a repeat nor a reopening: somebody said that there was nothing."""
    await town.hit(HIT)
    await end(town, stage)
    restless = replace(later(HIT, 130), kind=Hit.ESCALATED)
    for seconds in range(5):  # it stands all the while
        filed = await town.hit(later(restless, seconds))
        assert filed.outcome is Outcome.NO_CASE
    assert await counts(town) == [(1, 0, None, 0)]
    await town.hit(replace(later(HIT, 200), kind=Hit.CLEARED))
    anew = await town.hit(later(HIT, 260))
    assert anew.outcome is Outcome.OPENED
    assert await counts(town) == [(1, 0, None, 0), (1, 0, None, 0)]


@db
async def test_an_alarm_graver_than_what_was_refused_is_filed(town: Town) -> None:
    await town.hit(HIT)
    await end(town, "cancelled")
    worse = replace(
        later(HIT, 130), kind=Hit.ESCALATED, severity=Severity.CRITICAL, value=80.0
    )
    assert (await town.hit(worse)).outcome is Outcome.OPENED
    assert (await town.hit(later(worse, 1))).outcome is Outcome.HIT_AGAIN


@db
async def test_an_alarm_that_gets_worse_after_closing_reopens_its_case(
    town: Town,
) -> None:
    await town.hit(HIT)
    await end(town)
    worse = replace(later(HIT, 130), kind=Hit.ESCALATED, severity=Severity.CRITICAL)
    filed = await town.hit(worse)
    assert filed.outcome is Outcome.REOPENED
    assert filed.case is not None
    assert filed.case.severity == "critical"
    assert await counts(town) == [(1, 1, None, 0)], "the same alarm is no new hit"


@db
async def test_a_reopened_case_recovers_is_closed_and_can_be_reopened_again(
    town: Town,
) -> None:
    await town.hit(HIT)
    await end(town)
    await town.hit(CLEARED)
    for count in (1, 2):
        hit = later(HIT, 1000 * count)
        assert (await town.hit(hit)).outcome is Outcome.REOPENED
        clear = replace(later(hit, 60), kind=Hit.CLEARED)
        assert (await town.hit(clear)).outcome is Outcome.RECOVERED
        await end(town)
    assert await counts(town) == [(3, 2, None, 0)]


@db
async def test_an_unstable_alarm_that_comes_back_says_so_on_the_reopened_case(
    town: Town,
) -> None:
    await town.hit(HIT)
    await end(town)
    await town.hit(later(HIT, 300, mark=Mark.UNSTABLE))
    since = await town.pool.fetchval("SELECT unstable_since FROM case_file")
    assert since == later(HIT, 300).at


@db
async def test_a_class_that_waits_for_a_dispatcher_waits_again(town: Town) -> None:
    silent = replace(HIT, rule="cover-silent", files=SILENT, quantity=None, value=None)
    await town.hit(silent)
    await end(town)
    again = await town.hit(later(silent, 300))
    assert again.case is not None
    assert again.case.stage == "pending_dispatch"


@db
async def test_a_reopening_that_was_cut_short_leaves_nothing_and_is_done_once(
    town: Town,
) -> None:
    """A worker killed before its commit does the same entries again."""
    await town.hit(HIT)
    await end(town)
    hit = later(HIT, 300)
    before = await counts(town)
    async with town.pool.acquire() as connection:
        cut = connection.transaction()
        await cut.start()
        stored = await store_alarm(connection, hit)
        (filed,) = await file_cases(connection, [stored], town.snapshot, time_zone=ZONE)
        assert filed.outcome is Outcome.REOPENED
        await cut.rollback()
    assert await counts(town) == before
    assert (await town.hit(hit)).outcome is Outcome.REOPENED
    assert await counts(town) == [(2, 1, None, 0)]


@db
async def test_the_index_keeps_a_reopening_from_being_a_second_open_case(
    town: Town,
) -> None:
    """Even by hand: a closed case does not go on beside the problem's open one."""
    await town.hit(HIT)
    await end(town)
    late = await town.hit(later(HIT, 3 * DAY_S))
    assert late.outcome is Outcome.OPENED
    async with town.pool.acquire() as connection, connection.transaction():
        assert not await reopen(connection, 1, "pending_dispatch", NOON)
        first = await rows.lock_case(connection, 1)
    assert first is not None
    assert first.closed_at is not None


T = """
[comeback]
reopen_h = 48
[comeback.component]
lamp_single_out = 12
[[class]]
scheme = "gbt30428.2-2013"
type = "component"
code = "0101"
reopen_h = 1
why_zh = "井盖"
why_en = "covers"
"""


def hours(routing: Routing, code: str, condition: str) -> float:
    key = CaseType.COMPONENT, SCHEME, code
    return routing.reopen_within(key, condition) / timedelta(hours=1)


def test_the_time_is_that_of_the_class_or_of_the_condition_or_of_all() -> None:
    routing = read_routing(f"unattached = []\n{ORDERS}{T}")
    assert hours(routing, "0101", "lamp_single_out") == 1
    assert hours(routing, "0137", "lamp_single_out") == 12
    assert hours(routing, "0137", "device_silent") == 48
    assert hours(shipped_routing(), "0101", "cover_missing_or_displaced") == 24


@pytest.mark.parametrize("reopen_h", ["-1", "9e9", "nan", '"soon"'])
def test_a_time_that_is_none_is_refused(reopen_h: str) -> None:
    with pytest.raises(RoutingFileError):
        read_routing(f"unattached = []\n{ORDERS}[comeback]\nreopen_h = {reopen_h}\n")
