"""Devices are ok, bad or unknown by the journal's clock, and say what they measured."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from store.journal.body import edge_body
from store.journal.entries import Kind, append
from tests.api.town import Town, hear, raise_alarm, tick, utc_now

pytestmark = pytest.mark.db


async def states(client: httpx2.AsyncClient) -> dict[str, tuple[str, str]]:
    listed = (await client.get("/api/v1/devices")).json()["items"]
    return {row["code"]: (row["state"], row["state_reason"]) for row in listed}


async def test_state_is_three_valued_and_says_why(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await hear(town.connection, 1, 2.0)
    await hear(town.connection, 3, 42.0)
    await raise_alarm(town.connection, 2, 42.0)
    await tick(town.connection)
    assert await states(admin) == {
        "MH-0001": ("ok", "heard"),
        "MH-0002": ("bad", "alarm"),
        "MH-0003": ("unknown", "never-heard"),
        "VT-0001": ("unknown", "never-heard"),
    }


async def test_silence_is_unknown_and_never_bad(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await hear(town.connection, 1, 2.0)
    await hear(town.connection, 3, 2.0)
    await raise_alarm(town.connection, 2, None)
    await tick(town.connection, utc_now() + timedelta(seconds=31))
    found = await states(admin)
    assert found["MH-0001"] == ("unknown", "silent")
    assert found["MH-0002"] == ("unknown", "silent")


async def test_time_that_only_we_lived_through_makes_nothing_silent(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await hear(town.connection, 1, 2.0)
    await town.connection.execute(
        "UPDATE last_reading SET received_at = received_at - interval '7 days'"
    )
    await tick(town.connection, utc_now() - timedelta(days=7))
    assert (await states(admin))["MH-0001"] == ("ok", "heard")


async def test_devices_behind_a_gateway_that_is_down_are_unknown(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await hear(town.connection, 1, 2.0)
    body = edge_body(edge="gateway", gateway="GW-1", up=False, detail="last will")
    seq = await append(town.connection, Kind.EDGE, body, at=utc_now())
    async with admin.stream("GET", f"/api/v1/stream?lastEventId={seq - 1}") as told:
        async for line in told.aiter_lines():
            if line == "event: edge":
                break
    assert (await states(admin))["MH-0001"] == ("unknown", "gateway-down")
    edges = (await admin.get("/api/v1/health")).json()["edges"]
    assert [(edge["gateway"], edge["up"]) for edge in edges] == [("GW-1", False)]


async def test_counts_show_what_is_unknown_as_a_range(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await hear(town.connection, 1, 2.0)
    await raise_alarm(town.connection, 2, 42.0)
    await tick(town.connection)
    kinds = (await admin.get("/api/v1/health")).json()["devices"]
    cover = next(kind for kind in kinds if kind["kind"] == "cover")
    assert (cover["ok"], cover["bad"], cover["unknown"]) == (1, 1, 1)
    assert (cover["ok_share_low"], cover["ok_share_high"]) == (0.3333, 0.6667)


async def everything(client: httpx2.AsyncClient, path: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    following: str | None = path
    while following:
        page = await client.get(following)
        rows += page.json()["items"]
        following = page.json()["next"]
        if following:
            assert page.links["next"]["url"] == following
            assert urlsplit(following).path == urlsplit(path).path
    return rows


async def test_pages_give_every_row_once(admin: httpx2.AsyncClient) -> None:
    rows = await everything(admin, "/api/v1/devices?limit=1&text=0001")
    assert [row["code"] for row in rows] == ["MH-0001", "VT-0001"]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("kind=vehicle", ["VT-0001"]),
        ("text=10001", ["VT-0001"]),
        ("text=9901020102000001", ["MH-0001"]),
        ("cell=990102001001001&text=0002", ["MH-0002"]),
        ("state=bad", []),
    ],
)
async def test_devices_are_found_by_what_is_known_of_them(
    admin: httpx2.AsyncClient, query: str, codes: list[str]
) -> None:
    listed = (await admin.get(f"/api/v1/devices?{query}")).json()["items"]
    assert [row["code"] for row in listed] == codes


async def test_one_device_shows_its_newest_readings_with_their_words(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await hear(town.connection, 1, 2.5)
    found = (await admin.get("/api/v1/devices/1")).json()
    assert found["device"]["component_code"] == "9901020102000001"
    last = {row["reading"]["quantity"]: row for row in found["last"]}
    assert last["tilt_deg"]["reading"]["value"] == 2.5
    assert last["tilt_deg"]["unit"] == "°"
    assert last["battery_pct"]["reading"]["value"] is None


async def test_readings_come_in_order_and_in_pages(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await town.connection.execute(
        "INSERT INTO reading SELECT 1, at, extract(epoch FROM at), 0, at"
        " FROM generate_series('2026-11-20T00:00:00Z'::timestamptz,"
        " '2026-11-20T00:09:59Z', '1 second') AS at"
    )
    rows = await everything(
        admin,
        "/api/v1/devices/1/readings?quantity=tilt_deg&limit=250"
        "&from=2026-11-20T00:00:00Z&to=2026-11-20T08:10:00%2B08:00",
    )
    assert len(rows) == 600
    assert rows[0]["measured_at"] == "2026-11-20T00:00:00Z"
    values = [row["value"] for row in rows]
    assert values == sorted(set(values))


async def test_vehicles_are_listed_with_and_without_a_fix(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    assert (await admin.get("/api/v1/positions")).json()["items"][0]["lon"] is None
    await town.connection.execute(
        "INSERT INTO last_position VALUES (4, now(), 1110004000, 350003000, 12.5,"
        " 90, 0, now())"
    )
    (found,) = (await admin.get("/api/v1/positions")).json()["items"]
    assert (found["lon"], found["lat"]) == (111.0004, 35.0003)
    assert found["vehicle_code"] == "格A·10001"
    (device,) = (await admin.get("/api/v1/devices?kind=vehicle")).json()["items"]
    assert (device["lon"], device["lat"]) == (111.0004, 35.0003)
