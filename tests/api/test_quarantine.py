"""The quarantine over HTTP: look, ask for another try, throw away."""

import httpx2
import pytest

from store.quarantine.refused import quarantine
from store.quarantine.retry import CHANNEL, requested
from tests.api.town import Town, utc_now
from vocabulary.refusal import Reason, Refusal

pytestmark = pytest.mark.db

STRANGER = Refusal(
    reason=Reason.UNKNOWN_DEVICE,
    detail="MH-0009 is not registered",
    transport="mqtt",
    gateway="GW-1",
    identity="MH-0009",
    octets=b"[]",
)


async def refuse(town: Town) -> int:
    await quarantine(town.connection, [STRANGER], at=utc_now())
    row_id: int = await town.connection.fetchval("SELECT id FROM quarantine")
    return row_id


async def test_one_row_shows_its_octets_and_whether_a_try_is_asked_for(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    row_id = await refuse(town)
    found = (await admin.get(f"/api/v1/quarantine/{row_id}")).json()
    assert (found["octets_hex"], found["retry_requested_at"]) == ("5b 5d", None)
    (listed,) = (await admin.get("/api/v1/quarantine")).json()["items"]
    assert listed == found


async def test_a_retry_is_asked_for_and_whoever_listens_is_told(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    row_id = await refuse(town)
    told: list[object] = []
    await town.connection.add_listener(CHANNEL, lambda *words: told.append(words[-1]))
    response = await admin.post(f"/api/v1/quarantine/{row_id}/retry")
    assert response.status_code == 202
    assert response.json()["retry_requested_at"] is not None
    assert await requested(town.connection) == [row_id]
    assert told == [str(row_id)]


async def test_what_is_thrown_away_is_gone(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    row_id = await refuse(town)
    assert (await admin.delete(f"/api/v1/quarantine/{row_id}")).status_code == 204
    kept = await town.connection.fetchval("SELECT count(*) FROM quarantine_message")
    assert kept == 0
    for method, part in (("GET", ""), ("DELETE", ""), ("POST", "/retry")):
        response = await admin.request(method, f"/api/v1/quarantine/{row_id}{part}")
        assert response.status_code == 404
        assert response.json()["type"] == "urn:gezhi:problem:not-found"


@pytest.mark.parametrize("role", ["viewer", "dispatcher", "supervisor"])
async def test_only_an_administrator_changes_the_quarantine(
    town: Town, role: str
) -> None:
    row_id = await refuse(town)
    async with town.client(await town.token(role)) as client:
        asked = await client.post(f"/api/v1/quarantine/{row_id}/retry")
        dropped = await client.delete(f"/api/v1/quarantine/{row_id}")
    assert (asked.status_code, dropped.status_code) == (403, 403)
    assert await town.connection.fetchval("SELECT count(*) FROM quarantine") == 1
