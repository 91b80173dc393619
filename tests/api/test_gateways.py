"""Gateways prove by their numbers what was lost; what is not known stays unknown."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from ingest.accounting import account
from store.journal.body import edge_body
from store.journal.entries import Kind, append
from tests.api.town import Town, started_now, utc_now
from vocabulary.sequence import Number
from vocabulary.times import us_from_datetime

pytestmark = pytest.mark.db


async def hear(town: Town, *seqs: int, ago_s: float = 3600) -> None:
    """Account for messages of GW-1, each made a millisecond after the other."""
    at = utc_now() - timedelta(seconds=ago_s)
    us = us_from_datetime(at)
    numbers = [Number(seq, us + n * 1000) for n, seq in enumerate(seqs)]
    async with town.connection.transaction():
        await account(town.connection, {1: numbers}, at=at)


async def listed(client: httpx2.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get(f"/api/v1/gateways{query}")).json()[
        "items"
    ]
    return items


async def test_a_gateway_that_numbers_nothing_has_unknown_losses_not_none(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await hear(town, 1, 2, 5)
    gateway, nmea = await listed(admin)
    assert (gateway["code"], gateway["devices"]) == ("GW-1", 3)
    assert (gateway["missing"], gateway["gaps_open"]) == (2, 1)
    assert (gateway["epoch"], gateway["first_seq"], gateway["last_seq"]) == (1, 1, 5)
    assert (nmea["code"], nmea["missing"], nmea["link"]) == ("nmea", None, "unknown")


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("?missing=true", ["GW-1"]),
        ("?missing=false", []),
        ("?after=GW-1", ["nmea"]),
    ],
)
async def test_gateways_are_found_by_whether_anything_is_missing(
    town: Town, admin: httpx2.AsyncClient, query: str, codes: list[str]
) -> None:
    await hear(town, 1, 3)
    assert [row["code"] for row in await listed(admin, query)] == codes


async def test_the_runs_of_a_counter_are_shown_newest_first(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await hear(town, 1, 2, 4, ago_s=3600)
    await hear(town, 1, 2, ago_s=60)
    found = (await admin.get("/api/v1/gateways/GW-1")).json()
    runs = [(e["epoch"], e["last_seq"], e["missing"]) for e in found["epochs"]]
    assert runs == [(2, 2, 0), (1, 4, 1)]
    assert found["gateway"]["missing"] == 1


async def test_gaps_come_in_pages_newest_first_and_close(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await hear(town, 0, 2, 4, 6, 8)
    await hear(town, 5, ago_s=0)
    rows: list[dict[str, Any]] = []
    following = "/api/v1/gateways/GW-1/gaps?limit=2"
    while following:
        page = (await admin.get(following)).json()
        rows, following = rows + page["items"], page["next"]
    assert len({row["id"] for row in rows}) == 4
    assert sorted(row["first_seq"] for row in rows) == [1, 3, 5, 7]
    closed = (await admin.get("/api/v1/gateways/GW-1/gaps?open=false")).json()["items"]
    assert [(row["first_seq"], row["messages"]) for row in closed] == [(5, 1)]
    assert closed[0]["closed_at"] > closed[0]["opened_at"]


async def test_a_gateways_link_is_as_the_journal_told_it_last(town: Town) -> None:
    for gateway, up in (("GW-1", False), ("nmea", True)):
        body = edge_body(edge="gateway", gateway=gateway, up=up, detail="")
        await append(town.connection, Kind.EDGE, body, at=utc_now())
    async with started_now(town) as client:
        links = {row["code"]: row["link"] for row in await listed(client)}
    assert links == {"GW-1": "down", "nmea": "up"}


@pytest.mark.parametrize("code", ["GW-9", "no/such", "网关"])
async def test_an_unknown_gateway_is_not_found(
    admin: httpx2.AsyncClient, code: str
) -> None:
    for part in ("", "/gaps"):
        response = await admin.get(f"/api/v1/gateways/{quote(code)}{part}")
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"


async def test_a_gateways_code_may_be_any_text(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await town.connection.execute(
        "INSERT INTO gateway (id, code, transport, name_zh, name_en)"
        " VALUES (9, '网关 1', 'mqtt', '网关', 'gateway')"
    )
    found = await admin.get(f"/api/v1/gateways/{quote('网关 1')}")
    assert found.json()["gateway"]["code"] == "网关 1"


async def test_prometheus_is_told_what_is_missing_of_whom(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    assert 'gaps_open{gateway="GW-1"}' not in (await admin.get("/metrics")).text
    await hear(town, 1, 4, 6)
    text = (await admin.get("/metrics")).text
    assert 'gezhi_sequence_gaps_open{gateway="GW-1"} 2.0' in text
    assert 'gezhi_sequence_missing_messages{gateway="GW-1"} 3.0' in text
    assert 'missing_messages{gateway="nmea"}' not in text
