"""Maintenance windows and the members of group cases over the API."""

from datetime import timedelta

import httpx2
import pytest

from store.cases.members import NewMember, insert_members, leave_all
from tests.api.town import Town, open_case, raise_alarm, utc_now

pytestmark = pytest.mark.db

COVER = "9901020102000001"


def window(**changes: object) -> dict[str, object]:
    until_at = (utc_now() + timedelta(hours=2)).isoformat()
    return {
        "component": COVER,
        "until_at": until_at,
        "reason": "new frame and cover",
        **changes,
    }


async def alarm_of(town: Town) -> int:
    await raise_alarm(town.connection, 1, 42.0)
    return int(await town.connection.fetchval("SELECT max(id) FROM alarm"))


async def test_a_window_is_opened_listed_and_ended_early(
    admin: httpx2.AsyncClient,
) -> None:
    made = await admin.post("/api/v1/windows", json=window())
    assert made.status_code == 201, made.text
    row = made.json()
    assert (row["component"], row["reason"]) == (COVER, "new frame and cover")
    assert (row["suppressed"], row["standing"], row["ended_at"]) == (0, 0, None)
    assert made.headers["location"] == f"/api/v1/windows/{row['id']}"
    lasting = await admin.get("/api/v1/windows", params={"over": False})
    assert [each["id"] for each in lasting.json()["items"]] == [row["id"]]
    ended = await admin.delete(f"/api/v1/windows/{row['id']}")
    assert ended.status_code == 200
    assert ended.json()["ended_by"] == "a admin"
    lasting = await admin.get("/api/v1/windows", params={"over": False})
    assert lasting.json()["items"] == []
    again = await admin.delete(f"/api/v1/windows/{row['id']}")
    assert again.status_code == 409
    assert again.json()["type"] == "urn:gezhi:problem:window-over"


async def test_windows_are_listed_page_by_page(admin: httpx2.AsyncClient) -> None:
    ids = [
        (await admin.post("/api/v1/windows", json=window())).json()["id"]
        for _ in range(3)
    ]
    first = (await admin.get("/api/v1/windows", params={"limit": 2})).json()
    rest = (await admin.get(first["next"])).json()
    found = [row["id"] for row in (*first["items"], *rest["items"])]
    assert found == ids[::-1]
    assert rest["next"] is None


async def test_all_that_is_wrong_with_a_window_is_told_at_once(
    admin: httpx2.AsyncClient,
) -> None:
    before = (utc_now() - timedelta(hours=1)).isoformat()
    wrong = window(component="no-such", rule="none", until_at=before)
    answer = await admin.post("/api/v1/windows", json=wrong)
    assert answer.status_code == 422
    places = [fault["where"] for fault in answer.json()["errors"]]
    assert places == ["body.component", "body.rule", "body.until_at"]
    nothing = await admin.post("/api/v1/windows", json=window(component=""))
    assert [fault["where"] for fault in nothing.json()["errors"]] == ["body"]
    far = (utc_now() + timedelta(days=40)).isoformat()
    long = await admin.post("/api/v1/windows", json=window(until_at=far))
    assert "lasts too long" in long.text


async def test_a_department_keeps_back_its_own_and_nothing_else(town: Town) -> None:
    await town.connection.execute("UPDATE component SET maintainer_id = 1")
    async with town.client(await town.token("department", unit_id=1)) as drainage:
        made = await drainage.post("/api/v1/windows", json=window())
        assert made.status_code == 201
        whole = window(component="", cell="990102001001001")
        assert (await drainage.post("/api/v1/windows", json=whole)).status_code == 403
        safety = window(safety=True)
        assert (await drainage.post("/api/v1/windows", json=safety)).status_code == 403
    async with town.client(await town.token("department", unit_id=2)) as lighting:
        assert (
            await lighting.post("/api/v1/windows", json=window())
        ).status_code == 403
        mine = await lighting.get("/api/v1/windows")
        assert mine.json()["items"] == []
        other = await lighting.delete(f"/api/v1/windows/{made.json()['id']}")
        assert other.status_code == 404
    async with town.client(await town.token("viewer")) as viewer:
        assert (await viewer.post("/api/v1/windows", json=window())).status_code == 403


async def test_a_department_names_a_gateway_only_if_all_behind_it_is_its_own(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    code = await town.connection.fetchval(
        "SELECT g.code FROM gateway g JOIN device d ON d.gateway_id = g.id"
        " WHERE d.component_id IS NOT NULL LIMIT 1"
    )
    asked = window(component="", gateway=code)
    made = (await admin.post("/api/v1/windows", json=asked)).json()
    assert (made["gateway"], made["component"]) == (code, None)
    wrong = await admin.post("/api/v1/windows", json=window(gateway="x", device="y"))
    places = [fault["where"] for fault in wrong.json()["errors"]]
    assert places == ["body.gateway", "body.device"]
    await town.connection.execute(
        "UPDATE component SET maintainer_id = 1, owner_id = 1, authority_id = NULL"
    )
    async with town.client(await town.token("department", unit_id=1)) as drainage:
        await town.connection.execute(
            "UPDATE device SET retired_at = now() WHERE component_id IS NULL"
        )
        mine = await drainage.post("/api/v1/windows", json=asked)
        assert mine.status_code == 201, mine.text
        await town.connection.execute(
            "UPDATE component SET maintainer_id = 2, owner_id = 2 WHERE id IN"
            " (SELECT component_id FROM device LIMIT 1)"
        )
        assert (await drainage.post("/api/v1/windows", json=asked)).status_code == 403


async def test_what_a_window_kept_back_is_counted_and_listed(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    window_id = (await admin.post("/api/v1/windows", json=window())).json()["id"]
    alarm_id = await alarm_of(town)
    await town.connection.execute(
        "UPDATE alarm SET handling = 'maintenance', window_id = $1 WHERE id = $2",
        window_id,
        alarm_id,
    )
    found = (await admin.get(f"/api/v1/windows/{window_id}")).json()
    assert (found["suppressed"], found["standing"]) == (1, 1)
    assert [(kept["id"], kept["handling"]) for kept in found["kept"]] == [
        (alarm_id, "maintenance")
    ]
    listed = await admin.get("/api/v1/alarms", params={"window": window_id})
    (alarm,) = listed.json()["items"]
    assert (alarm["id"], alarm["handling"]) == (alarm_id, "maintenance")


async def test_a_case_lists_its_members_page_by_page(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    case_id = await open_case(town.connection, 1)
    alarm_id = await alarm_of(town)
    members = [
        NewMember(device_id=1, alarm_id=alarm_id, state="bad", has_own=False),
        NewMember(device_id=2, alarm_id=0, state="unknown", has_own=False),
        NewMember(device_id=3, alarm_id=0, state="unknown", has_own=False),
    ]
    await insert_members(town.connection, case_id, members, at=utc_now())
    await insert_members(town.connection, case_id, members[:1], at=utc_now())
    path = f"/api/v1/cases/{case_id}/members"
    first = (await admin.get(path, params={"limit": 2})).json()
    rest = (await admin.get(first["next"])).json()
    found = [(m["device_code"], m["state"]) for m in first["items"] + rest["items"]]
    assert found == [("MH-0001", "bad"), ("MH-0002", "unknown"), ("MH-0003", "unknown")]
    case = (await admin.get(f"/api/v1/cases/{case_id}")).json()
    assert (case["members"], case["shape"]) == (3, "single")


async def test_a_device_with_several_alarms_is_one_member_and_counted_once(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    case_id = await open_case(town.connection, 1)
    one, other = await alarm_of(town), await alarm_of(town)
    await town.connection.execute(
        "UPDATE alarm SET case_id = $1 WHERE id = $2", case_id, other
    )
    members = [
        NewMember(device_id=1, alarm_id=one, state="unknown", has_own=False),
        NewMember(device_id=1, alarm_id=other, state="bad", has_own=True),
    ]
    await insert_members(town.connection, case_id, members, at=utc_now())
    path = f"/api/v1/cases/{case_id}"
    assert (await admin.get(path)).json()["members"] == 1
    (member,) = (await admin.get(f"{path}/members")).json()["items"]
    told = member["device_code"], member["state"], member["has_own"], member["case_id"]
    assert told == ("MH-0001", "bad", True, case_id)
    assert [alarm["alarm_id"] for alarm in member["alarms"]] == [one, other]
    assert member["left_at"] is None
    await leave_all(town.connection, other, utc_now())
    (member,) = (await admin.get(f"{path}/members")).json()["items"]
    assert (member["state"], member["left_at"]) == ("unknown", None)
    await leave_all(town.connection, one, utc_now())
    (member,) = (await admin.get(f"{path}/members")).json()["items"]
    assert member["left_at"] is not None


async def test_a_dispatcher_splits_a_case_and_that_is_recorded(town: Town) -> None:
    case_id = await open_case(town.connection, 1)
    lead, member = await alarm_of(town), await alarm_of(town)
    await town.connection.execute(
        "UPDATE alarm SET rule = 'group:g' WHERE id = $1", lead
    )
    await town.connection.execute(
        "UPDATE alarm SET lead_id = $1, case_id = $2, handling = 'member'"
        " WHERE id = $3",
        lead,
        case_id,
        member,
    )
    path, why = f"/api/v1/cases/{case_id}/splits", {"reason": "two old covers"}
    async with town.client(await town.token("department", unit_id=1)) as department:
        assert (await department.post(path, json=why)).status_code == 403
    async with town.client(await town.token("dispatcher")) as dispatcher:
        assert (await dispatcher.post(path, json={"reason": " "})).status_code == 422
        done = await dispatcher.post(path, json=why)
        assert done.status_code == 201, done.text
        (row,) = (await dispatcher.get(path)).json()["items"]
        assert (row["rule"], row["reason"]) == ("group:g", "two old covers")
        await town.connection.execute("UPDATE alarm SET cleared_seq = 5")
        again = await dispatcher.post(path, json=why)
        assert again.status_code == 409
        assert again.json()["type"] == "urn:gezhi:problem:nothing-to-split"
