"""The stream gives every entry once, whatever breaks; its memory is bounded."""

import asyncio
import json
import random
from collections.abc import AsyncIterator

import asyncpg
import httpx2
import numpy as np
import pytest

from api import app as api_app
from api import stream
from api.app import create_app
from api.live import Live
from gezhi.stack.postgres import Cluster
from store.access import create_token, revoke_token, token_text
from store.journal.body import edge_body, positions_body, readings_body
from store.journal.entries import Kind, append
from store.migrate import migrate
from tests.api.sse import Told, listening
from tests.api.town import (
    WEB_ROOT,
    Town,
    open_case,
    served,
    started_now,
    tell_case,
    tick,
    utc_now,
)
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

pytestmark = pytest.mark.db


async def first(told: AsyncIterator[Told], name: str) -> Told:
    """Return the first block of a name."""
    async for block in told:
        if block.name == name:
            return block
    raise AssertionError(f"the stream ended without {name}")


def one_position(lon_e7: int = 1_110_004_000) -> bytes:
    columns = {
        name: np.zeros(1, column.dtype)
        for name, column in zip(
            Positions.__dataclass_fields__,
            (getattr(Positions.empty(), n) for n in Positions.__dataclass_fields__),
            strict=True,
        )
    }
    columns["device_id"][0] = 4
    columns["lon_e7"][0] = lon_e7
    columns["lat_e7"][0] = 350_003_000
    columns["speed_kmh"][0] = 12.5
    columns["course_deg"][0] = np.nan
    columns["fixed_us"][0] = us_from_datetime(utc_now())
    return positions_body(Positions(**columns))


def one_reading(series_id: int) -> bytes:
    return readings_body(
        Readings(
            np.array([series_id], np.int32),
            np.array([us_from_datetime(utc_now())], np.int64),
            np.array([42.5]),
            np.array([0], np.int32),
            np.array([0], np.int64),
        )
    )


async def test_positions_readings_cases_and_edges_arrive_by_name(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    async with asyncio.timeout(300), listening(admin, after=0) as told:
        await append(town.connection, Kind.POSITIONS, one_position(), at=utc_now())
        await append(town.connection, Kind.READINGS, one_reading(1), at=utc_now())
        await tell_case(town.connection, 7, unit_id=1)
        body = edge_body(edge="mqtt", gateway="", up=True, detail="")
        await append(town.connection, Kind.EDGE, body, at=utc_now())
        position = json.loads((await first(told, "position")).data)
        reading = json.loads((await first(told, "reading")).data)
        case = json.loads((await first(told, "case")).data)
        edge = json.loads((await first(told, "edge")).data)
    assert position["device_id"] == [4]
    assert position["lon"] == [111.0004]
    assert position["course_deg"] == [None]
    assert (reading["device_id"], reading["quantity"]) == ([1], ["tilt_deg"])
    assert case["case_id"] == 7
    assert edge["edge"] == "mqtt"


async def test_an_entry_that_cannot_be_read_is_passed_over(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    async with asyncio.timeout(300), listening(admin, after=0) as told:
        for kind in (Kind.READINGS, Kind.POSITIONS, Kind.EDGE, Kind.CASE):
            await append(town.connection, kind, b"{", at=utc_now())
        await append(town.connection, Kind.EDGE, b"{}", at=utc_now())
        last = await append(
            town.connection, Kind.POSITIONS, one_position(), at=utc_now()
        )
        assert (await first(told, "position")).seq == last
    async with started_now(town) as client:
        assert (await client.get("/api/v1/health")).json()["seq"] == last


async def test_a_series_registered_meanwhile_has_its_name(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    async with asyncio.timeout(300), listening(admin, after=0) as told:
        await tick(town.connection)
        await town.connection.execute(
            "INSERT INTO series (id, device_id, quantity) VALUES (9, 3, 'battery_pct')"
        )
        await append(town.connection, Kind.READINGS, one_reading(9), at=utc_now())
        reading = json.loads((await first(told, "reading")).data)
    assert (reading["device_id"], reading["quantity"]) == ([3], ["battery_pct"])


@pytest.fixture(params=[32_000_000, 2_000], ids=["ring", "journal"])
def ring_octets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Bound the ring: with 2,000 octets most of what is resumed is in the journal."""
    octets = int(request.param)

    def bounded(dsn: str, pool: asyncpg.Pool) -> Live:
        return Live(dsn, pool, most_octets=octets)

    monkeypatch.setattr(api_app, "Live", bounded)
    return octets


async def test_killed_and_resumed_at_random_nothing_is_lost_or_doubled(
    ring_octets: int, town: Town, admin: httpx2.AsyncClient
) -> None:
    assert ring_octets
    dice = random.Random(20261121)  # noqa: S311 - a test's dice
    total = 300

    async def write() -> None:
        for number in range(total):
            if number % 3:
                await append(
                    town.connection, Kind.POSITIONS, one_position(), at=utc_now()
                )
            else:
                await tick(town.connection)
            await asyncio.sleep(dice.random() * 0.01)

    heard: list[int] = []
    known = 0
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        tasks.create_task(write(), name="writer")
        while known < total:
            left = dice.randint(1, 40)
            async with listening(admin, after=known) as told:
                async for block in told:
                    known = block.seq
                    if block.name:
                        heard.append(block.seq)
                        left -= 1
                    if not left or known >= total:
                        break
    assert heard == [number + 1 for number in range(total) if number % 3]


async def test_a_number_the_journal_dropped_is_told_as_a_gap(town: Town) -> None:
    for _ in range(5):
        await append(town.connection, Kind.POSITIONS, one_position(), at=utc_now())
    await town.connection.execute("DELETE FROM journal WHERE seq <= 3")
    async with (
        started_now(town) as client,
        asyncio.timeout(300),
        listening(client, after=1) as told,
    ):
        gap = await first(told, "gap")
        after = await first(told, "position")
    assert json.loads(gap.data) == {"after": 1, "resumed": 3, "missing": 2}
    assert (gap.seq, after.seq) == (3, 4)


async def test_a_number_of_another_database_is_told_as_a_gap(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    seq = await tick(town.connection)
    async with asyncio.timeout(300), listening(admin, after=1_000_000) as told:
        gap = await first(told, "gap")
    assert json.loads(gap.data)["resumed"] == gap.seq == seq


async def test_the_number_in_the_address_serves_where_headers_cannot(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    seq = await append(town.connection, Kind.POSITIONS, one_position(), at=utc_now())
    query = f"?lastEventId={seq - 1}"
    async with asyncio.timeout(300), listening(admin, query=query) as told:
        assert (await first(told, "position")).seq == seq


async def test_a_listener_hears_only_what_it_asked_for(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    async with asyncio.timeout(300):
        async with listening(admin, after=0, query="?names=case,edge") as told:
            await append(town.connection, Kind.POSITIONS, one_position(), at=utc_now())
            seq = await tell_case(town.connection, 7, unit_id=1)
            heard = [await anext(told)]
            while heard[-1].seq != seq:  # what is left out may have moved the number
                heard.append(await anext(told))
    assert [block.name for block in heard if block.name] == ["case"]


async def test_a_units_listener_hears_of_its_own_cases_only(town: Town) -> None:
    token = await town.token("department", unit_id=2)
    async with (
        asyncio.timeout(300),
        town.client(token) as client,
        listening(client, after=0) as told,
    ):
        await open_case(town.connection, 1, unit_id=1)
        ours = await open_case(town.connection, 2, unit_id=2)
        found = await first(told, "case")
    assert json.loads(found.data)["case_id"] == ours


async def test_revoking_a_token_ends_its_stream(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "ASK_AGAIN_S", 0.05)
    token = await town.token()
    known = token_text(token)
    assert known is not None
    async with (
        asyncio.timeout(300),
        town.client(token) as client,
        listening(client) as told,
    ):
        await anext(told)
        await revoke_token(town.connection, known.key, at=utc_now())
        assert [block.name async for block in told if block.name] == []


async def test_streams_beyond_the_limit_are_refused_with_a_word(
    town: Town, admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MOST_STREAMS", 1)
    await tick(town.connection)
    async with asyncio.timeout(300), listening(admin) as told:
        await anext(told)
        refused = await admin.get("/api/v1/stream")
    assert refused.status_code == 503
    assert refused.json()["type"] == "urn:gezhi:problem:too-many-streams"


async def test_the_database_may_go_away_and_come_back(own_cluster: Cluster) -> None:
    database_url = own_cluster.dsn()
    await migrate(database_url)
    connection = await asyncpg.connect(database_url)
    token = await create_token(
        connection, name="a", role="viewer", unit_id=None, at=utc_now()
    )
    app = create_app(database_url=database_url, clock=utc_now, web_root=WEB_ROOT)
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        asyncio.timeout(300),
        served(app) as url,
        httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client,
        listening(client, after=0) as told,
    ):
        await tell_case(connection, 1, unit_id=1)
        await first(told, "case")
        await own_cluster.kill()
        await own_cluster.start()
        connection = await asyncpg.connect(own_cluster.dsn())
        await tell_case(connection, 2, unit_id=1)
        found = await first(told, "case")
        await connection.close()
    assert json.loads(found.data)["case_id"] == 2
