"""Bundles are kept with their cases: the journal may go."""

import asyncio
import zlib
from datetime import timedelta

import asyncpg
import pytest

from rules.bundle.bundle import bundle_from
from rules.bundle.chain import TamperedError, opened, sealed
from rules.bundle.keep import keep_one
from rules.bundle.replay import replay
from rules.bundle.whole import JOURNAL, KEPT
from store.retention.drop import delete_records
from store.rules.versions import Change, judging_rules, put_live, set_stage
from tests.bundle.test_many import explained, silent_gateway
from tests.rules.workers import PATIENCE_S, ZONE
from tests.triage.city import City
from vocabulary.device import DeviceKind
from vocabulary.rule_stage import RuleStage

pytestmark = pytest.mark.db

OPEN = {"tilt_deg": 60.0, "cover_open": 1.0}


async def one_cover(city: City) -> None:
    """Open one cover, and let five minutes pass."""
    for second in range(0, 30, 10):
        await city.say(second, {"MH-0001": {"tilt_deg": 2, "cover_open": 0}})
    for second in range(30, 350, 10):
        await city.say(second, {"MH-0001": OPEN})
    await city.fold()


async def keep_all(city: City) -> int:
    """Keep all bundles that are due; return how many looks it took."""
    looks = 0
    async with city.pool.acquire() as connection, asyncio.timeout(PATIENCE_S):
        while await keep_one(connection, time_zone=ZONE):
            looks += 1
    return looks


CHUNK_ENTRIES = 200_000
"""Entries of one chunk: see the migration that makes the journal."""


async def drop_journal(pool: asyncpg.Pool) -> None:
    """Drop the journal's chunk, and with it what goes with the journal."""
    is_timescale = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = $1)"
    if await pool.fetchval(is_timescale, "timescaledb"):
        await pool.fetch(
            "SELECT drop_chunks('journal', older_than => $1::bigint)", CHUNK_ENTRIES
        )
    else:
        await pool.execute("TRUNCATE journal")
    assert await pool.fetchval("SELECT count(*) FROM journal") == 0
    await pool.execute(
        "INSERT INTO journal SELECT 0, seq + 1, received_at, 3, 0, ''"
        " FROM journal_head WHERE shard = 0"
    )
    async with pool.acquire() as connection:
        await delete_records(connection, shard=0)


async def test_a_case_is_explained_and_replayed_after_the_journal_is_gone(
    city: City,
) -> None:
    await one_cover(city)
    (alarm_id,) = [row["id"] for row in await city.pool.fetch("SELECT id FROM alarm")]
    before, made = await explained(city, alarm_id)
    assert before.source == JOURNAL
    assert await keep_all(city) == 1
    await drop_journal(city.pool)
    assert await city.pool.fetchval("SELECT count(*) FROM triage_record") == 0
    await city.pool.execute("DELETE FROM plan_source")
    after, octets = await explained(city, alarm_id)
    assert after.source == KEPT
    assert after.is_same
    assert after.is_triaged
    assert after.total == before.total
    assert octets == made
    assert after.explained == before.explained
    assert replay(bundle_from(octets)[0]).is_same


async def test_a_bundle_waits_for_the_samples_that_follow(city: City) -> None:
    await city.say(0, {"MH-0001": OPEN})
    await city.tick(1, 290)
    await city.fold()
    assert await keep_all(city) == 0
    await city.tick(290, 302)
    await city.fold()
    assert await keep_all(city) == 1


async def test_members_of_a_group_are_in_its_bundle_and_need_none(city: City) -> None:
    await silent_gateway(city)
    await city.tick(150, 460)
    await city.fold()
    # Members come due before the group's own alarm, and then wait for it.
    await keep_all(city)
    await city.tick(460, 800)
    await city.fold()
    await keep_all(city)
    assert await city.pool.fetchval("SELECT count(*) FROM bundle_due") == 0
    assert await city.rows(
        "SELECT a.rule FROM bundle b JOIN alarm a ON a.id = b.alarm_id"
    ) == [("group:gateway-silent",)]
    await drop_journal(city.pool)
    covers = city.codes(DeviceKind.COVER, gateway="GW-COVER-1")
    alarms = await city.pool.fetch("SELECT id, rule FROM alarm ORDER BY id")
    assert len(alarms) == len(covers) + 1
    for row in (alarms[0], alarms[1], alarms[-1]):
        whole, octets = await explained(city, row["id"])
        assert whole.source == KEPT
        assert whole.is_same
        assert whole.is_triaged
        assert (whole.gathered is None) == (row["rule"] == "cover-silent")
        assert replay(bundle_from(octets)[0]).is_same


async def test_what_never_gets_a_case_keeps_no_bundle(city: City) -> None:
    await city.say(0, {"MH-0001": {"tilt_deg": 2, "cover_open": 0}})
    await city.tick(1, 105)
    await city.say(105, {"MH-0001": {"tilt_deg": 2, "cover_open": 0}})  # in its wait
    await city.fold()
    assert await city.rows("SELECT handling FROM alarm") == [("brief",)]
    await city.pool.execute("UPDATE bundle_due SET due_at = $1", city.at(0))
    assert await keep_all(city) == 1
    assert await city.rows("SELECT count(*) FROM bundle") == [(0,)]
    assert await city.rows("SELECT count(*) FROM bundle_due") == [(0,)]


async def test_a_keeper_that_dies_half_way_is_taken_over_from(city: City) -> None:
    await one_cover(city)
    async with city.pool.acquire() as doomed:
        transaction = doomed.transaction()
        await transaction.start()
        assert await keep_one(doomed, time_zone=ZONE)
        # Meanwhile another one leaves it alone.
        assert await keep_all(city) == 0
        await transaction.rollback()
    assert await city.rows("SELECT count(*) FROM bundle") == [(0,)]
    assert await keep_all(city) == 1
    assert await keep_all(city) == 0
    assert await city.rows("SELECT count(*) FROM bundle") == [(1,)]


async def test_a_bundle_that_cannot_be_made_is_tried_again_and_then_says_why(
    city: City,
) -> None:
    await one_cover(city)
    await drop_journal(city.pool)
    await city.pool.execute("UPDATE cursor SET seq = (SELECT max(seq) FROM journal)")
    assert await keep_all(city) == 1
    tries = "SELECT tries FROM bundle_due"
    assert await city.rows(tries) == [(1,)]
    late = city.at(0) - timedelta(days=1)
    for _ in range(4):
        await city.pool.execute("UPDATE bundle_due SET due_at = $1", late)
        await keep_all(city)
    ((why,),) = await city.rows("SELECT why_not FROM bundle")
    assert "not kept any more" in str(why)
    whole, octets = await explained(city, 1)
    assert not octets
    assert whole.why_not


async def test_a_member_whose_lead_another_release_kept_has_a_bundle_of_its_own(
    city: City,
) -> None:
    await silent_gateway(city)
    await city.tick(150, 800)
    await city.fold()
    await city.pool.execute(
        "UPDATE bundle_due SET due_at = $1 WHERE alarm_id IN"
        " (SELECT id FROM alarm WHERE rule LIKE 'group:%')",
        city.at(0),
    )
    async with city.pool.acquire() as connection:
        assert await keep_one(connection, time_zone=ZONE)
        ((octets,),) = await city.rows("SELECT octets FROM bundle")
        assert isinstance(octets, bytes)
        pieces, _ = opened(zlib.decompress(octets))
        other = zlib.compress(sealed({**pieces, "format": 1}))
        await city.pool.execute("UPDATE bundle SET octets = $1", other)
    await keep_all(city)
    kept = await city.rows(
        "SELECT a.rule, b.why_not FROM bundle b JOIN alarm a ON a.id = b.alarm_id"
        " WHERE a.rule NOT LIKE 'group:%'"
    )
    assert set(kept) == {("cover-silent", "")}
    assert await city.rows("SELECT count(*) FROM bundle_due") == [(0,)]


TWO_STEEP = """
code: steep-{name}
name: {{zh: 陡, en: Steep}}
kind: pressure
quantity: pressure_kpa
condition: {{type: rate, window_s: 2, above: 500, deadband: 5, severity: minor}}
files:
  type: event
  scheme: gbt30428.2-2013
  class_code: "0506"
  condition: steep_{name}
  title: {{zh: 陡, en: Steep}}
reason: {{zh: "{{device}} {{value}}", en: "{{device}} {{value}}"}}
source: a test
"""


async def test_a_bundle_that_breaks_the_engine_says_so_and_holds_up_no_other(
    city: City,
) -> None:
    async with city.pool.acquire() as connection, connection.transaction():
        change = Change(author="me", at=city.at(0), note="")
        for rule in await judging_rules(connection):
            stage = RuleStage.RETIRED
            await set_stage(connection, rule.code, rule.version, stage, change)
        for name in ("a", "b"):
            text = TWO_STEEP.format(name=name)
            await put_live(
                connection, f"steep-{name}", text, author="me", at=city.at(0)
            )
    # Where all rules break on an entry none is to blame, and it alone is left out.
    for second, kpa in ((1, 300.0), (2, 400.0), (20, 1e308), (21, -1e308)):
        await city.say(second, {"PR-0001": {"pressure_kpa": kpa}})
    await city.tick(22, 320)
    await city.fold()
    assert await city.rows("SELECT what FROM rules_fault") == [("entry",)]
    late = city.at(0) - timedelta(days=1)
    for _ in range(5):
        assert await keep_all(city) == 2
        await city.pool.execute("UPDATE bundle_due SET due_at = $1", late)
    kept = await city.rows("SELECT octets, why_not LIKE '%overflow%' FROM bundle")
    assert kept == [(None, True)] * 2


async def test_what_is_kept_and_then_changed_is_refused(city: City) -> None:
    await one_cover(city)
    await keep_all(city)
    whole, octets = await explained(city, 1)
    assert whole.is_same
    changed = octets.replace(b'"what":"file"', b'"what":"note"', 1)
    assert changed != octets
    with pytest.raises(TamperedError):
        bundle_from(changed)
