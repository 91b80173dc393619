"""Telling a lamp what to do from the page, and seeing how far that has come."""

from dataclasses import replace

import orjson
import pytest
from playwright.async_api import Locator

from cases.evidence import command_body
from store.commands.moves import move_on, tell
from store.commands.queue import claim_commands
from store.commands.read import command_steps, commands
from tests.api.town import utc_now
from tests.commands.street import ask
from tests.web.control_room import ControlRoom
from tests.web.pen import FRAMES
from tests.web.troubles import TROUBLES
from vocabulary.command import State, Switch

pytestmark = [pytest.mark.db, pytest.mark.browser]

DARK = "LP-0105"

CASE_OF = """
SELECT c.id FROM case_file c JOIN device d ON d.id = c.device_id WHERE d.code = $1
"""

IS_ABOUT = """
UPDATE evidence SET body = jsonb_set(body, '{command}', $2::text::jsonb)
WHERE case_id = $1 AND kind = 'rule'
"""

PRESS_SURELY = """(button) => {
    if (!button.dataset.armed) button.click();
    button.click();
}"""
"""A second press, however long ago the first was: after a while that is forgotten."""

KEEPS_TURNS = """
const real = window.setInterval;
window.turns = [];
window.setInterval = (action, ms) => {
    window.turns.push(action);
    return real(action, ms);
};
"""

PRESSED_AND_LEFT = """async (button) => {
    button.click();
    for (const turn of window.turns) turn();
    await new Promise((go) => setTimeout(go, 1500));
    return button.isConnected && button.dataset.armed === "yes";
}"""

LAMP = """
SELECT d.id FROM device d JOIN profile p ON p.id = d.profile_id
WHERE p.kind = 'lamp' ORDER BY d.id LIMIT 1
"""


async def press_surely(button: Locator) -> None:
    await button.evaluate(PRESS_SURELY)


async def test_a_lamp_is_dimmed_after_a_second_press_and_sent_is_not_done(
    room: ControlRoom,
) -> None:
    await room.enter()
    page = room.page
    lamp = await room.connection.fetchval(LAMP)
    await page.goto(f"{room.url}/#device-{lamp}")
    dim = page.get_by_role("button", name="40%")
    await dim.click()
    count = "SELECT count(*) FROM command"
    assert await room.connection.fetchval(count) == 0
    await press_surely(dim)
    await page.wait_for_selector('.command[data-state="queued"]')
    (command,) = await claim_commands(
        room.connection, at=utc_now(), down=(), busy=(), most=9, most_each=9
    )
    for state, words in (
        (State.SENT, "已发出，未确认"),
        (State.ACKED, "设备已应答"),
        (State.EFFECT_SEEN, "已见效"),
    ):
        async with room.connection.transaction():
            moved = await move_on(room.connection, command.number, state, at=utc_now())
            await tell(room.connection, [moved])
        await page.wait_for_selector(f'.command[data-state="{state}"]')
        await room.until_says(".command-state", words)
    assert room.complaints == []


async def test_a_waiting_command_is_taken_back(room: ControlRoom) -> None:
    await room.enter()
    page = room.page
    lamp = await room.connection.fetchval(LAMP)
    await page.goto(f"{room.url}/#device-{lamp}")
    await press_surely(page.get_by_role("button", name="关灯"))
    await page.locator(".command button").hover()
    async with page.expect_response("**/commands?limit=*"):
        await page.mouse.down()  # each second the list is looked at anew
    await page.evaluate(FRAMES)
    await page.mouse.up()
    await page.wait_for_selector('.command[data-state="cancelled"]')
    assert room.complaints == []


async def test_a_first_press_outlives_the_redraws_of_the_device(
    room: ControlRoom,
) -> None:
    await room.page.add_init_script(KEEPS_TURNS)
    await room.enter()
    lamp = await room.connection.fetchval(LAMP)
    await room.page.goto(f"{room.url}/#device-{lamp}")
    off = room.page.get_by_role("button", name="关灯")
    assert await off.evaluate(PRESSED_AND_LEFT)
    assert room.complaints == []


async def test_a_case_on_an_order_shows_what_was_ordered(
    room: ControlRoom,
) -> None:
    connection = room.connection
    await room.play.trouble(replace(TROUBLES[0], device=DARK, age_s=140), utc_now())
    case_id = await connection.fetchval(CASE_OF, DARK)
    await ask(connection, DARK, Switch(on=True))
    (row,) = await commands(connection, scope=None, limit=9)
    for state in (State.SENT, State.ACKED):
        await move_on(connection, row.number, state, at=utc_now())
    body = command_body(row, await command_steps(connection, row.number))
    await connection.execute(IS_ABOUT, case_id, orjson.dumps(body).decode())
    await room.enter()
    await room.page.goto(f"{room.url}/#case-{case_id}")
    await room.page.wait_for_selector(".case-view .chart-decided")
    await room.until_says(".case-view .ordered", "命令：开灯")
    assert room.complaints == []
