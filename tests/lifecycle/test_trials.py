"""Versions on trial beside live ones, through the real worker and a real database."""

from datetime import timedelta

import httpx2
import pytest

from api.app import create_app
from rules.backtest.room import Room
from rules.lifecycle.on_trial import Verdict
from rules.lifecycle.trial_report import over_capacity, trial_report, warnings_of_live
from rules.lifecycle.versions import add_draft, bring_to
from store.access import create_token
from store.rules.capacity import state_capacity
from store.rules.read import version_of
from store.rules.versions import Change
from store.rules.windows import NewWindow, insert_window
from tests.api.town import WEB_ROOT, served
from tests.rules.city_feed import NOON
from tests.triage.city import City
from vocabulary.device import DeviceKind
from vocabulary.rule_stage import RuleStage

pytestmark = pytest.mark.db

PROBE = """\
code: probe
name: {zh: 试, en: probe}
kind: cover
quantity: tilt_deg
condition: {type: threshold, above: LIMIT, severity: major}
largest_gap_s: 60
files:
  type: component
  scheme: gbt30428.2-2013
  class_code: of_component
  condition: cover_probe
  title: {zh: 试, en: probe}
reason: {zh: "{device} {value}", en: "{device} {value}"}
source: test
"""

ALARMS = """
SELECT rule_version, handling, cleared_seq IS NOT NULL, case_id IS NOT NULL FROM alarm
WHERE rule = 'probe' ORDER BY id
"""

CASES = """
SELECT rule_version, hit_count, recovered_at IS NOT NULL FROM case_file
WHERE condition = 'cover_probe' ORDER BY id
"""


def change(city: City, second: float) -> Change:
    return Change(author="me", at=city.at(second))


async def put(city: City, limit: int, stage: RuleStage, second: float) -> int:
    """Put in a version of the probe and bring it to a stage."""
    async with city.pool.acquire() as connection:
        text = PROBE.replace("LIMIT", str(limit))
        code, version = await add_draft(connection, text, change(city, second))
        if stage is not RuleStage.DRAFT:
            await bring_to(connection, code, version, stage, change(city, second))
    return version


async def bring(city: City, version: int, stage: RuleStage, second: float) -> None:
    async with city.pool.acquire() as connection:
        await bring_to(connection, "probe", version, stage, change(city, second))


async def say(city: City, second: float, tilt: float, code: str = "MH-0001") -> None:
    await city.say(second, {code: {"tilt_deg": tilt}})


async def test_a_version_on_trial_judges_beside_the_live_one_and_files_nothing(
    city: City,
) -> None:
    await put(city, 30, RuleStage.LIVE, 0)
    await put(city, 20, RuleStage.SHADOW, 1)
    await put(city, 1, RuleStage.DRAFT, 2)
    await say(city, 5, 25)
    await city.fold()
    assert await city.rows(ALARMS) == [(2, "shadow", False, False)]
    assert await city.rows(CASES) == []
    await say(city, 10, 40)
    await city.fold()
    await say(city, 15, 2)
    await city.fold()
    assert await city.rows(ALARMS) == [
        (2, "shadow", True, False),
        (1, "filed", True, True),
    ]
    assert await city.rows(CASES) == [(1, 1, True)]


async def test_what_stands_on_trial_is_filed_once_its_version_is_live(
    city: City,
) -> None:
    await put(city, 30, RuleStage.LIVE, 0)
    version = await put(city, 20, RuleStage.SHADOW, 1)
    await say(city, 5, 25)
    await city.fold()
    await bring(city, version, RuleStage.LIVE, 8)
    await city.tick(9, 12)
    await city.fold()
    assert await city.rows(ALARMS) == [(2, "filed", False, True)]
    assert await city.rows(CASES) == [(2, 1, False)]
    await say(city, 15, 2)
    await city.fold()
    assert await city.rows(CASES) == [(2, 1, True)]


async def test_a_trial_that_ends_withdraws_what_stands(city: City) -> None:
    version = await put(city, 20, RuleStage.SHADOW, 1)
    await say(city, 5, 25)
    await city.fold()
    await bring(city, version, RuleStage.DRAFT, 8)
    await say(city, 10, 26)
    await city.fold()
    assert await city.rows(ALARMS) == [(1, "shadow", True, False)]


async def test_a_new_version_going_live_hits_the_case_that_the_old_one_opened(
    city: City,
) -> None:
    await put(city, 30, RuleStage.LIVE, 0)
    await say(city, 5, 40)
    await city.fold()
    await put(city, 20, RuleStage.LIVE, 8)
    await say(city, 10, 40)
    await city.fold()
    assert await city.rows(ALARMS) == [
        (1, "filed", True, True),
        (2, "filed", False, True),
    ]
    assert await city.rows(CASES) == [(1, 2, False)]


async def test_s32_a_rule_edited_while_pending_starts_its_delay_anew(
    city: City,
) -> None:
    async def put_delayed(delay_s: int, second: float) -> None:
        text = PROBE.replace("LIMIT", "20") + f"on_delay_s: {delay_s}\n"
        async with city.pool.acquire() as connection:
            code, version = await add_draft(connection, text, change(city, second))
            at = change(city, second)
            await bring_to(connection, code, version, RuleStage.LIVE, at)

    await put_delayed(20, 0)
    for second in (5, 10, 15, 20):
        await say(city, second, 25)
    await city.fold()
    await put_delayed(15, 21)
    for second in (25, 30, 35):
        await say(city, second, 25)
    await city.fold()
    assert await city.rows(ALARMS) == []
    await say(city, 40, 25)
    await city.fold()
    assert await city.rows(ALARMS) == [(2, "filed", False, True)]


async def test_two_rules_on_one_problem_file_one_case(city: City) -> None:
    await put(city, 20, RuleStage.LIVE, 0)
    other = PROBE.replace("LIMIT", "25").replace("code: probe", "code: probe-two")
    async with city.pool.acquire() as connection:
        code, version = await add_draft(connection, other, change(city, 1))
        await bring_to(connection, code, version, RuleStage.LIVE, change(city, 1))
    await say(city, 5, 40)
    await city.fold()
    assert await city.rows(CASES) == [(1, 2, False)]
    linked = await city.rows(
        "SELECT rule, case_id = (SELECT id FROM case_file WHERE condition ="
        " 'cover_probe') FROM alarm WHERE rule LIKE 'probe%' ORDER BY rule"
    )
    assert linked == [("probe", True), ("probe-two", True)]


async def trial_of_a_day(city: City) -> None:
    """Try version 2 for a day: four would-be cases, three of which version 1 filed."""
    await put(city, 30, RuleStage.LIVE, 0)
    await put(city, 20, RuleStage.SHADOW, 1)
    covers = city.codes(DeviceKind.COVER)[:4]
    for second, tilts in (
        (5, (40, 41, 42, 25)),
        (10, (2, 2, 2, 2)),
        (15, (2, 2, 40, 2)),
    ):
        for place, tilt in enumerate(tilts):
            await say(city, second + place / 10, tilt, covers[place])
    await city.fold()
    stages = ("closed", "cancelled", "handling")
    rows = await city.pool.fetch(
        "SELECT id FROM case_file WHERE condition = 'cover_probe' ORDER BY id"
    )
    for row, stage in zip(rows, stages, strict=True):
        ended = city.at(3600) if stage != "handling" else None
        await city.pool.execute(
            "UPDATE case_file SET stage = $2, closed_at = $3 WHERE id = $1",
            row["id"],
            stage,
            ended,
        )


async def test_would_be_cases_are_counted_as_cases_would_be_and_held_against_verdicts(
    city: City,
) -> None:
    await trial_of_a_day(city)
    async with city.pool.acquire() as connection:
        found = await version_of(connection, "probe", 2)
        assert found is not None
        at = NOON + timedelta(days=2)
        report = await trial_report(connection, found, at=at)
    assert report is not None
    trial = report.trial
    assert (trial.alarms, len(trial.cases), trial.missed) == (5, 4, 0)
    assert [case.hits for case in trial.cases] == [1, 1, 2, 1]
    assert trial.verdicts == {
        Verdict.REAL: 1,
        Verdict.UNREAL: 1,
        Verdict.OPEN: 1,
        Verdict.NONE: 1,
    }
    assert trial.precision == 0.5
    assert trial.days == pytest.approx(2, abs=0.001)
    assert sum(load.would_be for load in trial.loads) == pytest.approx(2, abs=0.001)


@pytest.mark.parametrize(("lines", "steps"), [(4, 1000), (2, 1000), (1000, 2)])
async def test_a_trial_with_more_than_is_looked_at_says_up_to_when_it_is_told(
    city: City, lines: int, steps: int
) -> None:
    await trial_of_a_day(city)
    async with city.pool.acquire() as connection:
        found = await version_of(connection, "probe", 2)
        assert found is not None
        at = NOON + timedelta(days=2)
        room = Room(lines=lines, steps=steps)
        cut = await trial_report(connection, found, at=at, room=room)
        assert cut is not None
        assert cut.whole_until is not None
        assert city.at(5) < cut.whole_until <= city.at(16)
        assert cut.until == at
        whole = await trial_report(connection, found, at=cut.whole_until)
    assert whole is not None
    assert whole.whole_until is None
    assert whole.trial.alarms
    assert cut.trial == whole.trial


TRIAGE = """\
flapping: {more_than: 2, within_s: 600, settled_s: 900}
storm: {budget: 2, worst: 1, worst_after_s: 30, quiet_s: 60}
groups:
  - code: many-probes
    name: {zh: 多, en: many}
    over: gateway
    of: probe
    unknown: cover-silent
    share: 0.8
    least: 3
    within_s: 10
    severity: major
    files:
      type: component
      scheme: gbt30428.2-2013
      class_code: of_component
      condition: many_probes
      title: {zh: 多, en: many}
    reason: {zh: "{bad}", en: "{bad}"}
"""

HANDLED = "SELECT handling, count(*) FROM alarm WHERE rule = 'probe' GROUP BY 1"

FILED = """
SELECT condition, shape, opened_at, hit_count FROM case_file
WHERE condition IN ('cover_probe', 'many_probes') ORDER BY opened_at, id
"""


async def a_busy_hour(city: City, stage: RuleStage) -> None:
    """Let a probe see a group, a storm, a loose contact and a window."""
    await city.triage_by(TRIAGE, 0)
    await put(city, 20, stage, 1)
    covers = city.codes(DeviceKind.COVER, gateway="GW-COVER-1")
    others = sorted(set(city.codes(DeviceKind.COVER)) - set(covers))
    window = NewWindow(
        component_id=city.snapshot.devices[city.device_id(covers[0])].component_id,
        from_at=city.at(300),
        until_at=city.at(400),
        reason="works",
        owner="me",
    )
    async with city.pool.acquire() as connection, connection.transaction():
        await insert_window(connection, window, at=city.at(2))
    await city.say_all(5, covers, tilt_deg=25.0)
    await city.tick(6, 40)
    await city.say_all(40, covers, tilt_deg=2.0)
    await city.say_all(60, others[:30], tilt_deg=25.0)
    await city.tick(61, 130)
    await city.say_all(130, others[:30], tilt_deg=2.0)
    for second in range(140, 180, 5):
        tilt = 25.0 if second % 2 else 2.0
        await say(city, second, tilt, others[-1])
    await say(city, 310, 25, covers[0])
    await city.tick(311, 320)
    await say(city, 320, 2, covers[0])
    await city.tick(321, 420)
    await city.fold()


async def test_a_trial_says_what_would_have_been_filed_after_triage(
    city: City, twin: City
) -> None:
    await a_busy_hour(city, RuleStage.SHADOW)
    await a_busy_hour(twin, RuleStage.LIVE)
    assert await city.rows(HANDLED) == [
        ("shadow", sum(int(str(n)) for _, n in await twin.rows(HANDLED)))
    ]
    async with city.pool.acquire() as connection:
        found = await version_of(connection, "probe", 1)
        assert found is not None
        report = await trial_report(connection, found, at=city.at(420))
    assert report is not None
    trial = report.trial
    handled = {str(word): n for word, n in await twin.rows(HANDLED)}
    assert {"filed", "member", "storm", "maintenance", "unstable"} <= set(handled)
    assert trial.handlings == handled
    filed = await twin.rows(FILED)
    would_be = [
        (case.key.condition, case.shape, case.opened_at, case.hits)
        for case in trial.cases
    ]
    assert sorted(would_be, key=str) == sorted(filed, key=str)
    assert {shape for _, shape, *_ in filed} == {"single", "group", "storm"}
    assert (trial.joined, trial.unplaced) == (0, 0)
    assert sum(load.would_be for load in trial.loads) == len(filed)


async def test_going_live_above_what_a_department_can_take_wants_to_be_confirmed(
    city: City,
) -> None:
    await trial_of_a_day(city)
    at = NOON + timedelta(days=2)
    async with city.pool.acquire() as connection:
        assert await warnings_of_live(connection, "probe", 2, at=at) == ([], "")
        found = await version_of(connection, "probe", 2)
        assert found is not None
        report = await trial_report(connection, found, at=at)
        assert report is not None
        busiest = max(report.trial.loads, key=lambda load: load.would_be)
        least = busiest.would_be / 2
        unit_id = busiest.unit_id
        await state_capacity(connection, unit_id, least, author="me", at=at)
        report = await trial_report(connection, found, at=at)
        assert report is not None
        (unit, words), *_ = over_capacity(report)
        assert unit == report.snapshot.units[unit_id].code
        assert f"it says it can take {least:g}" in words
        token = await create_token(
            connection, name="chief", role="admin", unit_id=None, at=NOON
        )
    app = create_app(database_url=city.dsn, clock=lambda: at, web_root=WEB_ROOT)
    headers = {"Authorization": f"Bearer {token}"}
    path = "/api/v1/rules/probe/2"
    async with (
        served(app) as url,
        httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client,
    ):
        shown = (await client.get(f"{path}/shadow")).json()
        assert (shown["would_be"], shown["precision"]) == (4, 0.5)
        assert [load["unit"] for load in shown["loads"] if load["is_over"]] == [unit]
        assert {case["verdict"] for case in shown["cases"]} == set(Verdict)
        refused = await client.post(f"{path}/stage", json={"stage": "live"})
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:gezhi:problem:over-capacity"
        assert refused.json()["errors"][0]["where"] == f"unit {unit}"
        done = await client.post(f"{path}/stage?confirm=true", json={"stage": "live"})
        assert done.status_code == 200
        assert done.json()["warnings"] == [f"unit {unit} {words}"]
