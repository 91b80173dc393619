"""A group's case on the page: how many, each device, what became of it."""

import os
from pathlib import Path

import pytest

from store.cases.members import NewMember, insert_members, set_shape
from tests.api.town import utc_now
from tests.web.control_room import ControlRoom

pytestmark = [pytest.mark.browser, pytest.mark.db]

LAMPS = "SELECT id, code FROM device WHERE code LIKE 'LP-%' ORDER BY code LIMIT 12"


async def test_a_group_case_lists_its_members(room: ControlRoom) -> None:
    rows = await room.connection.fetch(LAMPS)
    case_id = await room.connection.fetchval(
        "SELECT id FROM case_file ORDER BY opened_at DESC, id DESC LIMIT 1"
    )
    members = [
        NewMember(device_id=row["id"], alarm_id=0, state="unknown", has_own=False)
        for row in rows
    ]
    await insert_members(room.connection, case_id, members, at=utc_now())
    await set_shape(room.connection, case_id, "group")
    await room.enter()
    await room.page.locator(".case").first.click()
    await room.page.wait_for_selector(".case-view .members li")
    await room.until_count(".case-view .members li", 12)
    await room.until_says(".case-view .case-head", "合并 12 个")
    assert rows[0]["code"] in await room.text(".case-view .members")
    shot = os.environ.get("GEZHI_TEST_SHOT")
    if shot:
        await room.page.screenshot(path=Path(shot))
    assert room.complaints == []
