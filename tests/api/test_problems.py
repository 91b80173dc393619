"""Every error is a problem document: what, where, and what would be right."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from api.app import create_app
from tests.api.town import WEB_ROOT, Town, served, utc_now

pytestmark = pytest.mark.db


def problem(response: httpx2.Response) -> dict[str, object]:
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert isinstance(body, dict)
    assert body["status"] == response.status_code
    assert str(body["type"]).startswith("urn:gezhi:problem:")
    assert body["instance"] == response.request.url.path
    return body


def faults(response: httpx2.Response) -> dict[str, str]:
    found = problem(response)["errors"]
    assert isinstance(found, list)
    return {fault["where"]: fault["right"] for fault in found}


async def test_an_unknown_address_is_a_404_problem(admin: httpx2.AsyncClient) -> None:
    response = await admin.get("/api/v1/nothing")
    assert response.status_code == 404
    assert "openapi.json" in str(problem(response)["detail"])


@pytest.mark.parametrize(
    "path",
    ["/api/v1/devices/77", "/api/v1/cases/77", "/api/v1/tracks/77", "/page/nothing.js"],
)
async def test_a_missing_thing_is_a_404_problem(
    admin: httpx2.AsyncClient, path: str
) -> None:
    response = await admin.get(path)
    assert response.status_code == 404
    problem(response)


async def test_allow_names_every_method_of_a_path(admin: httpx2.AsyncClient) -> None:
    response = await admin.put("/api/v1/session")
    assert response.status_code == 405
    problem(response)
    assert response.headers["allow"] == "GET, POST, DELETE"


async def test_allow_is_right_on_the_page_and_on_lists(
    admin: httpx2.AsyncClient,
) -> None:
    assert (await admin.post("/api/v1/devices")).headers["allow"] == "GET"
    page = await admin.delete("/page/index.html")
    assert page.status_code == 405
    assert page.headers["allow"] == "GET, HEAD"
    problem(page)


async def test_all_faults_of_a_query_are_told_at_once(
    admin: httpx2.AsyncClient,
) -> None:
    response = await admin.get(
        "/api/v1/devices", params={"kind": "tree", "limit": "0", "colour": "red"}
    )
    assert response.status_code == 422
    right = faults(response)
    assert "'cover'" in right["query.kind"]
    assert right["query.limit"] == "at least 1"
    assert "no such parameter" in right["query.colour"]


@pytest.mark.parametrize("text", ["2026-11-21T08:00:00", "2026-11-21", "yesterday"])
async def test_a_time_without_a_zone_is_refused_with_one_that_has_it(
    admin: httpx2.AsyncClient, text: str
) -> None:
    response = await admin.get("/api/v1/cases", params={"from": text})
    assert response.status_code == 422
    assert "2026-11-21T08:00:00Z" in faults(response)["query.from"]


@pytest.mark.parametrize("key", ["77", "a-b", "999999999999999999-1"])
async def test_a_page_key_that_is_not_ours_is_refused(
    admin: httpx2.AsyncClient, key: str
) -> None:
    response = await admin.get("/api/v1/cases", params={"after": key})
    assert response.status_code == 422
    assert "next" in faults(response)["query.after"]


async def test_a_body_that_is_not_json_is_refused(admin: httpx2.AsyncClient) -> None:
    response = await admin.post(
        "/api/v1/session",
        content=b'{"token": ',
        headers={"Content-Type": "application/json"},
    )
    assert response.status_code == 422
    assert "well-formed JSON" in str(problem(response)["detail"])


async def test_a_body_beyond_any_need_is_a_413_problem(
    admin: httpx2.AsyncClient,
) -> None:
    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield b" " * 16_000

    told = await admin.post("/api/v1/session", json={"token": "x" * 1_100_000})
    untold = await admin.post("/api/v1/session", content=in_pieces())
    for response in (told, untold):
        assert response.status_code == 413
        assert "1048576" in str(problem(response)["detail"])


async def test_a_reversed_and_a_far_too_long_span_are_refused(
    admin: httpx2.AsyncClient,
) -> None:
    reversed_span = {"from": "2026-11-21T08:00:00Z", "to": "2026-11-20T08:00:00Z"}
    long_span = {"from": "2026-01-01T00:00:00Z", "to": "2026-11-20T08:00:00Z"}
    for span in (reversed_span, long_span):
        response = await admin.get("/api/v1/tracks/1", params=span)
        assert response.status_code == 422
        assert faults(response)


async def test_a_bug_is_a_500_problem_without_its_insides(town: Town) -> None:
    app = create_app(database_url=town.database_url, clock=utc_now, web_root=WEB_ROOT)

    @app.get("/bug")
    async def bug() -> None:
        raise AssertionError("the secret inside")

    async with (
        served(app, has_journal=False) as url,
        httpx2.AsyncClient(base_url=url, timeout=60) as client,
    ):
        response = await client.get("/bug")
    assert response.status_code == 500
    assert "secret" not in response.text
    problem(response)


async def test_without_a_database_the_api_starts_and_says_so() -> None:
    app = create_app(
        database_url="postgresql://nobody@127.0.0.1:1/none",
        clock=utc_now,
        web_root=WEB_ROOT,
    )
    async with (
        served(app, has_journal=False) as url,
        httpx2.AsyncClient(base_url=url, timeout=60) as client,
    ):
        assert (await client.get("/healthz")).status_code == 200
        ready = await client.get("/readyz")
        asked = await client.get(
            "/api/v1/devices",
            headers={"Authorization": f"Bearer gz_{'0' * 12}_{'a' * 43}"},
        )
    assert ready.status_code == 503
    assert "database" in faults(ready)
    assert asked.status_code == 503
    assert asked.headers["retry-after"]
    assert problem(asked)["type"] == "urn:gezhi:problem:database-away"
