"""The triage file and the rules process's faults over HTTP, with roles."""

from datetime import timedelta

import httpx2
import pytest

from store.journal.entries import Kind, append
from store.rules.faults import FaultKind, NewFault, halt_rule, note_faults
from store.rules.versions import put_live
from tests.api.town import Town, tick, utc_now

pytestmark = pytest.mark.db

STORM = "storm: {budget: 5}\n"
PATH = "/api/v1/triage"


async def test_a_triage_file_is_put_in_force_by_an_admin_and_seen_by_all(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    async with town.client(await town.token("viewer")) as viewer:
        assert (await viewer.get(PATH)).status_code == 404
        put = await admin.put(PATH, json={"source": STORM, "note": "first"})
        assert put.json() == {"version": 1, "warnings": []}
        shown = (await viewer.get(PATH)).json()
        assert (shown["source"], shown["note"]) == (STORM, "first")
        put = await admin.put(
            PATH, json={"source": STORM.replace("5", "7"), "after": 1}
        )
        assert put.json()["version"] == 2
        page = (await viewer.get(f"{PATH}/versions?limit=1")).json()
        assert [row["version"] for row in page["items"]] == [2]
        older = (await viewer.get(page["next"])).json()["items"]
        assert [row["author"] for row in older] == ["a admin"]
        diff = (await viewer.get(f"{PATH}/versions/2/diff")).json()["diff"]
        assert "+storm: {budget: 7}" in diff
        assert (await viewer.get(f"{PATH}/versions/9")).status_code == 404


async def test_a_stale_or_faulty_file_changes_nothing(
    admin: httpx2.AsyncClient,
) -> None:
    await admin.put(PATH, json={"source": STORM})
    stale = await admin.put(PATH, json={"source": STORM, "after": 0})
    assert (stale.status_code, stale.json()["type"]) == (
        409,
        "urn:gezhi:problem:stale-version",
    )
    wrong = "storm: {budget: 0}\nflapping: {more_than: 1}\nstrom: 1\n"
    for refused in (
        await admin.put(PATH, json={"source": wrong}),
        await admin.post(f"{PATH}/check", json={"source": wrong}),
    ):
        assert refused.status_code == 422
        where = [fault["where"] for fault in refused.json()["errors"]]
        assert where == [
            "body.source:1:17: storm.budget",
            "body.source:2:11: flapping.settled_s",
            "body.source:2:11: flapping.within_s",
            "body.source:3:1: strom",
        ]
    assert (await admin.get(PATH)).json()["version"] == 1
    sound = await admin.post(f"{PATH}/check", json={"source": STORM})
    assert sound.json() == {"warnings": []}


@pytest.mark.parametrize("role", ["viewer", "dispatcher", "supervisor"])
async def test_nobody_but_an_admin_changes_it(town: Town, role: str) -> None:
    async with town.client(await town.token(role)) as client:
        refused = await client.put(PATH, json={"source": STORM})
    assert refused.status_code == 403


async def test_the_schema_needs_no_token(town: Town) -> None:
    async with town.client() as client:
        schema = await client.get(f"{PATH}/schema.json")
    assert schema.json()["title"] == "Gezhi triage file"


async def test_what_the_rules_left_out_is_seen_by_probe_metrics_and_list(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    connection = town.connection
    await tick(connection)
    now = utc_now()
    async with connection.transaction():
        await put_live(connection, "steep", "code: steep", author="me", at=now)
    fault = NewFault(
        what=FaultKind.RULE,
        reason="FloatingPointError: \0",
        seq=1,
        at=now,
        rule="steep",
        rule_version=1,
    )
    await halt_rule(connection, fault)
    await note_faults(connection, [fault, fault])
    async with town.client() as client:
        ready = (await client.get("/readyz")).json()
        text = (await client.get("/metrics")).text
    assert [w.partition(":")[2].split(";")[0] for w in ready["warnings"]] == [
        " 1 are halted, for they broke",
        " something was left out 2 times of late",
    ]
    assert 'gezhi_rules_faults{what="rule"} 2.0' in text
    assert "gezhi_rules_halted 1.0" in text
    shown = (await admin.get("/api/v1/rule-faults")).json()
    assert [(row["rule"], row["count"]) for row in shown["faults"]] == [("steep", 2)]
    assert [row["code"] for row in shown["halted"]] == ["steep"]
    async with town.client(await town.token("dispatcher")) as dispatcher:
        refused = await dispatcher.post("/api/v1/rules/steep/1/retry")
    assert refused.status_code == 403
    assert (await admin.post("/api/v1/rules/steep/1/retry")).status_code == 204
    assert (await admin.post("/api/v1/rules/steep/1/retry")).status_code == 404


async def test_an_old_fault_is_no_news(town: Town) -> None:
    now = utc_now()
    fault = NewFault(
        what=FaultKind.ENTRY, reason="x", seq=1, at=now - timedelta(days=2)
    )
    await append(town.connection, Kind.TICK, b"", at=now)
    await note_faults(town.connection, [fault])
    async with town.client() as client:
        assert (await client.get("/readyz")).json()["warnings"] == []
