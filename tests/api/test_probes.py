"""Probes, metrics, the page's headers and the schema are what they say."""

import asyncio
import re
from datetime import timedelta

import httpx2
import pytest

from api.page import HEADERS
from tests.api.town import Town, tick, utc_now

pytestmark = pytest.mark.db


async def test_ready_once_the_journal_moves(town: Town) -> None:
    async with town.client() as client:
        empty = await client.get("/readyz")
        assert empty.status_code == 503
        assert empty.json()["errors"][0]["where"] == "journal"
        # What the journal says is fresh for some seconds; a machine may lose those.
        async with asyncio.timeout(300):
            while True:
                seq = await tick(town.connection)
                ready = await client.get("/readyz")
                if ready.status_code == 200:
                    break
        assert ready.json()["seq"] == seq


async def test_a_journal_that_stands_still_is_not_ready(town: Town) -> None:
    await tick(town.connection, utc_now() - timedelta(seconds=11))
    async with town.client() as client:
        stale = await client.get("/readyz")
    assert stale.status_code == 503
    assert re.search(r"newest entry is \d\d+ s old", stale.json()["detail"])


async def test_a_database_that_was_not_migrated_is_not_ready(town: Town) -> None:
    await town.connection.execute(
        "DELETE FROM schema_migration WHERE name LIKE '0006%'"
    )
    async with town.client() as client:
        behind = await client.get("/readyz")
    assert behind.json()["errors"][0]["where"] == "migrations"
    assert "0006" in behind.json()["detail"]


async def test_metrics_count_requests_by_route(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await admin.get("/api/v1/devices/1")
    await admin.get("/nothing/at/all")
    async with town.client() as client:
        text = (await client.get("/metrics")).text
    assert (
        'requests_total{method="GET",route="/api/v1/devices/{device_id}",status="200"}'
        in text
    )
    assert 'route="(none)",status="404"' in text
    assert "gezhi_api_streams 0.0" in text


async def test_every_answer_keeps_the_page_to_itself(admin: httpx2.AsyncClient) -> None:
    for path in ("/", "/page/index.html", "/api/v1/devices", "/nothing"):
        headers = (await admin.get(path)).headers
        for name, value in HEADERS.items():
            assert headers[name] == value
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


async def test_of_the_pages_folder_only_the_page_is_served(
    admin: httpx2.AsyncClient,
) -> None:
    assert (await admin.get("/")).headers["content-type"].startswith("text/html")
    assert (await admin.get("/page/__init__.py")).status_code == 404
    assert (await admin.get("/page/../pyproject.toml")).status_code == 404
    module = await admin.get("/page/vendor/leaflet/leaflet-src.esm.js")
    assert module.headers["content-type"].startswith("text/javascript")
    assert module.headers["cache-control"] == "no-cache"


async def test_large_answers_are_compressed_and_streams_are_not(
    admin: httpx2.AsyncClient,
) -> None:
    module = await admin.get("/page/vendor/leaflet/leaflet-src.esm.js")
    assert module.headers["content-encoding"] == "gzip"
    async with admin.stream("GET", "/api/v1/stream") as response:
        assert "content-encoding" not in response.headers


async def test_the_grid_is_not_sent_twice(admin: httpx2.AsyncClient) -> None:
    first = await admin.get("/api/v1/grid")
    assert first.headers["content-type"] == "application/geo+json"
    (feature,) = first.json()["features"]
    assert feature["properties"]["code"] == "990102001001001"
    assert feature["geometry"]["type"] == "Polygon"
    again = await admin.get(
        "/api/v1/grid", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert (await admin.get("/api/v1/basemap")).json()["features"] == []


async def test_the_schema_tells_of_every_error_as_a_problem(
    admin: httpx2.AsyncClient,
) -> None:
    schema = (await admin.get("/api/v1/openapi.json")).json()
    names = set()
    for path in schema["paths"].values():
        for operation in path.values():
            assert "HTTPValidationError" not in str(operation)
            assert "application/problem+json" in str(operation["responses"]["4XX"])
            assert operation["operationId"] not in names
            names.add(operation["operationId"])
    assert "/api/v1/cases/{case_id}/moves" in schema["paths"]
