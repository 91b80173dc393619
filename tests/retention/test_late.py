"""What comes later than what is kept cannot be judged, and that is said."""

import asyncpg
import pytest

from rules.correction.work import correct_one
from store.alarms.corrections import corrections
from store.rules.versions import put_live
from tests.backtest.test_corrections import DAY_S, DEEP, say
from tests.retention.past import run
from tests.rules.workers import ZONE
from tests.triage.city import City
from vocabulary.device import DeviceKind

pytestmark = [pytest.mark.db, pytest.mark.editions]


@pytest.mark.parametrize("words", ["readings=30", "positions=30"])
async def test_a_sample_older_than_what_is_kept_is_said_to_be_beyond_judging(
    city: City, pool: asyncpg.Pool, words: str
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await put_live(connection, "deep", DEEP % 0, author="me", at=city.at(0))
    code = next(
        code
        for code in city.codes(DeviceKind.GAUGE)
        if city.snapshot.series_id(city.device_id(code), "depth_mm") is not None
    )
    for day in range(40):
        await say(city, day * DAY_S, day * DAY_S, code, 0.0)
    await city.fold()
    async with pool.acquire() as connection:
        assert await run(connection, words)
    now_s = 40 * DAY_S
    await say(city, now_s, 5, code, 300.0)
    await city.tick(now_s + 100, now_s + 101)
    await city.fold()
    async with pool.acquire() as connection:
        while await correct_one(connection, time_zone=ZONE):
            pass
        found = await corrections(connection, scope=None, before=None, limit=100)
    told = [(row.kind, row.measured_at) for row in found if row.rule == "deep"]
    # A gauge says readings alone: what became of positions is nothing to it.
    kind = "cannot_judge" if words == "readings=30" else "would_have_raised"
    assert told == [(kind, city.at(5))]
