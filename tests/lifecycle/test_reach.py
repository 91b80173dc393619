"""Whom rules judge: everybody they are for, or it is said what is lacking."""

import asyncio
from collections import Counter

import asyncpg
import httpx2
import pytest
from typer.testing import CliRunner

from devices.registry.snapshot import load_snapshot
from gezhi.cli.app import app
from rules.lifecycle.reaching import registered
from rules.plan.compile import compile_plan
from rules.worker.present import current_source
from store.rules.versions import judging_rules
from tests.lifecycle.test_schema import SOUND
from tests.rules.city_feed import NOON, install_city

pytestmark = pytest.mark.db

ZONE = "Asia/Shanghai"

NOBODY = {
    "cover-sensor-tilted": "the simulated sensors have no switch of that make; what "
    "hangs loose is found by cover-sensor-loose, from the angle",
}
"""Shipped rules that judge nobody in the sample city, and why that is right."""

DEPOT = """\
code: at-the-yard
name: {zh: 到场, en: At the yard}
kind: vehicle
condition: {type: geofence, fences: kind yard, band_m: 20, severity: minor}
reason: {zh: "{device}", en: "{device}"}
source: test
"""


async def test_every_shipped_rule_judges_somebody_in_the_sample_city(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        await install_city(connection)
        registry = await registered(connection, time_zone=ZONE)
        reach = {
            rule.code: registry.reach(rule.source, rule.version)
            for rule in await judging_rules(connection)
        }
    idle = {code for code, whom in reach.items() if not whom.judged}
    assert idle == set(NOBODY)
    assert all(reach[code].lacks for code in idle)


async def test_who_is_said_to_be_judged_has_a_slot_in_the_plan(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        await install_city(connection)
        registry = await registered(connection, time_zone=ZONE)
        snapshot = await load_snapshot(connection)
        source = await current_source(connection, snapshot, at=NOON, time_zone=ZONE)
        rules = await judging_rules(connection)
    plan = compile_plan(source)
    slots = Counter(plan.rules[place].code for place in plan.slots.rule)
    for rule in rules:
        whom = registry.reach(rule.source, rule.version)
        assert whom.judged == slots[rule.code], rule.code
        assert whom.judged + sum(lack.devices for lack in whom.lacks) == whom.devices


@pytest.mark.parametrize(
    ("change", "lack"),
    [
        ("UPDATE geofence SET kind = 'closed' WHERE kind = 'yard'", "of kind yard"),
        ("DELETE FROM device WHERE vehicle_id IS NOT NULL", "there is no vehicle"),
    ],
)
async def test_of_a_rule_that_judges_nobody_it_is_said_why(
    pool: asyncpg.Pool, change: str, lack: str
) -> None:
    async with pool.acquire() as connection:
        await install_city(connection)
        await connection.execute(
            "UPDATE geofence SET kind = 'yard' WHERE kind = 'depot'"
        )
        registry = await registered(connection, time_zone=ZONE)
        assert registry.reach(DEPOT, 1).judged == 16
        await connection.execute(change)
        registry = await registered(connection, time_zone=ZONE)
    whom = registry.reach(DEPOT, 1)
    assert whom.judged == 0
    assert lack in whom.lacks[0].en


@pytest.mark.parametrize(
    ("condition", "lack"),
    [
        ("{type: geofence, fences: own, band_m: 1, severity: minor}", "no work area"),
        ("{type: stop, fences: A-1, near_m: 9, stop_s: 9, severity: minor}", "A-1"),
    ],
)
async def test_a_vehicle_without_its_fence_is_said_to_lack_it(
    pool: asyncpg.Pool, condition: str, lack: str
) -> None:
    start = DEPOT.index("condition: ")
    text = DEPOT.replace(DEPOT[start:].splitlines()[0], f"condition: {condition}")
    async with pool.acquire() as connection:
        await install_city(connection)
        await connection.execute("UPDATE vehicle SET area_id = NULL")
        registry = await registered(connection, time_zone=ZONE)
    whom = registry.reach(text, 1)
    assert (whom.judged, whom.devices) == (0, 16)
    assert lack in whom.lacks[0].en


async def test_a_lamp_without_a_programme_or_a_quantity_is_not_judged(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        await install_city(connection)
        await connection.execute("UPDATE device SET programme_id = NULL")
        registry = await registered(connection, time_zone=ZONE)
        rules = {rule.code: rule for rule in await judging_rules(connection)}
    burning = registry.reach(rules["lamp-burning"].source, 1)
    assert burning.judged == 0
    assert burning.lacks[0].en == "has no lamp programme"
    loose = registry.reach(rules["cover-sensor-tilted"].source, 1)
    assert [(lack.en, lack.devices) for lack in loose.lacks] == [
        ("has no sensor tilted", 120)
    ]


async def test_the_command_line_says_how_many_a_rule_judges(
    pool: asyncpg.Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pool.acquire() as connection:
        await install_city(connection)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")

    async def says(*words: str) -> list[str]:
        run = CliRunner().invoke
        done = await asyncio.to_thread(run, app, ["rules", *words])
        assert done.exit_code == 0, done.output
        return [" ".join(line.split()) for line in done.output.splitlines()]

    listed = "\n".join(await says("list"))
    assert "lamp-dark 1 live 300 of 300 shipped" in listed
    assert "cover-sensor-tilted 1 live 0 of 120: has no sensor tilted" in listed
    shown = await says("show", "ponding")
    assert "judges 12 of 14 of kind gauge" in shown
    assert "2 not: has no ponding depth" in shown


async def test_the_api_says_whom_a_version_judges(admin: httpx2.AsyncClient) -> None:
    made = await admin.post("/api/v1/rules", json={"source": SOUND, "note": ""})
    version = made.json()["version"]
    found = await admin.get(f"/api/v1/rules/cover-opened/{version}/reach")
    assert found.status_code == 200, found.text
    whom = found.json()
    assert (whom["stage"], whom["kind"]) == ("draft", "cover")
    lacking = sum(lack["devices"] for lack in whom["lacks"])
    assert whom["judged"] + lacking == whom["devices"] > 0
    everybody = (await admin.get("/api/v1/reach")).json()["items"]
    assert {one["stage"] for one in everybody} <= {"live", "shadow"}
    await admin.post(
        f"/api/v1/rules/cover-opened/{version}/stage",
        json={"stage": "live", "note": ""},
    )
    everybody = (await admin.get("/api/v1/reach")).json()["items"]
    mine = next(one for one in everybody if one["code"] == "cover-opened")
    assert mine == whom | {"stage": "live"}
    missing = await admin.get("/api/v1/rules/cover-opened/99/reach")
    assert missing.status_code == 404
