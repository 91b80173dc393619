"""Geofences on the page: drawn with a mouse, saved, seen, changed, refused in place."""

from datetime import timedelta

import asyncpg
import numpy as np
import pytest

from devices.registry.snapshot import load_snapshot
from store.access import create_token
from store.connection import Connection
from store.rules.versions import install_shipped
from store.telemetry.batch import Batch, Writer
from tests.api.town import utc_now
from tests.rules.workers import fold_all
from tests.web.control_room import ControlRoom
from tests.web.pen import Pen
from vocabulary.device import DeviceKind
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

pytestmark = [pytest.mark.browser, pytest.mark.db]

WKT = "POLYGON ((111 35.02, 111.002 35.02, 111.002 35.022, 111 35.022, 111 35.02))"


@pytest.fixture
async def pen(room: ControlRoom) -> Pen:
    """An administrator's hand over the sample city with the shipped rules."""
    await install_shipped(room.connection, utc_now())
    await room.page.emulate_media(reduced_motion="reduce")  # handles stand still
    await enter_as(room, "admin")
    return Pen(room)


async def enter_as(room: ControlRoom, role: str) -> None:
    room.token = await create_token(
        room.connection, name="画师", role=role, unit_id=None, at=utc_now()
    )
    await room.enter()


async def park(connection: Connection, lon: float, lat: float) -> None:
    """Let a vehicle stand at a place for a minute and a half from now on."""
    snapshot = await load_snapshot(connection)
    vehicle = next(d for d in snapshot.devices.values() if d.kind is DeviceKind.VEHICLE)
    now = utc_now() + timedelta(seconds=5)
    writer = Writer()
    for second in range(0, 90, 3):
        at = now + timedelta(seconds=second)
        us = np.array([us_from_datetime(at)], np.int64)
        fix = Positions(
            device_id=np.array([vehicle.id], np.int32),
            fixed_us=us,
            lon_e7=np.array([round(lon * 1e7)], np.int32),
            lat_e7=np.array([round(lat * 1e7)], np.int32),
            speed_kmh=np.array([6], np.float32),
            course_deg=np.array([0], np.float32),
            altitude_m=np.array([np.nan], np.float32),
            satellites=np.array([11], np.int16),
            hdop=np.array([0.8], np.float32),
            inputs=np.array([1], np.int32),
            quality=np.array([0], np.int32),
            received_us=us,
        )
        await writer.write(connection, Batch(Readings.empty(), fix, [], at))


async def test_a_polygon_with_a_hole_drawn_here_raises_an_alarm(
    pen: Pen, pool: asyncpg.Pool, database_url: str
) -> None:
    page = pen.page
    await pen.take()
    await pen.shot("01-begin")
    await pen.click((-200, -150), (180, -170), (220, 160))
    await page.keyboard.press("Backspace")
    assert len((await pen.draft())["path"]) == 2
    await pen.click((230, 140), (-190, 170))
    await pen.shot("02-path")
    await pen.click((-200, -150))
    await page.click('[data-tool="hole"]')
    await pen.click((-60, -50), (60, -50), (50, 60))
    await page.keyboard.press("Enter")
    assert await pen.corners() == [[4, 3]]
    drawn = (await pen.draft())["parts"][0]
    await pen.name("SITE-9", "no_entry")
    await page.wait_for_selector(".pen-preview .fence-users")
    await pen.room.until_says(".pen-preview", "车辆驶入禁行区")
    await pen.shot("03-form")
    await pen.save()
    await pen.shot("04-card")
    told = await pen.told("/geofences/SITE-9")
    rings = [[*ring, ring[0]] for ring in drawn]
    assert told["geometry"] == {"type": "Polygon", "coordinates": rings}
    await page.reload()
    await page.wait_for_selector(".fence-view .fence-users")
    await pen.room.until_says(".fence-users", "vehicle-no-entry")
    await pen.room.until_says(".fence-changes", "画师")
    (west, south), (_, north) = drawn[0][3], drawn[0][0]
    await park(pen.room.connection, west + 0.0004, (south + north) / 2)
    await fold_all(pool, database_url)
    reasons = await pool.fetch(
        "SELECT reason_zh FROM alarm WHERE rule = 'vehicle-no-entry' AND raised_seq > 1"
    )
    assert any("围栏 SITE-9" in row["reason_zh"] for row in reasons)
    assert pen.room.complaints == []


async def test_corners_are_moved_added_and_removed_and_the_change_is_told(
    pen: Pen,
) -> None:
    page = pen.page
    await pen.take()
    await pen.click((-200, -120), (200, -120), (200, 120), (-200, 120))
    await page.keyboard.press("Enter")
    await pen.name("SITE-1", "site")
    await pen.save()
    before = await pen.told("/geofences/SITE-1")
    await page.click(".fence-edit")
    await page.wait_for_selector('.pen-handle[data-key="0-0-0"]')
    corner = await pen.handle("0-0-0")
    await pen.drag(corner, (-120, -150))
    assert await pen.corners() == [[4]]
    await pen.drag(await pen.handle("g0-0-2"), (260, 0))
    assert await pen.corners() == [[5]]
    await page.mouse.click(*await pen.handle("0-0-4"), button="right")
    assert await pen.corners() == [[4]]
    await page.keyboard.press("Control+z")
    assert await pen.corners() == [[5]]
    await page.focus('.pen-handle[data-key="0-0-4"]')
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Delete")
    assert await pen.corners() == [[4]]
    there = await pen.draft()
    x, y = await pen.handle("whole")
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 30, y - 40, steps=6)
    await page.mouse.up()
    moved = [
        (new[0] > old[0], new[1] > old[1])
        for new, old in zip(
            (await pen.draft())["parts"][0][0], there["parts"][0][0], strict=True
        )
    ]
    assert moved == [(True, True)] * 4
    await pen.shot("05-edited")
    shown = (await pen.draft())["parts"][0][0]
    await pen.save()
    after = await pen.told("/geofences/SITE-1")
    assert after["geometry"]["coordinates"] == [[*shown, shown[0]]]
    assert after["geometry"] != before["geometry"]
    changes = page.locator(".fence-change")
    await pen.room.until_count(".fence-change", 2)
    assert "重画边界" in await changes.first.inner_text()
    await changes.first.hover()
    await pen.shot("06-compared")
    compared = "import('/page/app/fences/sight.js').then((m) => m.compared.value)"
    assert (await page.evaluate(compared))["before"]["parts"][0][0] != shown
    assert pen.room.complaints == []


async def test_circles_and_corridors_are_drawn_and_shapes_are_pasted(pen: Pen) -> None:
    page = pen.page
    await pen.take("circle")
    await pen.drag(await pen.at((-100, 0)), (60, 40))
    first = (await pen.draft())["radius_m"]
    await pen.drag(await pen.handle("radius"), (200, 0))
    assert (await pen.draft())["radius_m"] > first
    await pen.name("ROUND")
    await page.fill('[name="radius_m"]', "85.5")
    await pen.shot("10-circle")
    await pen.save()
    told = await pen.told("/geofences/ROUND")
    assert (told["geofence"]["shape"], told["geofence"]["radius_m"]) == ("circle", 85.5)
    assert told["geometry"]["type"] == "Point"
    await pen.take("corridor", zoom_in=0)
    await pen.click((-250, 100), (0, -60), (220, 80))
    await page.mouse.dblclick(*await pen.at((300, -100)))
    assert await pen.corners() == [[4]]
    await pen.name("ROAD")
    await page.fill('[name="radius_m"]', "25")
    await pen.shot("11-corridor")
    await pen.save()
    told = await pen.told("/geofences/ROAD")
    assert told["geometry"]["type"] == "LineString"
    assert len(told["geometry"]["coordinates"]) == 4
    await pen.take(zoom_in=0)
    await page.click(".pen-paste summary")
    await page.fill(".pen-paste textarea", "POLYGON ((111 35,")
    await page.click(".pen-paste .move")
    await pen.room.until_says(".pen-paste .login-error", "不是 GeoJSON")
    await page.fill(".pen-paste textarea", WKT)
    await page.click(".pen-paste .move")
    await page.wait_for_selector(".pen-preview [data-hour]")
    assert await pen.corners() == [[4]]
    await pen.name("PASTED")
    await pen.save()
    told = await pen.told("/geofences/PASTED")
    assert told["geometry"]["coordinates"][0][2] == [111.002, 35.022]
    assert pen.room.complaints == []


async def test_what_is_wrong_is_shown_where_it_is(pen: Pen) -> None:
    page = pen.page
    await pen.take()
    await page.click(".pen-save")
    await pen.room.until_says(".pen-error", "还没有画")
    assert await page.get_attribute('[name="code"]', "aria-invalid") == "true"
    await pen.click((-200, -120), (200, 120), (200, -120), (-200, 120))
    await page.keyboard.press("Enter")
    await pen.name("AREA-S01", "No Entry")
    await page.click(".pen-save")
    await pen.room.until_says(".pen-error", "请先改正")
    mark = await page.locator(".pen-wrong").bounding_box()
    assert mark is not None
    x, y = await pen.at((0, 0))
    assert abs(mark["x"] + mark["width"] / 2 - x) < 4
    assert abs(mark["y"] + mark["height"] / 2 - y) < 4
    await pen.room.until_says(".pen-wrongs", "边界在此自相交")
    await pen.shot("12-crossing")
    refused = page.expect_response("**/geofences/AREA-S01")
    await pen.drag(await pen.handle("0-0-2"), (-200, 300))
    await page.wait_for_selector(".pen-wrong", state="detached")
    async with refused as answer:
        await page.click(".pen-save")
    assert (await answer.value).status == 422
    await page.wait_for_selector('[data-field="kind"] .pen-fault:not([hidden])')
    await pen.room.until_says('[data-field="kind"] .pen-fault', "no_entry")
    await page.fill('[name="kind"]', "no_entry")
    await page.click(".pen-save")
    await page.wait_for_selector('[data-field="code"] .pen-fault:not([hidden])')
    await pen.room.until_says('[data-field="code"] .pen-fault', "已被")
    await pen.shot("13-taken")
    await page.keyboard.press("Escape")
    await page.wait_for_selector("#drawer", state="hidden")
    await page.click(".open-fences")
    await page.click(".fence-waiting")
    assert await page.input_value('[name="code"]') == "AREA-S01"
    await page.click(".pen-cancel")
    await page.click(".pen-cancel")
    await page.wait_for_selector(".fence-row")
    assert await page.locator(".fence-waiting").count() == 0


async def test_what_somebody_else_has_changed_is_said_and_loaded_again(
    pen: Pen,
) -> None:
    page = pen.page
    await pen.take()
    await pen.click((-200, -120), (200, -120), (200, 120), (-200, 120))
    await page.keyboard.press("Enter")
    await pen.name("SITE-1", "site")
    await pen.save()
    await page.click(".fence-edit")
    await page.wait_for_selector('.pen-handle[data-key="0-0-0"]')
    theirs = {"name_zh": "别人画的", "name_en": "Theirs", "kind": "site", "wkt": WKT}
    status = await page.evaluate(
        "(row) => fetch('/api/v1/geofences/SITE-1', { method: 'PUT',"
        " headers: { 'Content-Type': 'application/json' },"
        " body: JSON.stringify(row) }).then((answer) => answer.status)",
        theirs,
    )
    assert status == 200
    await page.fill('.pen-form [name="name_zh"]', "我画的")
    await page.click(".pen-save")
    await page.wait_for_selector(".pen-again:visible")
    assert "重新载入" in await page.inner_text(".pen-error")
    assert await page.is_hidden(".pen-save")
    await page.click(".pen-again")
    await page.wait_for_selector('.fence-view h2:has-text("别人画的")')
    told = await pen.told("/geofences/SITE-1")
    assert told["geofence"]["name_zh"] == "别人画的"


async def test_a_viewer_finds_a_geofence_and_has_no_pen(room: ControlRoom) -> None:
    await enter_as(room, "viewer")
    page = room.page
    await page.click(".open-fences")
    await page.wait_for_selector(".fence-row")
    await room.until_count(".fence-row", 36)
    await page.fill(".fence-search input", "步行街")
    await page.wait_for_selector(".fence-row >> nth=1", state="detached")
    await page.click(".fence-row")
    await page.wait_for_selector(".fence-view .facts")
    await room.until_says(".fence-view .facts", "PED-01")
    assert await page.locator(".fence-new, .fence-edit, .fence-remove").count() == 0
    await page.goto(f"{room.url}/#pen-0")
    await page.wait_for_selector(".fence-row")
    assert await page.locator(".pen-form").count() == 0


async def test_a_geofence_is_removed_unless_a_vehicle_works_in_it(pen: Pen) -> None:
    page = pen.page
    for code, words in (("AREA-S01", "作业区"), ("PED-01", "")):
        await page.goto(f"{pen.room.url}/#fence-{code}")
        await page.click(f'.fence-view:has-text("{code}") .fence-remove')
        await page.click(".fence-sure")
        if words:
            await page.wait_for_selector(".fence-ask .login-error:not([hidden])")
            await pen.room.until_says(".fence-ask .login-error", words)
    await page.wait_for_selector(".fence-row")
    assert (await pen.told("/geofences/PED-01"))["status"] == 404


async def test_a_finger_draws_on_a_phone_and_keys_alone_draw_too(pen: Pen) -> None:
    page = pen.page
    await page.set_viewport_size({"width": 390, "height": 844})
    await pen.take(zoom_in=0)
    for spot in ((-120, -100), (120, -90), (110, 60)):
        await page.mouse.click(*await pen.at(spot))
    await page.click('[data-tool="close"]')
    await page.mouse.click(*await pen.handle("0-0-2"))
    assert (await pen.draft())["chosen"] == {"part": 0, "ring": 0, "at": 2}
    wide = await page.evaluate(
        "[...document.querySelectorAll('#bar, #pen, #side, #drawer, #drawer *')]"
        ".filter((node) => node.getBoundingClientRect().right > innerWidth + 1)"
        ".map((node) => node.outerHTML.slice(0, 80))"
    )
    assert wide == []
    unnamed = await page.evaluate(
        "[...document.querySelectorAll('button, input, [role=button]')]"
        ".filter((node) => node.offsetParent && !(node.textContent.trim() || node.title"
        " || node.ariaLabel || node.labels?.length)).map((node) => node.outerHTML)"
    )
    assert unnamed == []
    await page.click('[data-shape="corridor"]')
    await page.focus("#map")
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowRight")
    await pen.settled()
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    assert await pen.corners() == [[2]]
    assert pen.room.complaints == []
