"""Cases are listed, opened with their evidence, and moved on by those who may."""

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.api.sse import listening
from tests.api.town import Town, open_case, utc_now

pytestmark = pytest.mark.db


async def numbers(client: httpx2.AsyncClient, query: str) -> list[int]:
    listed: list[int] = []
    following: str | None = f"/api/v1/cases?{query}"
    while following:
        page = (await client.get(following)).json()
        listed += [int(row["number"][-6:]) for row in page["items"]]
        following = page["next"]
    return listed


async def test_cases_are_listed_newest_first_in_pages(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    for number in range(1, 8):
        age = timedelta(hours=1) if number < 4 else timedelta(minutes=7 - number)
        await open_case(town.connection, number, age=age)
    assert await numbers(admin, "limit=2") == [7, 6, 5, 4, 3, 2, 1]


async def test_cases_are_found_by_what_is_known_of_them(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await open_case(town.connection, 1, age=timedelta(days=2))
    await open_case(town.connection, 2, unit_id=2)
    await town.connection.execute(
        "UPDATE case_file SET stage = 'closed', closed_at = now()"
        " WHERE number LIKE '%1'"
    )
    at = (utc_now() - timedelta(days=1)).isoformat().replace("+", "%2B")
    for query, wanted in {
        "open=true": [2],
        "open=false": [1],
        "unit=lighting": [2],
        "severity=minor": [],
        "stage=closed": [1],
        "cell=990102001001001&simulated=true": [2, 1],
        f"from={at}": [2],
        f"to={at}": [1],
    }.items():
        assert await numbers(admin, query) == wanted, query


async def test_a_case_says_where_whose_and_why(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    case_id = await open_case(town.connection, 1)
    found = (await admin.get(f"/api/v1/cases/{case_id}")).json()
    assert found["cell_code"] == "990102001001001"
    assert found["subject_code"] == "9901020102000001"
    assert (found["unit_zh"], found["unit_reason"]) == ("排水管理处", "maintainer")
    assert found["reason_zh"] == "倾角 42° ≥ 15°"


async def test_evidence_is_shown_as_it_was_kept(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    case_id = await open_case(town.connection, 1)
    await town.connection.execute(
        "INSERT INTO evidence (case_id, kind, taken_at, body)"
        " VALUES ($1, 'samples_before', now(), '{\"samples\": [[1, 2.5]]}')",
        case_id,
    )
    (item,) = (await admin.get(f"/api/v1/cases/{case_id}/evidence")).json()["items"]
    assert (item["kind"], item["body"]) == ("samples_before", {"samples": [[1, 2.5]]})


MANY = (
    """INSERT INTO evidence (case_id, kind, taken_at, body)
    SELECT $1, 'hit', now(), to_jsonb(n) FROM generate_series(1, 105) AS n""",
    """INSERT INTO case_step (case_id, taken_at, move, to_stage, actor, role, note)
    SELECT $1, now(), 'ease', 'new', 'rules', 'rules', n::text
    FROM generate_series(1, 105) AS n""",
    """INSERT INTO case_split (case_id, rule, rule_version, device_id, reason, actor,
    split_at) SELECT $1, 'r', 1, 1, n::text, 'me', now()
    FROM generate_series(1, 105) AS n""",
)


async def test_evidence_steps_and_splits_of_a_case_come_in_pages(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    case_id = await open_case(town.connection, 1)
    for each in (case_id, await open_case(town.connection, 2)):
        for insert in MANY:
            await town.connection.execute(insert, each)
    for what in ("evidence", "steps", "splits"):
        whole = await admin.get(f"/api/v1/cases/{case_id}/{what}?limit=1000")
        first = await admin.get(f"/api/v1/cases/{case_id}/{what}")
        assert len(first.json()["items"]) == 100
        following = first.json()["next"]
        assert first.headers["link"] == f'<{following}>; rel="next"'
        second = (await admin.get(following)).json()
        assert second["next"] is None
        rows = first.json()["items"] + second["items"]
        assert rows == whole.json()["items"]
        assert len(rows) >= 105


async def offered(client: httpx2.AsyncClient, case_id: int) -> dict[str, Any]:
    page = (await client.get(f"/api/v1/cases/{case_id}/moves")).json()
    return {offer["move"]: offer for offer in page["items"]}


async def test_a_department_moves_its_case_on_and_the_stream_tells(town: Town) -> None:
    case_id = await open_case(town.connection, 1, unit_id=1)
    token = await town.token("department", unit_id=1)
    async with town.client(token) as client:
        assert (await offered(client, case_id))["assign"]["needs"] == ["worker"]
        step = await client.post(
            f"/api/v1/cases/{case_id}/moves", json={"move": "assign", "worker": "老王"}
        )
        assert step.status_code == 201
        assert step.json()["to_stage"] == "handling"
        (taken,) = (await client.get(f"/api/v1/cases/{case_id}/steps")).json()["items"]
        assert (taken["actor"], taken["worker"]) == ("a department", "老王")
        async with listening(client, after=1) as told:
            heard = [await anext(told) for _ in range(2)]
    assert '"move":"assign"' in heard[-1].data


async def test_a_move_that_is_not_theirs_is_refused_with_what_is(town: Town) -> None:
    case_id = await open_case(town.connection, 1, unit_id=1)
    async with town.client(await town.token("dispatcher")) as client:
        refused = await client.post(
            f"/api/v1/cases/{case_id}/moves", json={"move": "close"}
        )
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["type"] == "urn:gezhi:problem:move-refused"
    assert "suspend" in problem["allowed"]
    assert "结案" in problem["detail_zh"]


async def test_a_viewer_and_another_unit_are_offered_nothing_and_may_do_nothing(
    town: Town,
) -> None:
    case_id = await open_case(town.connection, 1, unit_id=1)
    path = f"/api/v1/cases/{case_id}/moves"
    async with town.client(await town.token("viewer")) as client:
        assert await offered(client, case_id) == {}
        assert (await client.post(path, json={"move": "assign"})).status_code == 403
    async with town.client(await town.token("department", unit_id=2)) as client:
        assert (await client.get(path)).status_code == 404
        assert (await client.post(path, json={"move": "assign"})).status_code == 404


async def test_what_stands_in_the_way_is_told_before_asking(town: Town) -> None:
    case_id = await open_case(town.connection, 1)
    await town.connection.execute(
        "UPDATE case_file SET stage = 'pending_check_acceptor'"
    )
    async with town.client(await town.token("supervisor")) as client:
        close = (await offered(client, case_id))["close"]
        assert not close["possible"]
        assert "传感器恢复" in close["obstacle_zh"]
        await town.connection.execute("UPDATE case_file SET recovered_at = now()")
        assert (await offered(client, case_id))["close"]["possible"]


async def test_a_dispatcher_may_send_a_case_to_another_unit(town: Town) -> None:
    case_id = await open_case(town.connection, 1, unit_id=1)
    await town.connection.execute("UPDATE case_file SET stage = 'pending_dispatch'")
    async with town.client(await town.token("dispatcher")) as client:
        assert (await offered(client, case_id))["dispatch"]["takes_unit"]
        path = f"/api/v1/cases/{case_id}/moves"
        wrong = await client.post(path, json={"move": "dispatch", "to_unit": "none"})
        assert wrong.status_code == 422
        assert "/api/v1/units" in wrong.json()["errors"][0]["right"]
        sent = await client.post(path, json={"move": "dispatch", "to_unit": "lighting"})
        assert sent.status_code == 201
        found = (await client.get(f"/api/v1/cases/{case_id}")).json()
    assert (found["unit_code"], found["stage"]) == ("lighting", "pending_handle")


async def test_every_word_of_a_case_is_told_in_both_languages(
    admin: httpx2.AsyncClient,
) -> None:
    words = (await admin.get("/api/v1/words")).json()
    assert words["stages"]["closed"] == {
        "zh": "结案",
        "en": "closed",
        "phase": "evaluate",
        "open": False,
    }
    for kind in words.values():
        assert all(word["zh"] and word["en"] for word in kind.values())
    units = (await admin.get("/api/v1/units?limit=2")).json()
    assert [unit["code"] for unit in units["items"]] == ["drainage", "lighting"]


async def test_closing_a_case_against_its_sensor_has_to_be_confirmed(
    town: Town,
) -> None:
    case_id = await open_case(town.connection, 1)
    await town.connection.execute(
        "INSERT INTO alarm (rule, rule_version, device_id, severity, raised_seq,"
        " raised_at, measured_at, reason_zh, reason_en, case_id)"
        " VALUES ('cover-tilted', 1, 1, 'major', 1, now(), now(), '倾角 42°',"
        " 'tilt 42°', $1)",
        case_id,
    )
    path = f"/api/v1/cases/{case_id}/moves"
    close: dict[str, Any] = {"move": "force_close", "note": "现场已处理"}
    async with town.client(await town.token("admin")) as client:
        offer = (await offered(client, case_id))["force_close"]
        assert "倾角 42°" in offer["warning_zh"]
        warned = await client.post(path, json=close)
        assert warned.status_code == 409
        problem = warned.json()
        assert problem["type"] == "urn:gezhi:problem:sensor-disagrees"
        assert "倾角 42°" in problem["detail_zh"]
        assert problem["errors"][0]["where"] == "body.confirmed"
        done = await client.post(path, json=close | {"confirmed": True})
        assert done.status_code == 201
        found = (await client.get(f"/api/v1/cases/{case_id}")).json()
    assert found["rework_at"] == found["closed_at"]


async def test_a_class_that_demands_proof_is_only_forced_by_a_supervisor_with_a_reason(
    town: Town,
) -> None:
    case_id = await open_case(town.connection, 1, unit_id=1)
    await town.connection.execute(
        "UPDATE case_file SET stage = 'pending_check_acceptor', type = 'component',"
        " condition = 'cover_missing_or_displaced'"
    )
    await town.connection.execute(
        "INSERT INTO case_step (case_id, taken_at, move, from_stage, to_stage, actor,"
        " role, unit_id, worker, note) VALUES ($1, now(), 'check_passed', 'checking',"
        " 'pending_check_acceptor', 'me', 'supervisor', 1, '', '')",
        case_id,
    )
    path = f"/api/v1/cases/{case_id}/moves"
    close = {"move": "close", "confirmed": True}
    force: dict[str, Any] = {"move": "force_close", "confirmed": True}
    async with town.client(await town.token("supervisor")) as client:
        offer = (await offered(client, case_id))["close"]
        assert not offer["possible"]
        assert "传感器证实" in offer["obstacle_zh"]
        refused = await client.post(path, json=close)
        assert refused.status_code == 409
        assert "强制结案" in refused.json()["detail_zh"]
        assert (await client.post(path, json=force)).status_code == 409
    async with town.client(await town.token("dispatcher")) as client:
        wish = force | {"note": "现场已处理"}
        assert (await client.post(path, json=wish)).status_code == 409
    async with town.client(await town.token("supervisor")) as client:
        assert (await client.post(path, json=wish)).status_code == 201
        *_, last = (await client.get(f"/api/v1/cases/{case_id}/steps")).json()["items"]
    told = last["move"], last["actor"], last["role"], last["note"]
    assert told == ("force_close", "a supervisor", "supervisor", "现场已处理")
