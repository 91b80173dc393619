"""Recorded files through a real broker into the real store."""

import asyncio
import contextlib
import csv
import gzip
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest

from gezhi.feed.feed import run_feed
from gezhi.feed.mapping import parse_mapping
from gezhi.feed.progress import progress_of
from gezhi.feed.sending import Feed, feed_file
from gezhi.stack.broker import Broker
from ingest.serve import serve
from ingest.settings import IngestSettings
from store.journal.entries import Kind
from store.telemetry.latest import CONSUMER, fold_latest
from tests.simulators.playing import now
from vocabulary.quality import Quality

TRACKS = Path(__file__).parents[2].parent / "shared" / "realdata" / "tracks"
POLLS = TRACKS / "jersey_city_polls.ndjson.gz"
SANITATION = TRACKS / "jersey_city_sanitation.csv.gz"

MAPPING = "device=vehicle time=time lon=lon lat=lat"

needs_tracks = pytest.mark.skipif(
    not TRACKS.exists(), reason="real tracks are not beside this checkout"
)


class Platform:
    """A broker, a database and our real ingest between them."""

    def __init__(self, broker: Broker, pool: asyncpg.Pool, gateway: str) -> None:
        self.broker = broker
        self.pool = pool
        self.gateway = gateway

    async def register(self, addresses: set[str]) -> None:
        """Register vehicles below the feeding gateway."""
        async with self.pool.acquire() as connection, connection.transaction():
            unit = await connection.fetchval(
                "INSERT INTO unit (code, kind, name_zh, name_en) "
                "VALUES ('fleet', 'department', '车队', 'Fleet') RETURNING id"
            )
            profile = await connection.fetchval(
                "INSERT INTO profile (code, kind, name_zh, name_en, quantities, "
                "expected_interval_s) VALUES ('tracker', 'vehicle', '车载终端', "
                "'Tracker', '{}', 60) RETURNING id"
            )
            gateway = await connection.fetchval(
                "INSERT INTO gateway (code, transport, name_zh, name_en) "
                "VALUES ($1, 'mqtt', '回放', 'Replay') RETURNING id",
                self.gateway,
            )
            await connection.execute(
                "INSERT INTO vehicle (code, kind, name_zh, name_en, unit_id) "
                "SELECT one, 'sanitation', one, one, $2 FROM unnest($1::text[]) AS one",
                sorted(addresses),
                unit,
            )
            await connection.execute(
                "INSERT INTO device "
                "(code, profile_id, gateway_id, address, vehicle_id) "
                "SELECT 'VT-' || code, $1, $2, code, id FROM vehicle",
                profile,
                gateway,
            )

    async def feed(self, file: Path, mapping: str, state: Path, **more: bool) -> int:
        return await asyncio.to_thread(
            run_feed,
            "positions",
            file,
            gateway=self.gateway,
            mapping=mapping,
            mqtt_url=self.broker.url(self.gateway),
            state_dir=state,
            **more,
        )

    async def until(self, query: str, *arguments: object) -> None:
        """Wait until a query answers true."""
        while not await self.pool.fetchval(query, *arguments):  # noqa: ASYNC110 - a table has no event
            await asyncio.sleep(0.05)

    async def hears(self) -> None:
        """Wait until ingest has subscribed."""
        await self.until(
            "SELECT count(*) > 0 FROM journal WHERE kind = $1 "
            "AND convert_from(body, 'UTF8')::jsonb @> $2::text::jsonb",
            Kind.EDGE,
            '{"edge": "mqtt", "up": true}',
        )

    async def holds(self, positions: int) -> None:
        """Wait until so many positions are stored."""
        await self.until('SELECT count(*) >= $1 FROM "position"', positions)

    async def settles(self, folder: Path, at: str) -> None:
        """Wait until all that was fed has been dealt with: a last row comes last."""
        last = folder / f"last-{at[:4]}.csv"
        last.write_text(f"vehicle,time,lon,lat\n101,{at},-74,40\n", "utf-8")
        assert await self.feed(last, MAPPING, folder) == 0
        await self.until(
            'SELECT count(*) = 1 FROM "position" WHERE fixed_at = $1',
            datetime.fromisoformat(at),
        )

    async def counts(self) -> tuple[int, int]:
        """Return how many positions are stored, and how many parts were refused."""
        row = await self.pool.fetchrow(
            'SELECT (SELECT count(*) FROM "position") AS stored, '
            "(SELECT count(*) FROM quarantine) AS refused"
        )
        assert row is not None
        return row["stored"], row["refused"]


@pytest.fixture
async def platform(broker: Broker, pool: asyncpg.Pool, unique: str) -> Platform:
    await broker.admit(unique)
    return Platform(broker, pool, unique)


@contextlib.asynccontextmanager
async def ingesting(platform: Platform, database_url: str) -> AsyncIterator[None]:
    settings = IngestSettings(
        database_url=database_url,
        mqtt_url=platform.broker.ingest_url,
        mqtt_client_id=f"ingest-{platform.gateway}",
        nmea_tcp_port=0,
        nmea_udp_port=0,
    )
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        served = tasks.create_task(serve(settings, clock=now))
        folded = tasks.create_task(fold_latest(database_url))
        try:
            await platform.hears()
            yield
        finally:
            served.cancel()
            folded.cancel()


def polled() -> set[str]:
    with gzip.open(POLLS, "rt", encoding="utf-8") as lines:
        return {json.loads(line)["vehicle"] for line in lines}


def swept() -> set[str]:
    with gzip.open(SANITATION, "rt", encoding="utf-8", newline="") as lines:
        return {row["vehicle"] for row in csv.DictReader(lines)}


@needs_tracks
@pytest.mark.realdata
@pytest.mark.db
@pytest.mark.broker
async def test_nine_of_ten_polls_are_repeats_and_a_second_feed_adds_nothing(
    platform: Platform, database_url: str, tmp_path: Path
) -> None:
    await platform.register(polled())
    async with ingesting(platform, database_url):
        assert await platform.feed(POLLS, "jersey-city-polls", tmp_path) == 0
        await platform.settles(tmp_path, "2016-01-01T00:00:00Z")
        assert await platform.counts() == (397 + 1, 0)
        again = await platform.feed(POLLS, "jersey-city-polls", tmp_path, again=True)
        assert again == 0
        await platform.settles(tmp_path, "2016-01-02T00:00:00Z")
        assert await platform.counts() == (397 + 2, 0)


@needs_tracks
@pytest.mark.realdata
@pytest.mark.db
@pytest.mark.broker
async def test_every_point_of_the_trucks_is_stored_those_of_one_second_too(
    platform: Platform, database_url: str, tmp_path: Path
) -> None:
    await platform.register(swept())
    async with ingesting(platform, database_url):
        mapping = "jersey-city-sanitation"
        assert await platform.feed(SANITATION, mapping, tmp_path) == 0
        await platform.holds(4485)
        assert await platform.counts() == (4485, 0)


@needs_tracks
@pytest.mark.realdata
@pytest.mark.db
@pytest.mark.broker
async def test_a_fix_ten_years_old_is_kept_and_late_only_beside_a_newer_one(
    platform: Platform, database_url: str, tmp_path: Path
) -> None:
    await platform.register(polled())
    async with ingesting(platform, database_url):
        assert await platform.feed(POLLS, "jersey-city-polls", tmp_path) == 0
        await platform.settles(tmp_path, "2016-01-01T00:00:00Z")
        await platform.settles(tmp_path, "2014-01-01T00:00:00Z")
        await platform.until(
            "SELECT EXISTS (SELECT FROM cursor WHERE consumer = $1 AND seq >= $2)",
            CONSUMER,
            await platform.pool.fetchval("SELECT seq FROM journal_head"),
        )
        late_newest = await platform.pool.fetchval(
            "SELECT count(*) FROM (SELECT DISTINCT ON (device_id) quality "
            'FROM "position" ORDER BY device_id, fixed_at DESC) AS newest '
            "WHERE quality & $1 <> 0",
            int(Quality.LATE),
        )
        oldest = await platform.pool.fetchval(
            'SELECT quality FROM "position" ORDER BY fixed_at LIMIT 1'
        )
        wrong_last = await platform.pool.fetchval(
            'SELECT count(*) FROM last_position AS last JOIN "position" AS newer '
            "USING (device_id) WHERE newer.fixed_at > last.fixed_at"
        )
    assert late_newest == 0
    assert oldest & Quality.LATE
    assert wrong_last == 0


def a_file(folder: Path, rows: int) -> Path:
    path = folder / "rows.csv"
    lines = [
        f"101,2015-12-07T10:{n // 60:02d}:{n % 60:02d}Z,-74,40" for n in range(rows)
    ]
    path.write_text("\n".join(["vehicle,time,lon,lat", *lines, ""]), "utf-8")
    return path


def feed_of(file: Path, url: str, gateway: str) -> Feed:
    return Feed(
        kind="positions",
        file=file,
        columns=parse_mapping(MAPPING),
        gateway=gateway,
        mqtt_url=url,
        batch_rows=10,
    )


@pytest.mark.broker
async def test_a_feed_that_was_cut_off_goes_on_behind_the_last_acknowledged_row(
    broker: Broker, unique: str, tmp_path: Path
) -> None:
    await broker.admit(unique)
    feed = feed_of(a_file(tmp_path, 95), broker.url(unique), unique)
    place = progress_of(tmp_path, feed.file, gateway=unique, mapping=MAPPING)

    def cut(rows: int) -> None:
        if rows >= 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await feed_file(feed, place, on_rows=cut)
    assert place.rows() == 40
    fed = await feed_file(feed, place, on_rows=lambda _: None)
    assert (fed.sent, fed.rows) == (55, 95)
    fed = await feed_file(feed, place, on_rows=lambda _: None)
    assert (fed.sent, fed.rows) == (0, 95)


@pytest.mark.broker
async def test_a_bad_row_is_named_and_stops_none_of_its_neighbours(
    broker: Broker, unique: str, tmp_path: Path
) -> None:
    await broker.admit(unique)
    feed = feed_of(a_file(tmp_path, 12), broker.url(unique), unique)
    with feed.file.open("a", encoding="utf-8") as file:
        file.write("101,2015-12-07T11:00:00,-74,40\n101,2015-12-07T11:00:00Z,-74,40\n")
    place = progress_of(tmp_path, feed.file, gateway=unique, mapping=MAPPING)
    fed = await feed_file(feed, place, on_rows=lambda _: None)
    assert fed.sent == 13
    assert [line.partition(":")[0] for line in fed.refused] == ["row 13"]


def test_a_wrong_file_or_mapping_or_a_missing_broker_has_its_own_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gezhi.feed.sending.PAUSE_S", 0.0)

    def feed(file: Path, mapping: str) -> int:
        return run_feed(
            "positions",
            file,
            gateway="GW",
            mapping=mapping,
            mqtt_url="mqtt://127.0.0.1:1",
            state_dir=tmp_path,
        )

    assert feed(tmp_path / "absent.csv", MAPPING) == 2
    assert feed(a_file(tmp_path, 3), "lon=x") == 2
    assert feed(a_file(tmp_path, 3), MAPPING) == 3
    assert "time=COLUMN is missing" in capsys.readouterr().err
