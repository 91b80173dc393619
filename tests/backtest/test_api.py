"""Backtests, explanations and corrections over the API."""

import asyncio
import random
from datetime import timedelta

import asyncpg
import httpx2
import pytest

from api.address import PREFIX
from api.app import create_app
from gezhi.processes.backtests import run_backtests
from gezhi.settings import Settings
from store.access import create_token
from tests.api.town import WEB_ROOT, Town, served, utc_now
from tests.rules.city_feed import NOON, Feed
from tests.rules.workers import fold_all
from tests.triage.city import City

pytestmark = pytest.mark.db

BATCHES = 300


async def test_a_backtest_is_asked_for_run_read_and_only_by_who_may(
    city: City, pool: asyncpg.Pool
) -> None:
    feed = Feed(city.snapshot, random.Random(5))  # noqa: S311 not a secret
    async with pool.acquire() as connection:
        for _ in range(BATCHES):
            await feed.write(connection)
    await fold_all(pool, city.dsn)
    app = create_app(database_url=city.dsn, clock=utc_now, web_root=WEB_ROOT)
    ask = {
        "rules": ["live"],
        "from": NOON.isoformat(),
        "to": (NOON + timedelta(hours=2)).isoformat(),
    }
    settings = Settings.from_environ({"DATABASE_URL": city.dsn})
    held = await asyncpg.connect(city.dsn)
    async with served(app) as url, asyncio.TaskGroup() as tasks:

        async def make_token(role: str, unit_id: int | None) -> str:
            return await create_token(
                held, name=f"a {role}", role=role, unit_id=unit_id, at=utc_now()
            )

        town = Town(url, city.dsn, held, make_token)
        async with town.client(await make_token("viewer", None)) as viewer:
            assert (
                await viewer.post(f"{PREFIX}/backtests", json=ask)
            ).status_code == 403
        async with town.client(await make_token("supervisor", 1)) as bound:
            assert (
                await bound.post(f"{PREFIX}/backtests", json=ask)
            ).status_code == 403
        async with town.client(await make_token("supervisor", None)) as client:
            wrong = await client.post(f"{PREFIX}/backtests", json={**ask, "rules": []})
            assert wrong.status_code == 422
            taken_back = await client.post(f"{PREFIX}/backtests", json=ask)
            job = f"{PREFIX}/backtests/{taken_back.json()['id']}"
            assert (await client.delete(job)).json()["state"] == "cancelled"

            asked = await client.post(f"{PREFIX}/backtests", json=ask)
            assert asked.status_code == 202
            job = f"{PREFIX}/backtests/{asked.json()['id']}"
            running = tasks.create_task(run_backtests(settings), name="backtests")
            async with asyncio.timeout(300):
                while (state := (await client.get(job)).json())["state"] != "done":
                    assert state["state"] in {"queued", "running"}, state
                    await asyncio.sleep(0.1)  # a poll
            running.cancel()
            alarms = await pool.fetchval("SELECT count(*) FROM alarm")
            assert sum(r["alarms"] for r in state["report"]["rules"]) == alarms
            page = (await client.get(f"{job}/lines?limit=1000")).json()
            assert len(page["items"]) == alarms
            assert {line["beside"] for line in page["items"]} == {"same"}
            first = (await client.get(f"{job}/lines?what=case&limit=1")).json()
            assert len(first["items"]) == 1
            assert first["next"]
            number = await pool.fetchval(
                "SELECT number FROM case_file ORDER BY id LIMIT 1"
            )
            await explains(client, number)
    await held.close()


async def explains(client: httpx2.AsyncClient, number: str) -> None:
    """What was decided can be asked for, and is decided again to the same."""
    found = (await client.get(f"{PREFIX}/alarms?limit=1000")).json()["items"]
    alarm = next(a for a in found if ":" not in a["rule"])
    told = (await client.get(f"{PREFIX}/alarms/{alarm['id']}/explanation")).json()
    assert told["is_same"] is True
    assert told["explained"]["timeline"]
    bundle = await client.get(f"{PREFIX}/alarms/{alarm['id']}/bundle")
    assert bundle.json()["hashes"]["entries"] == told["total"]
    case = await client.get(f"{PREFIX}/cases/{number}/explanation")
    assert case.json()["route"]["number"] == number
    for query in ("", "?standing=true", "?standing=false"):
        found = await client.get(f"{PREFIX}/corrections{query}")
        assert found.json()["items"] == []
    assert (await client.get(f"{PREFIX}/alarms/999999/explanation")).status_code == 404
