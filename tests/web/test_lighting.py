"""The lighting on the page: rates as ranges, the unknown hatched, by every grouping."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from store.registry.lamp_nights import NightLook, add_looks
from tests.api.town import utc_now
from tests.web.control_room import ControlRoom

pytestmark = [pytest.mark.browser, pytest.mark.db]


async def test_the_lighting_shows_each_cabinet_with_its_unknown_part(
    room: ControlRoom,
) -> None:
    now = utc_now()
    cabinet_id = await room.connection.fetchval(
        "SELECT id FROM device WHERE code = 'CB-0005'"
    )
    look = NightLook(
        cabinet_id=cabinet_id,
        night=now.date(),
        should=50,
        lit=48,
        unheard=1,
        burning=0,
        is_closed=True,
        energy_kwh=1000.0,
    )
    for hours in (2, 1):
        at = now - timedelta(hours=hours)
        await add_looks(room.connection, [look], at=at, step_s=3600)
    await room.enter()
    await room.page.locator("button.figure").first.click()
    await room.page.wait_for_selector(".lighting-view .lit-group")
    groups = room.page.locator(".lighting-view .lit-group")
    await room.until_count(".lighting-view .lit-group", 6)
    with_unknown = '[data-code="CB-0005"]'  # two of its lamps say nothing
    await room.until_says(f"{with_unknown} .lit-counts", "不明 2")
    await room.until_says(f"{with_unknown} strong", "–")
    assert await room.page.locator(f"{with_unknown} .lit-bar .unheard").is_visible()
    await room.until_says(f"{with_unknown} .lit-night", "亮灯率 96.0%–98.0%")
    shot = os.environ.get("GEZHI_TEST_SHOT")
    if shot:
        await room.page.screenshot(path=Path(shot))
    await room.page.locator('[data-by="subdistrict"]').click()
    await room.page.wait_for_selector('[data-by="subdistrict"][aria-pressed="true"]')
    await groups.nth(4).wait_for(state="detached")
    await groups.first.wait_for()
    await room.page.locator(".switch-language").click()
    await room.page.wait_for_selector('h2:has-text("Lamps lit")')
    assert room.complaints == []
