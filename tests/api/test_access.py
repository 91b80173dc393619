"""Whoever may not see or act, cannot."""

import re

import httpx2
import pytest

from store.access import create_token, revoke_token, token_text, tokens, unit_id_of
from tests.api.town import Town, open_case, raise_alarm, utc_now

pytestmark = pytest.mark.db


async def test_nothing_is_read_without_a_token(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    paths = (await admin.get("/api/v1/openapi.json")).json()["paths"]
    reads = [path for path in paths if "get" in paths[path] and path.startswith("/api")]
    assert len(reads) > 15
    async with town.client() as client:
        for path in reads:
            response = await client.get(re.sub(r"\{\w+\}", "1", path))
            assert response.status_code == 401, path
            assert response.headers["www-authenticate"].startswith("Bearer")
            assert response.json()["type"] == "urn:gezhi:problem:unknown-token"


@pytest.mark.parametrize(
    "sent",
    [
        "hello",
        "gz_short_x",
        f"gz_{'0' * 12}_{'A' * 43}",
        f"gz_{'0' * 12}_{'A' * 42}",
    ],
)
async def test_a_token_that_was_never_given_out_is_refused(
    town: Town, sent: str
) -> None:
    async with town.client() as client:
        response = await client.get(
            "/api/v1/session", headers={"Authorization": f"Bearer {sent}"}
        )
    assert response.status_code == 401


async def test_the_right_key_with_a_wrong_secret_is_refused(town: Town) -> None:
    token = await town.token()
    wrong = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    async with town.client(wrong) as client:
        assert (await client.get("/api/v1/session")).status_code == 401
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_a_revoked_token_stops_at_once(town: Town) -> None:
    token = await town.token()
    async with town.client(token) as client:
        assert (await client.get("/api/v1/session")).status_code == 200
        known = token_text(token)
        assert known is not None
        assert await revoke_token(town.connection, known.key, at=utc_now())
        assert not await revoke_token(town.connection, known.key, at=utc_now())
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_the_page_logs_in_with_a_token_and_out_again(town: Town) -> None:
    async with town.client() as client:
        logged_in = await client.post(
            "/api/v1/session", json={"token": f"  {await town.token('viewer')}\n"}
        )
        assert logged_in.status_code == 201
        cookie = logged_in.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert (await client.get("/api/v1/session")).json()["role"] == "viewer"
        assert (await client.delete("/api/v1/session")).status_code == 204
        assert (await client.get("/api/v1/session")).status_code == 401


async def test_another_sites_page_cannot_use_the_cookie(town: Town) -> None:
    async with town.client() as client:
        await client.post("/api/v1/session", json={"token": await town.token()})
        response = await client.delete(
            "/api/v1/session", headers={"Sec-Fetch-Site": "cross-site"}
        )
    assert response.status_code == 403


async def test_a_units_token_sees_its_own_cases_only(town: Town) -> None:
    ours = await open_case(town.connection, 1, unit_id=1)
    theirs = await open_case(town.connection, 2, unit_id=2)
    token = await town.token("department", unit_id=1)
    async with town.client(token) as client:
        listed = (await client.get("/api/v1/cases")).json()["items"]
        assert [row["id"] for row in listed] == [ours]
        for part in ("", "/steps", "/evidence"):
            assert (await client.get(f"/api/v1/cases/{ours}{part}")).status_code == 200
            hidden = await client.get(f"/api/v1/cases/{theirs}{part}")
            assert hidden.status_code == 404
        counts = (await client.get("/api/v1/health")).json()["cases"]
        assert sum(count["open"] for count in counts) == 1


async def test_a_units_token_sees_alarms_of_its_own_cases_only(town: Town) -> None:
    case_id = await open_case(town.connection, 1, unit_id=1)
    await raise_alarm(town.connection, 1, 42.0)
    await raise_alarm(town.connection, 2, 42.0)
    await town.connection.execute(
        "UPDATE alarm SET case_id = $1 WHERE device_id = 1", case_id
    )
    async with town.client(await town.token("department", unit_id=1)) as client:
        listed = (await client.get("/api/v1/alarms")).json()["items"]
    assert [row["device_id"] for row in listed] == [1]


async def test_a_units_token_sees_its_own_vehicles_tracks_only(town: Town) -> None:
    async with town.client(await town.token("department", unit_id=1)) as client:
        assert (await client.get("/api/v1/tracks/1")).status_code == 200
    async with town.client(await town.token("department", unit_id=2)) as client:
        assert (await client.get("/api/v1/tracks/1")).status_code == 404


@pytest.mark.parametrize(
    ("role", "status"),
    [("viewer", 403), ("department", 403), ("dispatcher", 200), ("admin", 200)],
)
async def test_quarantine_is_for_dispatchers_and_above(
    town: Town, role: str, status: int
) -> None:
    unit_id = 1 if role == "department" else None
    async with town.client(await town.token(role, unit_id=unit_id)) as client:
        assert (await client.get("/api/v1/quarantine")).status_code == status


async def test_a_token_is_listed_without_what_checks_it(town: Town) -> None:
    text = token_text(await town.token("department", unit_id=1))
    listed = await tokens(town.connection)
    assert text is not None
    assert [(row.key, row.unit_code) for row in listed] == [(text.key, "drainage")]
    hashed = await town.connection.fetchval("SELECT hash FROM api_token")
    assert text.secret not in hashed
    assert hashed.startswith("$argon2id$")


async def test_a_token_needs_a_role_that_exists_and_a_department_a_unit(
    town: Town,
) -> None:
    for role in ("king", "department"):
        with pytest.raises(ValueError, match=r"role|unit"):
            await create_token(
                town.connection, name="x", role=role, unit_id=None, at=utc_now()
            )
    assert await unit_id_of(town.connection, "lighting") == 2
    assert await unit_id_of(town.connection, "nobody") is None
