"""`gezhi backtest` and `gezhi explain` as people call them."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path

import asyncpg
import orjson
import pytest

from gezhi.commands.backtest import Wish, run_backtest
from gezhi.commands.explain import Wish as ExplainWish
from gezhi.commands.explain import run_explain, run_replay
from tests.rules.city_feed import NOON, Feed
from tests.rules.workers import ZONE, fold_all
from tests.triage.city import City

pytestmark = pytest.mark.db

BATCHES = 300


def wish(
    *rules: str, against: str = "", readings: bool = False, as_json: bool = False
) -> Wish:
    return Wish(
        rules=rules,
        since=NOON.isoformat(),
        until=(NOON + timedelta(hours=1)).isoformat(),
        against=against,
        warm_up_h=0,
        step_s=0,
        readings=readings,
        as_json=as_json,
        most=5,
    )


async def test_the_commands_print_what_they_found(
    city: City, pool: asyncpg.Pool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    feed = Feed(city.snapshot, random.Random(6))  # noqa: S311 not a secret
    async with pool.acquire() as connection:
        for _ in range(BATCHES):
            await feed.write(connection)
    await fold_all(pool, city.dsn)

    async def run(asked: Wish) -> tuple[int, str]:
        code = await asyncio.to_thread(run_backtest, city.dsn, asked, time_zone=ZONE)
        return code, capsys.readouterr().out

    code, told = await run(wish("live", against="live"))
    assert code == 0
    assert "exact" in told
    assert "under 2 plans of then" in " ".join(told.split())
    assert "only new" in told
    code, told = await run(wish("live", against="live", readings=True, as_json=True))
    assert code == 0
    report = orjson.loads(told)
    assert report["source"] == "samples"
    assert report["known_from"] is None
    stored = await pool.fetchval(
        'SELECT (SELECT count(*) FROM reading) + (SELECT count(*) FROM "position")'
    )
    assert report["samples"] == stored
    by_beside = [row["beside"] for row in report["alarms"] if ":" not in row["rule"]]
    assert by_beside.count("shifted") > len(by_beside) * 0.7
    assert (await run(wish("no-such-file.yaml")))[0] == 2
    code, told = await run(wish("ponding@1", as_json=True))
    assert [line["rule"] for line in orjson.loads(told)["rules"]] == ["ponding"]

    number = await pool.fetchval(
        "SELECT number FROM case_file WHERE rule NOT LIKE '%:%' ORDER BY id LIMIT 1"
    )
    bundle = tmp_path / "bundle.json"
    asked = ExplainWish(
        what=number,
        is_alarm=False,
        must_be_same=True,
        bundle=bundle,
        lang="zh",
        as_json=False,
    )
    assert await asyncio.to_thread(run_explain, city.dsn, asked, time_zone=ZONE) == 0
    told = capsys.readouterr().out
    assert number in told
    assert "重放：结论相同" in told
    assert await asyncio.to_thread(run_replay, bundle) == 0
