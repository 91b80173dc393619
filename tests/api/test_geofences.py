"""Geofences over the API: drawn, read as WKT, refused whole, and told to everybody."""

import math
from datetime import timedelta

import httpx2
import pytest

from store.access import Role
from store.journal.entries import Kind
from store.rules.versions import install_shipped, put_live
from tests.api.town import Town, utc_now

pytestmark = pytest.mark.db

WKT = "POLYGON ((111 35, 111.002 35, 111.002 35.002, 111 35.002, 111 35))"
NAMES = {"name_zh": "工地一", "name_en": "Site 1"}


async def test_geofences_are_listed_and_shown(admin: httpx2.AsyncClient) -> None:
    listed = (await admin.get("/api/v1/geofences")).json()["items"]
    assert [(row["code"], row["vehicles"]) for row in listed] == [("area-1", 1)]
    shown = (await admin.get("/api/v1/geofences/area-1")).json()
    assert shown["geometry"]["type"] == "Polygon"
    assert (await admin.get("/api/v1/geofences/none")).status_code == 404


async def test_a_geofence_is_drawn_changed_and_its_changes_are_kept(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    made = await admin.put(
        "/api/v1/geofences/site-1", json={**NAMES, "kind": "site", "wkt": WKT}
    )
    assert made.status_code == 201, made.text
    drawn = {"type": "Point", "coordinates": [111.0, 35.0]}
    circle = {**NAMES, "kind": "site", "shape": "circle", "radius_m": 80}
    changed = await admin.put(
        "/api/v1/geofences/site-1", json={**circle, "geometry": drawn}
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["geofence"]["radius_m"] == 80
    again = await admin.put(
        "/api/v1/geofences/site-1", json={**circle, "geometry": drawn}
    )
    assert again.status_code == 200
    changes = (await admin.get("/api/v1/geofences/site-1/changes")).json()
    assert [(c["is_new"], c["by"]) for c in changes] == [
        (False, "a admin"),
        (True, "a admin"),
    ]
    assert changes[0]["before"]["shape"] == "polygon"
    of_kind = (await admin.get("/api/v1/geofences", params={"kind": "site"})).json()
    assert [row["code"] for row in of_kind["items"]] == ["site-1"]
    count = "SELECT count(*) FROM journal WHERE kind = $1"
    assert await town.connection.fetchval(count, int(Kind.REGISTRY)) == 2


async def test_a_geofence_of_many_corners_is_drawn(
    admin: httpx2.AsyncClient,
) -> None:
    turns = [index * math.tau / 5_000 for index in range(5_000)]
    ring = [
        [round(111 + 0.01 * math.cos(t), 7), round(35 + 0.01 * math.sin(t), 7)]
        for t in turns
    ]
    round_ = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    made = await admin.put(
        "/api/v1/geofences/round", json={**NAMES, "geometry": round_}
    )
    assert made.status_code == 201, made.text[:200]
    corners = made.json()["geometry"]["coordinates"][0]
    assert len(corners) == 5_001


async def test_everything_wrong_is_told_at_once(admin: httpx2.AsyncClient) -> None:
    body = {
        "name_zh": " ",
        "name_en": "x",
        "kind": "No Entry",
        "shape": "circle",
        "wkt": "POLYGON ((0 0, 1 1))",
    }
    refused = await admin.put("/api/v1/geofences/bad", json=body)
    assert refused.status_code == 422
    where = {error["where"] for error in refused.json()["errors"]}
    assert where == {"body.name_zh", "body.kind", "body.radius_m", "body.geometry"}
    neither = await admin.put("/api/v1/geofences/bad", json=NAMES)
    assert neither.status_code == 422
    assert (await admin.get("/api/v1/geofences/bad")).status_code == 404


async def test_what_somebody_else_has_changed_is_not_overwritten(
    admin: httpx2.AsyncClient,
) -> None:
    at = "/api/v1/geofences/site-1"
    made = await admin.put(at, json={**NAMES, "wkt": WKT})
    read = made.headers["etag"]
    assert (await admin.get(at)).json()["tag"] == read
    theirs = {**NAMES, "kind": "site", "wkt": WKT}
    saved = await admin.put(at, json=theirs, headers={"If-Match": read})
    assert saved.status_code == 200, saved.text
    mine = {**NAMES, "kind": "no_entry", "wkt": WKT}
    stale = {"If-Match": read}
    refused = await admin.put(at, json=mine, headers=stale)
    kept = await admin.delete(at, headers=stale)
    assert (refused.status_code, kept.status_code) == (412, 412)
    assert refused.json()["type"] == "urn:gezhi:problem:geofence-changed"
    assert "重新载入" in refused.json()["detail_zh"]
    assert (await admin.get(at)).json()["geofence"]["kind"] == "site"
    fresh = {"If-Match": saved.headers["etag"]}
    assert (await admin.delete(at, headers=fresh)).status_code == 204
    gone = await admin.put(at, json=mine, headers=fresh)
    assert gone.status_code == 412


async def test_an_administrator_of_one_unit_does_not_draw_for_the_city(
    town: Town,
) -> None:
    async with town.client(await town.token(Role.ADMIN, unit_id=1)) as client:
        answers = [
            await client.put("/api/v1/geofences/x", json={**NAMES, "wkt": WKT}),
            await client.delete("/api/v1/geofences/area-1"),
            await client.post("/api/v1/quarantine/1/retry"),
            await client.delete("/api/v1/quarantine/1"),
        ]
    assert [answer.status_code for answer in answers] == [403] * 4


async def test_only_an_administrator_draws(town: Town) -> None:
    async with town.client(await town.token(Role.DISPATCHER)) as client:
        refused = await client.put("/api/v1/geofences/x", json={**NAMES, "wkt": WKT})
    assert refused.status_code == 403


RULE = """
code: no-parking
name: {zh: 停车, en: Parking}
kind: vehicle
condition:
  {type: geofence, is: inside, fences: "site-1, site-2", band_m: 5, severity: minor}
reason: {zh: "{device}", en: "{device}"}
source: test
"""


async def test_a_code_that_is_taken_is_not_drawn_over(
    admin: httpx2.AsyncClient,
) -> None:
    new = {"If-None-Match": "*"}
    body = {**NAMES, "wkt": WKT}
    made = await admin.put("/api/v1/geofences/site-1", json=body, headers=new)
    assert made.status_code == 201
    again = await admin.put("/api/v1/geofences/site-1", json=body, headers=new)
    assert again.status_code == 409
    assert again.json()["type"].endswith(":code-taken")
    assert "工地一" in again.json()["detail_zh"]


async def test_geofences_are_searched_by_code_name_and_kind(
    admin: httpx2.AsyncClient,
) -> None:
    body = {**NAMES, "kind": "no_entry", "wkt": WKT}
    await admin.put("/api/v1/geofences/Bridge-7", json=body)
    for text, codes in (
        ("bridge", ["Bridge-7"]),
        ("工地", ["Bridge-7"]),
        ("NO_ENTRY", ["Bridge-7"]),
        ("area", ["area-1"]),
        ("%", []),
    ):
        found = await admin.get("/api/v1/geofences", params={"text": text})
        assert [row["code"] for row in found.json()["items"]] == codes, text
    shapes = (await admin.get("/api/v1/geofence-shapes?limit=1")).json()
    assert shapes["items"][0]["geometry"]["type"] == "Polygon"
    following = (await admin.get(shapes["next"])).json()
    assert [row["code"] for row in following["items"]] == ["Bridge-7"]


async def test_each_kind_and_each_geofence_says_which_rules_look_at_it(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    await install_shipped(town.connection, utc_now())
    await put_live(
        town.connection, "no-parking", RULE.strip(), author="a", at=utc_now()
    )
    body = {**NAMES, "kind": "no_entry", "wkt": WKT}
    made = await admin.put("/api/v1/geofences/site-1", json=body)
    users = {(u["code"], u["fences"]) for u in made.json()["rules"]}
    assert users == {
        ("no-parking", "site-1, site-2"),
        ("vehicle-no-entry", "kind no_entry"),
    }
    told = (await admin.get("/api/v1/geofence-kinds")).json()
    kinds = {item["kind"]: item for item in told["items"]}
    assert {"", "depot", "night_ban", "no_entry", "stop_place"} == kinds.keys()
    assert kinds["no_entry"]["geofences"] == 1
    assert [u["name_zh"] for u in kinds["no_entry"]["rules"]] == ["车辆驶入禁行区"]
    assert kinds["depot"]["geofences"] == 0
    assert [u["code"] for u in told["rules_of_areas"]] == ["vehicle-out-of-area"]
    area = (await admin.get("/api/v1/geofences/area-1")).json()
    assert [u["code"] for u in area["rules"]] == ["vehicle-out-of-area"]


async def test_a_geofence_is_removed_and_what_it_was_is_kept(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    body = {**NAMES, "kind": "site", "wkt": WKT}
    await admin.put("/api/v1/geofences/site-1", json=body)
    version = "SELECT version FROM registry_version"
    before = await town.connection.fetchval(version)
    gone = await admin.delete("/api/v1/geofences/site-1")
    assert gone.status_code == 204, gone.text
    assert await town.connection.fetchval(version) == before + 1
    assert (await admin.get("/api/v1/geofences/site-1")).status_code == 404
    assert (await admin.delete("/api/v1/geofences/site-1")).status_code == 404
    changes = (await admin.get("/api/v1/geofences/site-1/changes")).json()
    assert [(c["is_new"], c["after"] is None) for c in changes] == [
        (False, True),
        (True, False),
    ]
    assert changes[0]["before"]["kind"] == "site"
    assert (await admin.get("/api/v1/geofences/none/changes")).status_code == 404


async def test_what_a_vehicle_or_a_rule_needs_is_not_removed(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    area = await admin.delete("/api/v1/geofences/area-1")
    assert area.status_code == 409
    assert "格A·10001" in area.json()["detail"]
    await admin.put("/api/v1/geofences/site-1", json={**NAMES, "wkt": WKT})
    await put_live(
        town.connection, "no-parking", RULE.strip(), author="a", at=utc_now()
    )
    named = await admin.delete("/api/v1/geofences/site-1")
    assert named.status_code == 409
    assert named.json()["type"].endswith(":geofence-in-use")
    assert "no-parking" in named.json()["detail_zh"]
    assert (await admin.get("/api/v1/geofences/site-1")).status_code == 200
    async with town.client(await town.token(Role.SUPERVISOR)) as client:
        assert (await client.delete("/api/v1/geofences/site-1")).status_code == 403


async def test_a_preview_checks_like_put_and_counts_who_is_inside(
    admin: httpx2.AsyncClient, town: Town
) -> None:
    now = utc_now()
    for minutes, lon, lat in ((90, 1110010, 350010), (9, 1110010, 350010), (5, 1, 1)):
        await town.connection.execute(
            'INSERT INTO "position" (device_id, fixed_at, lon_e7, lat_e7, inputs,'
            " quality, received_at) VALUES (4, $1, $2, $3, 0, 0, $1)",
            now - timedelta(minutes=minutes),
            lon * 1000,
            lat * 1000,
        )
    await town.connection.execute(
        "INSERT INTO last_position (device_id, fixed_at, lon_e7, lat_e7, quality,"
        " received_at) VALUES (4, $1, 1110010000, 350010000, 0, $1)",
        now,
    )
    body = {**NAMES, "kind": "site", "wkt": WKT}
    told = await admin.post("/api/v1/geofences/site-1/preview", json=body)
    assert told.status_code == 200, told.text
    seen = told.json()
    assert (seen["vehicles"], seen["hour_vehicles"], seen["hour_fixes"]) == (1, 1, 1)
    assert seen["named"][0]["code"] == "格A·10001"
    assert seen["area_m2"] == pytest.approx(182.5 * 221.9, rel=0.005)
    assert (await admin.get("/api/v1/geofences/site-1")).status_code == 404
    bow = "POLYGON ((111 35, 111.002 35.002, 111.002 35, 111 35.002, 111 35))"
    refused = await admin.post(
        "/api/v1/geofences/site-1/preview", json={**body, "wkt": bow}
    )
    assert refused.status_code == 422
    assert "Self-intersection[111.001 35.001]" in refused.text
