"""Requests that can never be right are refused with a word; none is our fault."""

import httpx2
import pytest

from tests.api.town import Town, tick

pytestmark = pytest.mark.db

ENDS = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
"""Times that Python can hold, and no other zone."""

NOTHING = "a\x00"

RING = {"shape": "circle", "radius_m": 10, "wkt": "POINT (111 35)"}


@pytest.mark.parametrize("end", ENDS)
async def test_a_time_at_an_end_of_the_calendar_is_refused(
    admin: httpx2.AsyncClient, end: str
) -> None:
    window = {"device": "MH-0001", "reason": "x", "from_at": end, "until_at": end}
    span = {"rules": ["live"], "from": end, "to": end}
    readings = {"quantity": "tilt_deg", "to": end}
    answers = [
        await admin.get("/api/v1/cases", params={"from": end}),
        await admin.get("/api/v1/tracks/1", params={"to": end}),
        await admin.get("/api/v1/devices/1/readings", params=readings),
        await admin.post("/api/v1/windows", json=window),
        await admin.post("/api/v1/backtests", json=span),
    ]
    assert [answer.status_code for answer in answers] == [422] * len(answers)
    assert "at least 1970" in answers[0].text or "at most 9999" in answers[0].text


async def test_a_page_key_before_all_time_is_refused(
    admin: httpx2.AsyncClient,
) -> None:
    key = {"after": "-99999999999999999-1"}
    assert (await admin.get("/api/v1/cases", params=key)).status_code == 422


async def test_a_text_that_no_database_holds_is_refused(
    admin: httpx2.AsyncClient,
) -> None:
    names = {"name_zh": NOTHING, "name_en": "x"}
    native = {"order": {"what": "native", "body": {"a": NOTHING}}}
    answers = [
        await admin.get("/api/v1/devices", params={"text": NOTHING}),
        await admin.get("/api/v1/gateways/%00"),
        await admin.put("/api/v1/geofences/x", json={**RING, **names}),
        await admin.post(
            "/api/v1/devices/MH-0001/commands",
            json=native,
            headers={"Idempotency-Key": "one"},
        ),
    ]
    assert [answer.status_code for answer in answers] == [422] * len(answers)
    assert all("U+0000" in answer.text for answer in answers)


async def test_a_stream_after_a_number_beyond_all_is_refused(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    await tick(town.connection)
    beyond = str(2**63)
    asked = await admin.get("/api/v1/stream", params={"lastEventId": beyond})
    resumed = await admin.get("/api/v1/stream", headers={"Last-Event-ID": beyond})
    assert (asked.status_code, resumed.status_code) == (422, 422)
    assert f"below {beyond}" in asked.text


@pytest.mark.parametrize("path", ["/api/v1/rules", "/api/v1/triage/check"])
async def test_a_file_nested_beyond_reading_is_refused(
    admin: httpx2.AsyncClient, path: str
) -> None:
    answer = await admin.post(path, json={"source": "[" * 20_000})
    assert answer.status_code == 422
    assert "nested too deeply" in answer.text
