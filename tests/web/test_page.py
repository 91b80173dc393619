"""The page shows the city live, in two languages, by mouse and by keyboard."""

import asyncio

import pytest
from playwright.async_api import Route

from store.access import create_token, revoke_token, token_text, unit_id_of
from tests.api.town import tell_case, utc_now
from tests.web.control_room import ControlRoom
from tests.web.pen import FRAMES
from tests.web.troubles import OPEN_COVER

pytestmark = [pytest.mark.browser, pytest.mark.db]

LOOKS_OFTEN = """
const real = window.setInterval;
window.setInterval = (action, ms) => real(action, Math.min(ms, 1000));
"""
"""What the page looks at every ten seconds it looks at every second."""

CLOSED_UNTOLD = """
UPDATE case_file SET stage = 'closed', closed_at = now() WHERE id = (
    SELECT id FROM case_file WHERE title_zh <> '作业车辆超速' ORDER BY id LIMIT 1)
"""

HIT_AGAIN = """
UPDATE case_file SET hit_count = hit_count + 1 WHERE title_zh = '作业车辆超速'
RETURNING id, unit_id
"""


async def test_the_page_loads_without_a_complaint_and_from_us_alone(
    room: ControlRoom,
) -> None:
    await room.enter()
    await room.until_count(".case", 4)
    await room.until_count(".figure", 7)
    await room.until_count(".pin", 4)
    await room.page.locator(".case").first.click()
    await room.page.wait_for_selector(".case-view .timeline")
    assert all(url.startswith(room.url) for url in room.asked), room.asked
    assert room.complaints == []


async def test_a_case_arrives_by_itself_and_shows_its_proof(room: ControlRoom) -> None:
    await room.enter()
    await room.play.trouble(OPEN_COVER, utc_now())
    case = room.page.locator(".case", has_text="井盖缺失或开启")
    await case.wait_for()
    await room.until_says('.chip[data-severity="critical"] b', "2")
    await case.click()
    await room.page.wait_for_selector(".case-view .chart-limit")
    await room.until_says(".case-view .reason", "倾角 63°")
    await room.until_says(".case-view .evidence", "阈值 30")
    assert room.complaints == []


async def test_the_language_is_switched_everywhere_and_kept(room: ControlRoom) -> None:
    await room.enter()
    await room.until_says(".cases-head h2", "案卷")
    await room.page.click(".switch-language")
    await room.until_says(".cases-head h2", "Cases")
    await room.until_says(".figure-name", "Covers")
    assert await room.page.title() == "Gezhi · city at work"
    assert await room.page.get_attribute("html", "lang") == "en"
    await room.page.reload()
    await room.page.wait_for_selector(".case")
    await room.until_says(".case", "Vehicle overspeed")
    assert room.complaints == []


async def test_a_case_is_found_opened_and_left_by_keyboard(room: ControlRoom) -> None:
    await room.enter()
    keys = room.page.keyboard
    await keys.press("/")
    await keys.type("PR-0005")
    await keys.press("Enter")
    await room.page.wait_for_selector(".device-view .last")
    await room.until_says(".device-view .last", "86 kPa")
    await keys.press("Escape")
    await room.page.wait_for_selector("#drawer", state="hidden")
    await room.page.locator(".case").first.focus()
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await room.page.wait_for_selector(".case-view .moves")
    await keys.press("Escape")
    await room.page.wait_for_selector("#drawer", state="hidden")
    focused = await room.page.evaluate("document.activeElement.className")
    assert focused == "case"
    unnamed = await room.page.evaluate(
        "[...document.querySelectorAll('button, input')].filter((node) =>"
        " node.offsetParent && !(node.textContent.trim() || node.title"
        " || node.ariaLabel)).map((node) => node.outerHTML)"
    )
    assert unnamed == []


async def test_a_dispatcher_sends_a_case_on_and_the_list_follows(
    room: ControlRoom,
) -> None:
    await room.enter()
    await room.page.locator(".case", has_text="作业车辆超速").click()
    await room.page.click('[data-move="dispatch"]')
    await room.page.fill(".move-form textarea", "请核查驾驶员")
    await room.page.click(".move-form .primary")
    await room.page.wait_for_selector('.timeline li:has-text("请核查驾驶员")')
    await room.page.click(".drawer-back")
    row = room.page.locator(".case", has_text="作业车辆超速")
    await row.locator('.tag.stage:text("待处理")').wait_for()
    assert room.complaints == []


async def test_a_press_counts_though_the_list_moves_on_under_it(
    room: ControlRoom,
) -> None:
    await room.enter()
    row = room.page.locator(".case", has_text="作业车辆超速")
    await row.hover()
    await room.page.mouse.down()
    (hit,) = await room.connection.fetch(HIT_AGAIN)
    async with room.page.expect_response(f"**/api/v1/cases/{hit['id']}"):
        await tell_case(room.connection, hit["id"], unit_id=hit["unit_id"])
    await room.page.evaluate(FRAMES)
    await room.page.mouse.up()
    await room.page.wait_for_selector(".case-view .timeline")
    await row.locator(".tag", has_text="2 次").wait_for(state="attached")
    assert room.complaints == []


async def test_what_is_being_written_outlives_a_redraw_that_was_under_way(
    room: ControlRoom,
) -> None:
    await room.enter()
    await room.page.locator(".case", has_text="作业车辆超速").click()
    await room.page.wait_for_selector('[data-move="dispatch"]')
    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        held.set()
        await let_go.wait()
        await route.continue_()

    evidence = "**/api/v1/cases/*/evidence"  # only the open case asks for it
    await room.page.route(evidence, hold)
    (row,) = await room.connection.fetch(HIT_AGAIN)
    await tell_case(room.connection, row["id"], unit_id=row["unit_id"])
    async with asyncio.timeout(300):
        await held.wait()
    await room.page.click('[data-move="dispatch"]')
    await room.page.fill(".move-form textarea", "请核查驾驶员")
    async with room.page.expect_response(evidence):
        let_go.set()
    await room.page.evaluate(FRAMES)
    written = room.page.locator(".move-form textarea")
    assert [await each.input_value() for each in await written.all()] == [
        "请核查驾驶员"
    ]


async def test_a_track_is_drawn_with_its_gap_and_can_be_played(
    room: ControlRoom,
) -> None:
    await room.enter()
    device_id = await room.connection.fetchval(
        "SELECT id FROM device WHERE code = 'VT-0001'"
    )
    await room.page.goto(f"{room.url}/#device-{device_id}")
    await room.page.click(".track-open")
    await room.page.wait_for_selector("#track .track-scrub")
    await room.until_says(".track-facts", "公里")
    before = await room.text(".track-moment b")
    await room.page.click(".track-play")
    async with asyncio.timeout(300):
        while await room.text(".track-moment b") == before:
            await room.page.wait_for_timeout(50)
    await room.page.click(".track-play", delay=200)  # a hand is slower than a frame
    await room.page.wait_for_selector('.track-play[title="播放"]')
    await room.page.keyboard.press("Escape")
    await room.page.keyboard.press("Escape")
    await room.page.wait_for_selector("#track", state="hidden")
    assert room.complaints == []


async def test_a_revoked_token_leads_back_to_the_log_in(room: ControlRoom) -> None:
    await room.enter()
    known = token_text(room.token)
    assert known is not None
    await revoke_token(room.connection, known.key, at=utc_now())
    await room.page.locator(".case").first.click()
    await room.page.wait_for_selector(".login-card")
    await room.until_says(".login-error", "会话已结束")


async def test_a_case_that_went_to_another_unit_leaves_the_list(
    room: ControlRoom,
) -> None:
    room.token = await create_token(
        room.connection,
        name="水司",
        role="department",
        unit_id=await unit_id_of(room.connection, "water"),
        at=utc_now(),
    )
    await room.page.add_init_script(LOOKS_OFTEN)
    await room.enter()
    await room.until_count(".case", 1)
    await room.connection.execute(
        "UPDATE case_file SET unit_id = (SELECT id FROM unit WHERE code = 'power')"
    )
    await room.page.wait_for_selector(".case-list .empty")


async def test_a_list_that_was_long_on_its_way_takes_nothing_back(
    room: ControlRoom,
) -> None:
    await room.page.add_init_script(LOOKS_OFTEN)
    await room.enter()
    held, let_go = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        found = await route.fetch()
        held.set()
        await let_go.wait()
        await route.fulfill(response=found)

    lists = "**/api/v1/cases?open=*"
    await room.page.route(lists, hold)
    await room.connection.execute(CLOSED_UNTOLD)  # so the list is asked for anew
    async with asyncio.timeout(300):
        await held.wait()
    (hit,) = await room.connection.fetch(HIT_AGAIN)
    await tell_case(room.connection, hit["id"], unit_id=hit["unit_id"])
    row = room.page.locator(".case", has_text="作业车辆超速")
    twice = row.locator(".tag", has_text="2 次")
    await twice.wait_for()
    async with room.page.expect_response(lists):
        let_go.set()
    await room.until_count(".case", 3)
    await twice.wait_for()
    await room.page.unroute(lists)


async def test_on_a_phone_nothing_is_wider_than_the_screen(room: ControlRoom) -> None:
    await room.page.set_viewport_size({"width": 390, "height": 844})
    await room.enter()
    await room.page.locator(".case").first.click()
    await room.page.wait_for_selector(".case-view .timeline")
    wide = await room.page.evaluate(
        "[...document.querySelectorAll('#bar, #stage, #side, #drawer, #drawer *')]"
        ".filter((node) => node.getBoundingClientRect().right > innerWidth + 1)"
        ".map((node) => node.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert await room.page.evaluate("document.documentElement.scrollWidth") == 390


async def test_while_the_platform_is_away_the_page_says_so_and_comes_back(
    room: ControlRoom,
) -> None:
    await room.enter()
    away = '{"type": "urn:gezhi:problem:database-away", "detail": "away"}'
    await room.page.route(
        "**/api/v1/session",
        lambda route: route.fulfill(
            status=503, content_type="application/problem+json", body=away
        ),
    )
    await room.page.reload()
    await room.page.wait_for_selector("#login .empty")
    await room.until_says("#login .empty", "数据库暂时连不上")
    await room.page.unroute("**/api/v1/session")
    await room.page.wait_for_selector(".case")
