"""Commands over HTTP: asked once, refused with what would be right, taken back."""

import asyncio

import httpx2
import pytest

from store.commands.queue import claim_commands
from store.journal.entries import Kind, read
from tests.api.town import Town, utc_now

pytestmark = pytest.mark.db

LAMP = """
INSERT INTO component
    (id, code, scheme, class_code, name_zh, name_en, lon, lat, cell_id, maintainer_id)
VALUES (7, '9901020103000001', 'gbt30428.2-2013', '0103', '路灯', 'street lamp',
    111.0004, 35.0003, 1, 2);
INSERT INTO profile
    (id, code, kind, name_zh, name_en, quantities, expected_interval_s)
VALUES (7, 'lamp', 'lamp', '单灯', 'Lamp', '{power_w,dimming_pct}', 60);
INSERT INTO device (id, code, profile_id, gateway_id, address, component_id, cell_id)
VALUES (7, 'LP-0001', 7, 1, 'LP-0001', 7, 1);
INSERT INTO series (id, device_id, quantity)
VALUES (7, 7, 'power_w'), (8, 7, 'dimming_pct');
"""

COMMANDS = "/api/v1/devices/LP-0001/commands"

DIM = {"order": {"what": "dim", "pct": 40}}


@pytest.fixture
async def street(town: Town) -> Town:
    await town.connection.execute(LAMP)
    return town


def named(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def test_what_is_asked_is_queued_with_its_asker_and_what_should_be_seen(
    street: Town, admin: httpx2.AsyncClient
) -> None:
    response = await admin.post(COMMANDS, json=DIM, headers=named("a"))
    assert response.status_code == 201
    told = response.json()
    command = told["command"]
    assert command["order"] == DIM["order"]
    assert (command["state"], command["asked_by"]) == ("queued", "a admin")
    assert command["effect"] == {
        "quantity": "dimming_pct",
        "low": 35,
        "high": 45,
        "within_s": 130,
    }
    assert [step["state"] for step in told["steps"]] == ["queued"]
    assert response.headers["location"] == f"/api/v1/commands/{command['id']}"
    assert (await admin.get(response.headers["location"])).json() == told
    assert (await admin.get(COMMANDS)).json()["items"] == [command]
    (entry,) = await read(street.connection, after=0, limit=9)
    assert entry.kind is Kind.COMMAND
    assert b'"unit_id":2' in entry.body


async def test_the_same_key_twice_at_once_is_one_command_and_another_wish_a_conflict(
    street: Town, admin: httpx2.AsyncClient
) -> None:
    responses = await asyncio.gather(
        *(admin.post(COMMANDS, json=DIM, headers=named("a")) for _ in range(8))
    )
    statuses = sorted(response.status_code for response in responses)
    assert statuses == [200] * 7 + [201]
    assert len({response.json()["command"]["id"] for response in responses}) == 1
    assert await street.connection.fetchval("SELECT count(*) FROM command") == 1
    other = {"order": {"what": "dim", "pct": 41}}
    refused = await admin.post(COMMANDS, json=other, headers=named("a"))
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("idempotency-key-reused")
    assert (await admin.post(COMMANDS, json=DIM)).status_code == 422


@pytest.mark.parametrize(
    ("device", "order", "can"),
    [
        ("LP-0001", {"what": "text", "text": "hello"}, "dim"),
        ("LP-0001", {"what": "dim", "pct": 101}, "dim"),
        ("LP-0001", {"what": "fly"}, "switch"),
        ("LP-0001", {"what": "dim", "pct": 1, "colour": "red"}, "dim"),
        ("MH-0001", {"what": "switch", "on": True}, "interval"),
    ],
)
async def test_what_a_device_cannot_do_is_refused_with_what_it_can(
    street: Town,
    admin: httpx2.AsyncClient,
    device: str,
    order: dict[str, object],
    can: str,
) -> None:
    response = await admin.post(
        f"/api/v1/devices/{device}/commands", json={"order": order}, headers=named("a")
    )
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert can in response.json()["allowed"]
    assert await street.connection.fetchval("SELECT count(*) FROM command") == 0


async def test_devices_that_nothing_can_be_told_say_so(
    admin: httpx2.AsyncClient,
) -> None:
    response = await admin.post(
        "/api/v1/devices/VT-0001/commands",
        json={"order": {"what": "locate"}},
        headers=named("a"),
    )
    assert response.status_code == 422
    assert response.json()["detail"] == "VT-0001 can be told nothing"


async def test_only_those_who_act_may_ask_and_a_unit_only_its_own_devices(
    street: Town, admin: httpx2.AsyncClient
) -> None:
    asked = await admin.post(COMMANDS, json=DIM, headers=named("a"))
    command = asked.headers["location"]
    for role, unit_id, may_see, may_ask in (
        ("viewer", None, 200, 403),
        ("department", 2, 200, 201),
        ("department", 1, 404, 404),
    ):
        async with street.client(await street.token(role, unit_id=unit_id)) as client:
            assert (await client.get(command)).status_code == may_see
            assert (await client.get(COMMANDS)).status_code == may_see
            listed = (await client.get("/api/v1/commands")).json()["items"]
            assert len(listed) == (may_see == 200)
            response = await client.post(COMMANDS, json=DIM, headers=named("a"))
            assert response.status_code == may_ask
            cancelled = await client.delete(command)
            assert (cancelled.status_code in {200, 409}) == (may_ask == 201)


async def test_a_waiting_command_is_taken_back_and_one_that_may_be_said_is_not(
    street: Town, admin: httpx2.AsyncClient
) -> None:
    first = await admin.post(COMMANDS, json=DIM, headers=named("a"))
    gone = await admin.delete(first.headers["location"])
    assert (gone.status_code, gone.json()["command"]["state"]) == (200, "cancelled")
    assert [step["state"] for step in gone.json()["steps"]] == ["queued", "cancelled"]
    second = await admin.post(COMMANDS, json=DIM, headers=named("b"))
    await claim_commands(
        street.connection, at=utc_now(), down=(), busy=(), most=9, most_each=9
    )
    kept = await admin.delete(second.headers["location"])
    assert kept.status_code == 409
    assert kept.json()["type"].endswith("command-said")


@pytest.mark.usefixtures("street")
async def test_lists_go_by_pages_newest_first_and_by_state(
    admin: httpx2.AsyncClient,
) -> None:
    ids = [
        (await admin.post(COMMANDS, json=DIM, headers=named(str(n)))).json()["command"][
            "id"
        ]
        for n in range(5)
    ]
    await admin.delete(f"/api/v1/commands/{ids[0]}")
    page = (await admin.get("/api/v1/commands?limit=3")).json()
    rest = (await admin.get(page["next"])).json()
    listed = [row["id"] for row in page["items"] + rest["items"]]
    assert listed == ids[::-1]
    assert rest["next"] is None
    waiting = (await admin.get(f"{COMMANDS}?state=queued")).json()["items"]
    assert [row["id"] for row in waiting] == ids[:0:-1]
