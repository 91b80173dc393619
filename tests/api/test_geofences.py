"""Geofences over the API: drawn, read as WKT, refused whole, and told to everybody."""

import httpx2
import pytest

from store.access import Role
from store.journal import Kind
from tests.api.town import Town

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


async def test_only_an_administrator_draws(town: Town) -> None:
    async with town.client(await town.token(Role.DISPATCHER)) as client:
        refused = await client.put("/api/v1/geofences/x", json={**NAMES, "wkt": WKT})
    assert refused.status_code == 403
