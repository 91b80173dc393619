"""Versions of rules over the API: drafts, stages, differences, who may change them."""

import httpx2
import pytest

from tests.api.town import Town
from tests.lifecycle.test_schema import SOUND

pytestmark = pytest.mark.db

RULES = "/api/v1/rules"
COVER = f"{RULES}/cover-opened"


async def put(client: httpx2.AsyncClient, text: str = SOUND, note: str = "") -> int:
    made = await client.post(RULES, json={"source": text, "note": note})
    assert made.status_code == 201, made.text
    return int(made.json()["version"])


async def stage(
    client: httpx2.AsyncClient, version: int, to: str, **query: str
) -> httpx2.Response:
    return await client.post(
        f"{COVER}/{version}/stage", json={"stage": to, "note": "why"}, params=query
    )


async def test_a_version_goes_from_draft_over_shadow_to_live_and_is_replaced(
    admin: httpx2.AsyncClient,
) -> None:
    assert await put(admin, note="first") == 1
    for to in ("shadow", "live"):
        assert (await stage(admin, 1, to)).status_code == 200
    assert await put(admin, SOUND.replace("30", "28"), note="sooner") == 2
    assert (await stage(admin, 2, "live")).json() == {
        "code": "cover-opened",
        "version": 2,
        "stage": "live",
        "warnings": ["it was never on trial: nobody can tell how much it would file"],
    }
    page = (await admin.get(COVER)).json()
    assert [(row["version"], row["stage"]) for row in page["items"]] == [
        (2, "live"),
        (1, "retired"),
    ]
    one = (await admin.get(f"{COVER}/1")).json()
    assert one["source"] == SOUND
    assert [(s["from_stage"], s["to_stage"], s["author"]) for s in one["steps"]] == [
        (None, "draft", "a admin"),
        ("draft", "shadow", "a admin"),
        ("shadow", "live", "a admin"),
        ("live", "retired", "a admin"),
    ]


async def test_every_change_of_a_rule_is_an_entry_of_the_journal(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    async def seq() -> int:
        return int(await town.connection.fetchval("SELECT seq FROM journal_head"))

    before = await seq()
    await put(admin)
    assert await seq() == before + 1
    await stage(admin, 1, "shadow")
    await stage(admin, 1, "retired")
    assert await seq() == before + 3
    assert (await stage(admin, 1, "live")).status_code == 409
    assert await seq() == before + 3


async def test_a_retired_text_comes_back_as_a_draft_of_its_own(
    admin: httpx2.AsyncClient,
) -> None:
    await put(admin)
    await stage(admin, 1, "retired")
    refused = await stage(admin, 1, "live")
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:gezhi:problem:stage-refused"
    assert "may become draft" in refused.json()["detail"]
    anew = await stage(admin, 1, "draft")
    assert (anew.json()["version"], anew.json()["stage"]) == (2, "draft")
    assert (await admin.get(f"{COVER}/2")).json()["source"] == SOUND
    assert (await admin.get(f"{COVER}/1")).json()["stage"] == "retired"


async def test_one_version_of_a_rule_is_on_trial_at_a_time(
    admin: httpx2.AsyncClient,
) -> None:
    await put(admin)
    await put(admin, SOUND.replace("30", "28"))
    await stage(admin, 1, "shadow")
    await stage(admin, 2, "shadow")
    page = (await admin.get(COVER)).json()
    assert [row["stage"] for row in page["items"]] == ["shadow", "draft"]


async def test_a_faulty_file_is_refused_with_every_fault_and_its_place(
    admin: httpx2.AsyncClient,
) -> None:
    text = SOUND.replace("kind: cover", "kind: manhole").replace("30", "thirty")
    refused = await admin.post(RULES, json={"source": text})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["errors"] == [
        {
            "where": "body.source:3:7: kind",
            "wrong": "'manhole' is unknown",
            "right": "there are cabinet, cover, gauge, lamp, platform, pressure,"
            " vehicle",
        },
        {
            "where": "body.source:7:10: condition.above",
            "wrong": "must be a decimal number, not 'thirty'",
            "right": "see /api/v1/rules/schema.json",
        },
    ]
    assert (await admin.get(COVER)).status_code == 404


async def test_what_this_release_does_not_understand_stays_a_draft(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    await put(admin)
    await town.connection.execute("UPDATE rule SET source = 'code: cover-opened'")
    for to in ("shadow", "live"):
        refused = await stage(admin, 1, to)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["where"].startswith("body.source:1:1: ")
    assert (await admin.get(f"{COVER}/1")).json()["stage"] == "draft"


async def test_what_changed_is_shown_to_the_version_before_or_any_other(
    admin: httpx2.AsyncClient,
) -> None:
    await put(admin)
    await put(admin, SOUND.replace("above: 30", "above: 28"))
    found = (await admin.get(f"{COVER}/2/diff")).json()
    lines = found["diff"].splitlines()
    assert lines[:2] == ["--- cover-opened version 1", "+++ cover-opened version 2"]
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        "-  above: 30",
        "+  above: 28",
    ]
    back = (await admin.get(f"{COVER}/2/diff", params={"to": 1})).json()["diff"]
    assert "+  above: 30" in back.splitlines()
    first = (await admin.get(f"{COVER}/1/diff")).json()["diff"]
    assert all(line.startswith("+") for line in first.splitlines()[3:])
    assert (await admin.get(f"{COVER}/2/diff", params={"to": 9})).status_code == 404


async def test_versions_are_listed_page_by_page(admin: httpx2.AsyncClient) -> None:
    for _ in range(3):
        await put(admin)
    first = (await admin.get(COVER, params={"limit": 2})).json()
    rest = (await admin.get(first["next"])).json()
    found = [row["version"] for row in (*first["items"], *rest["items"])]
    assert (found, rest["next"]) == ([3, 2, 1], None)


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("viewer", [403, 403, 403]),
        ("department", [403, 403, 403]),
        ("dispatcher", [403, 403, 403]),
        ("supervisor", [201, 200, 403]),
        ("admin", [201, 200, 200]),
    ],
)
async def test_who_may_change_rules(
    town: Town, admin: httpx2.AsyncClient, role: str, statuses: list[int]
) -> None:
    await put(admin)
    unit_id = 1 if role == "department" else None
    async with town.client(await town.token(role, unit_id=unit_id)) as client:
        made = await client.post(RULES, json={"source": SOUND})
        tried = await stage(client, 1, "shadow")
        live = await stage(client, 1, "live")
        assert (await client.get(COVER)).status_code == 200
    assert [made.status_code, tried.status_code, live.status_code] == statuses


async def test_a_unit_s_token_changes_no_rules_whatever_its_role(town: Town) -> None:
    async with town.client(await town.token("admin", unit_id=1)) as client:
        assert (await client.post(RULES, json={"source": SOUND})).status_code == 403


async def test_the_schema_is_served_to_editors_without_a_token(town: Town) -> None:
    async with town.client() as client:
        found = await client.get(f"{RULES}/schema.json")
    assert found.status_code == 200
    assert found.headers["content-type"].startswith("application/schema+json")
    assert found.json()["title"] == "Gezhi rule file"


async def test_units_state_what_they_can_take(town: Town) -> None:
    async with town.client(await town.token("department", unit_id=1)) as client:
        path = "/api/v1/capacity/drainage"
        stated = await client.put(path, json={"cases_per_day": 5})
        assert stated.json()["items"][0]["cases_per_day"] == 5
        other = await client.put("/api/v1/capacity/lighting", json={"cases_per_day": 5})
        assert other.status_code == 403
        assert (await client.put(path, json={"cases_per_day": 0})).status_code == 422
