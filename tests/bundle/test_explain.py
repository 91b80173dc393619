"""Alarms explain themselves, and their bundles are decided again to the same."""

import asyncio
import random
import subprocess
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import pytest

from rules.bundle.bundle import bundle_from
from rules.bundle.chain import BundleError, TamperedError
from rules.bundle.replay import replay
from rules.bundle.tell import lines_of
from rules.bundle.whole import explain_alarm
from tests.rules.city_feed import Feed
from tests.rules.workers import ZONE, fold_all
from tests.triage.city import City

pytestmark = pytest.mark.db

BATCHES = 800


async def test_every_alarm_is_decided_again_and_no_octet_can_be_changed(
    city: City, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    feed = Feed(city.snapshot, random.Random(3))  # noqa: S311 not a secret
    async with pool.acquire() as connection:
        for _ in range(BATCHES):
            await feed.write(connection)
    await fold_all(pool, city.dsn)
    first = await pool.fetch(
        "SELECT min(id) AS id, rule FROM alarm GROUP BY rule ORDER BY rule"
    )
    assert len(first) > 12
    octets = b""
    for row in first:
        async with pool.acquire() as connection:
            found = await explain_alarm(connection, row["id"], time_zone=ZONE)
        assert found is not None
        whole, bundle = found
        for lang in ("zh", "en", ""):
            assert list(lines_of(whole, lang=lang, zone=ZoneInfo(ZONE)))
        assert whole.is_same, row["rule"]
        assert whole.is_triaged, row["rule"]
        assert whole.course
        assert replay(bundle_from(bundle)[0]).is_same
        if ":" in row["rule"]:
            assert whole.gathered is not None
            assert whole.gathered.members
            continue
        assert whole.explained is not None
        assert any(step.is_decision for step in whole.explained.timeline)
        octets = octets or bundle
    rng = random.Random(1)  # noqa: S311 not a secret
    for place in rng.sample(range(len(octets)), 60):
        changed = bytearray(octets)
        changed[place] ^= 1 << rng.randrange(7)
        with pytest.raises(BundleError):
            bundle_from(bytes(changed))
    await asyncio.to_thread(_offline, octets, tmp_path)


def _offline(octets: bytes, folder: Path) -> None:
    """Decide again without a database, on a whole and on a forged bundle."""
    sound, forged = folder / "sound.json", folder / "forged.json"
    sound.write_bytes(octets)
    bundle = orjson.loads(octets)
    bundle["pieces"]["alarm"]["threshold"] += 1
    forged.write_bytes(orjson.dumps(bundle))
    assert _replayed(sound) == 0
    assert _replayed(forged) == 3


def _replayed(path: Path) -> int:
    command = [sys.executable, "-m", "gezhi", "replay", str(path)]
    return subprocess.run(command, check=False, env={"PATH": "/usr/bin"}).returncode


def test_a_bundle_with_a_piece_left_out_is_none() -> None:
    with pytest.raises(BundleError, match="pieces"):
        bundle_from(b'{"pieces": {}, "hashes": {}}')


def test_what_is_not_json_is_no_bundle() -> None:
    with pytest.raises(BundleError, match="JSON"):
        bundle_from(b"\xff")
    assert issubclass(TamperedError, BundleError)
