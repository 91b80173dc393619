"""Rules on the page: whom they judge, what stands; and of what number a limit is."""

from importlib import resources

import pytest

from store.rules.versions import install_shipped
from tests.api.town import utc_now
from tests.web.control_room import ControlRoom

pytestmark = [pytest.mark.browser, pytest.mark.db]

JUDGED = """async ([source, value, unit]) => {
    const { judged } = await import("/page/app/judged.js");
    return judged({ source, value }, unit);
}"""

SHOWN = {
    "vehicle-no-entry": ("inside", False, 30, "s"),
    "vehicle-out-of-area": ("outside", False, 15, "m"),
    "vehicle-stop-outside": ("stop", False, 1234, "s"),
    "vehicle-overspeed": ("overspeed", True, 5, "km/h"),
    "ponding": ("ponding", True, 20, "mm"),
    "cover-tilted": ("from_rest", False, 10, "°"),
    "pressure-dropped": ("from_rest", False, 4, "kPa"),
}
"""Of shipped rules: what is judged, whether that is a sample, its hold and its unit."""


async def test_the_rules_say_whom_they_judge_and_what_is_lacking(
    room: ControlRoom,
) -> None:
    await install_shipped(room.connection, utc_now())
    await room.enter()
    await room.page.locator(".open-rules").click()
    await room.page.wait_for_selector(".rules-view .rule-row")
    lamps = '[data-code="lamp-dark"]'
    await room.until_says(f"{lamps} .rule-judged", "判定 300 / 300")
    idle = '[data-code="cover-sensor-tilted"]'
    assert await room.page.locator(f'{idle} [data-none="true"]').is_visible()
    await room.until_says(idle, "120 个没有传感器倾斜")
    await room.page.locator(".switch-language").click()
    await room.page.wait_for_selector('h2:has-text("Rules")')
    await room.until_says(idle, "120 not: has no sensor tilted")
    assert room.complaints == []


async def test_a_limit_is_drawn_only_where_it_is_of_the_samples(
    room: ControlRoom,
) -> None:
    await room.enter()
    units = {"ponding": "mm", "cover-tilted": "°", "pressure-dropped": "kPa"}
    for code, (what, is_direct, hold_s, unit) in SHOWN.items():
        file = resources.files("rules") / "shipped" / f"{code}.yaml"
        sent = [file.read_text("utf-8"), 1234, units.get(code, "km/h")]
        found = await room.page.evaluate(JUDGED, sent)
        assert found == {
            "what": what,
            "isDirect": is_direct,
            "hold_s": hold_s,
            "unit": unit,
        }, code
