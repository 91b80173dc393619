"""Cases that come back on the page: marks, a warning before closing, a group split."""

import os
from pathlib import Path

import pytest

from store.cases.members import NewMember, insert_members, set_shape
from tests.api.town import utc_now
from tests.web.control_room import ControlRoom

pytestmark = [pytest.mark.browser, pytest.mark.db]

NEWEST = "SELECT id FROM case_file ORDER BY opened_at DESC, id DESC LIMIT 1"
LAMPS = "SELECT id FROM device WHERE code LIKE 'LP-%' ORDER BY code LIMIT 3"
ALARM = """
INSERT INTO alarm (rule, rule_version, device_id, severity, raised_seq, raised_at,
    measured_at, reason_zh, reason_en, case_id, handling, lead_id)
VALUES ($1, 1, $2, 'major', 1, now(), now(), '灯不亮', 'dark', $3, $4, $5) RETURNING id
"""


async def shoot(room: ControlRoom, name: str) -> None:
    folder = os.environ.get("GEZHI_TEST_SHOTS")
    if folder:
        await room.page.screenshot(path=Path(folder) / f"{name}.png")


async def test_a_case_that_came_back_says_so_in_the_list_and_when_opened(
    room: ControlRoom,
) -> None:
    earlier = await room.connection.fetchval("SELECT min(id) FROM case_file")
    case_id = await room.connection.fetchval(NEWEST)
    await room.connection.execute(
        "UPDATE case_file SET rework_at = now(), recovered_at = NULL, reopen_count = 1,"
        " reopened_at = now(), repeat_count = 2, repeat_of = $1"
        " WHERE id = $2",
        earlier,
        case_id,
    )
    await room.enter()
    marks = room.page.locator(".case").first.locator(".tag.back")
    assert await marks.all_inner_texts() == ["返工", "重开", "重复 2"]
    await room.page.locator(".case").first.click()
    await room.page.wait_for_selector(".case-view .case-head .tag.back")
    await room.until_says(".case-view", "上一案卷")
    await shoot(room, "came-back")
    assert room.complaints == []


async def test_a_dispatcher_splits_a_group_on_the_page(room: ControlRoom) -> None:
    case_id = await room.connection.fetchval(NEWEST)
    lamps = [row["id"] for row in await room.connection.fetch(LAMPS)]
    lead = await room.connection.fetchval(
        ALARM, "group:circuit-dark", lamps[0], case_id, "filed", None
    )
    members = []
    for lamp in lamps:
        alarm_id = await room.connection.fetchval(
            ALARM, "lamp-dark", lamp, case_id, "member", lead
        )
        members.append(
            NewMember(device_id=lamp, alarm_id=alarm_id, state="bad", has_own=False)
        )
    await insert_members(room.connection, case_id, members, at=utc_now())
    await set_shape(room.connection, case_id, "group")
    await room.enter()
    await room.page.locator(".case").first.click()
    await room.page.locator('.case-view [data-move="split"]').click()
    await room.page.fill(".split textarea", "三盏灯各有各的毛病")
    await shoot(room, "splitting")
    await room.page.locator(".split .primary").click()
    told = room.page.locator(".split p", has_text="三盏灯各有各的毛病")
    await told.first.wait_for()
    assert "值班台" in await told.first.inner_text()
    await shoot(room, "split")
    reasons = await room.connection.fetch("SELECT reason FROM case_split")
    assert [row["reason"] for row in reasons] == ["三盏灯各有各的毛病"]
    assert room.complaints == []
