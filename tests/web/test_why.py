"""The page says why a case was filed: figures of the API, words of the command."""

from collections.abc import AsyncIterator

import asyncpg
import numpy as np
import pytest
from playwright.async_api import Browser

from api.app import create_app
from store.access import create_token
from store.rules.windows import NewWindow, insert_window
from store.telemetry.batch import Batch
from tests.api.town import WEB_ROOT, served, utc_now
from tests.bundle.test_many import DEAD, silent_gateway
from tests.rules.city_feed import install_city
from tests.rules.workers import ZONE
from tests.triage.city import City
from tests.web.desk import Desk
from tests.web.play import SAMPLE_CITY
from vocabulary.position import DEGREES_E7, Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

pytestmark = [pytest.mark.browser, pytest.mark.db]

ORDERS = """async () => {
    const { statesChart } = await import("/page/app/why/states_chart.js");
    const { axisOf } = await import("/page/app/why/time_axis.js");
    const at = (s) => new Date(s * 1000).toISOString();
    const order = (s, state) => (
        { at: at(s), turn: "switch_on", state, number: 4, is_judged: true });
    const step = { at: at(60), severity: "minor", before: "normal", after: "active" };
    const told = { timeline: [step], gaps: [], judged: "command",
        orders: [order(0, "sent"), order(30, "acked"), order(900, "effect_seen")] };
    const x = axisOf([0, 120_000]);
    const chart = statesChart(told, x);
    const place = (node) => Number(/M([\\d.]+)/.exec(node.getAttribute("d"))[1]);
    const drawn = [...chart.querySelectorAll(".why-order path")].map(place);
    return [drawn, [x(0), x(30_000)]];
}"""
"""Where orders are drawn below the states, and where their times are on the axis."""

DEPTHS_MM = (0, 10, 20, None, None, None, None, None, 90, 155, 160, 165, 170)
"""What a gauge says every ten seconds; None for nothing."""


@pytest.fixture
async def desk(
    pool: asyncpg.Pool, database_url: str, browser: Browser
) -> AsyncIterator[Desk]:
    """The page, logged out, over the sample city in which nothing was said yet."""
    async with pool.acquire() as connection:
        city = City(pool, database_url, await install_city(connection))
        token = await create_token(
            connection, name="值班台", role="dispatcher", unit_id=None, at=utc_now()
        )
    app = create_app(
        database_url=database_url,
        clock=utc_now,
        web_root=WEB_ROOT,
        basemap=SAMPLE_CITY / "basemap.geojson",
        time_zone=ZONE,
    )
    async with served(app) as url:
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        yield Desk(page, url, token, city)
        await page.close()


async def the_alarm(desk: Desk, rule: str) -> asyncpg.Record:
    """Fold what was said; return the first alarm of a rule, with its case's number."""
    await desk.city.fold()
    found = await desk.city.pool.fetchrow(
        "SELECT a.id, a.case_id, f.number FROM alarm a LEFT JOIN case_file f"
        " ON f.id = a.case_id WHERE a.rule = $1 ORDER BY a.id",
        rule,
    )
    assert found is not None
    return found


async def test_a_threshold_is_explained_by_the_figures_of_the_api_and_the_command(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, depth_mm in enumerate(DEPTHS_MM):
        if depth_mm is not None:
            await desk.city.say(10 * place, {"PD-0003": {"depth_mm": depth_mm}})
    await desk.city.tick(121, 130)
    alarm = await the_alarm(desk, "ponding")
    await desk.sit_down()
    await desk.open_why(alarm["case_id"])
    whole = await desk.asked(f"/cases/{alarm['number']}/explanation")
    told = whole["explained"]
    assert isinstance(told, dict)

    assert await desk.figures(".chart-limit[data-severity]", "at") == [150, 270, 400]
    assert [limit["at"] for limit in told["limits"]] == [150, 270, 400]
    (own,) = await desk.figures('figcaption[data-what="depth_mm"]', "own")
    assert own == len([d for d in DEPTHS_MM if d is not None])
    assert own == len([sample for sample in told["samples"] if sample["is_own"]])
    assert len(told["gaps"]) == 1
    await desk.page.click('[data-span="whole"]')
    assert await desk.page.locator(".why-gap").count() == 1
    bands = "nodes => nodes.map((node) => node.dataset.state)"
    states = await desk.page.eval_on_selector_all(".why-band", bands)
    assert states == ["normal", "pending", "active", "unknown"]

    await desk.explain(alarm["number"])
    printed = capsys.readouterr().out
    sayings = whole["sayings"]
    assert isinstance(sayings, list)
    assert await desk.texts(".why-says li") == [saying["zh"] for saying in sayings]
    for line in await desk.texts(".why-says li, .why-verdict"):
        assert line in printed
    assert whole["is_same"] is True
    total = await desk.page.get_attribute(".why-hash code", "data-total")
    assert total == whole["total"]
    assert f"SHA-256 {total}" in printed
    assert f"v{told['rule_version']}" in (await desk.texts(".why-rule .jump"))[0]
    assert desk.complaints == []


async def test_the_bundle_of_the_page_is_replayed_and_the_rule_opens_at_its_version(
    desk: Desk,
) -> None:
    for second in range(0, 40, 10):
        await desk.city.say(second, {"PD-0003": {"depth_mm": 200.0 + second}})
    alarm = await the_alarm(desk, "ponding")
    await desk.sit_down()
    await desk.open_why(alarm["case_id"])
    async with desk.page.expect_download() as found:
        await desk.page.click(".why-take a")
    download = await found.value
    name = f"{alarm['number']}.bundle.json"
    assert download.suggested_filename == name
    assert f"gezhi replay {name}" in await desk.page.inner_text(".why-take code")
    await desk.page.click(".why-rule .jump")
    await desk.page.wait_for_selector('.rule-view[data-code="ponding"]')
    assert await desk.page.get_attribute(".rule-view", "data-version") == "1"
    assert "2 个没有积水深度" in await desk.page.inner_text('[data-part="rule.reach"]')
    assert "在用" in await desk.page.inner_text(".rule-view .lit-head")
    assert desk.complaints == []


async def test_a_group_shows_who_joined_when_and_when_they_were_enough(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    await silent_gateway(desk.city)
    alarm = await the_alarm(desk, "group:gateway-silent")
    await desk.sit_down()
    await desk.open_why(alarm["case_id"])
    whole = await desk.asked(f"/cases/{alarm['number']}/explanation")
    many = whole["gathered"]
    assert isinstance(many, dict)
    members = [member["device"] for member in many["members"]]
    assert len(members) > many["needed"] > 1
    shown = await desk.texts(".why-members .jump")
    assert shown == members
    enough = desk.page.locator(".why-members li", has_text="成组")
    assert await enough.count() == 1
    assert await enough.get_attribute("data-device") == members[many["needed"] - 1]
    await desk.explain(alarm["number"])
    printed = capsys.readouterr().out
    for line in await desk.texts(".why-says li"):
        assert line in printed
    assert desk.complaints == []


async def test_a_geofence_case_draws_the_fence_and_the_fixes_on_the_map(
    desk: Desk,
) -> None:
    await desk.city.pool.execute(
        "UPDATE geofence SET name_zh = '<i class=\"sneaked\">' || name_zh || '</i>'"
    )
    truck = desk.city.device_id("VT-0002")
    for second in range(0, 60, 3):
        await fix(desk.city, truck, second, lon=110.93 + second * 1e-5)
    alarm = await the_alarm(desk, "vehicle-out-of-area")
    await desk.sit_down()
    await desk.open_why(alarm["case_id"])
    whole = await desk.asked(f"/cases/{alarm['number']}/explanation")
    told = whole["explained"]
    assert isinstance(told, dict)
    (fence,) = told["fences"]
    assert fence["code"] in " ".join(await desk.texts('[data-what="fence"]'))
    await desk.page.wait_for_selector("#map path.proof-fix", state="attached")
    drawn = await desk.page.locator("#map path.proof-fix").count()
    assert drawn == len(told["samples"]) == 20
    assert await desk.page.locator("#map path.proof-fix.decided").count() == 1
    drawn_fence = desk.page.locator("#map path.proof-fence")
    assert await drawn_fence.count() == 1
    await drawn_fence.dispatch_event("mouseover")
    tip = await desk.page.locator(".leaflet-tooltip").last.inner_text()
    assert "<i class" in tip
    assert await desk.page.locator(".sneaked").count() == 0
    await desk.page.click(".drawer-back")
    await desk.page.wait_for_selector("#map path.proof-fix", state="detached")
    assert desk.complaints == []


async def test_a_hit_that_a_window_kept_back_says_so_and_leads_to_the_window(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    async with desk.city.pool.acquire() as connection, connection.transaction():
        window_id = await insert_window(
            connection,
            NewWindow(
                circuit_id=desk.city.device_id("CB-0001"),
                from_at=desk.city.at(0),
                until_at=desk.city.at(10_000),
                reason="电缆施工",
                owner="Li",
            ),
            at=desk.city.at(0),
        )
    for second in range(5, 70, 5):
        await desk.city.say(second, {"CB-0001": DEAD})
    alarm = await the_alarm(desk, "circuit-off")
    assert alarm["case_id"] is None
    await desk.sit_down()
    await desk.page.goto(f"{desk.url}/#rules-0/alarm-{alarm['id']}")
    await desk.page.wait_for_selector('[data-block="why.verdict"]')
    kept = await desk.page.inner_text('[data-block="why.kept"]')
    assert "维护窗口内，不立案" in kept
    assert "电缆施工（Li）" in kept
    await desk.explain(str(alarm["id"]), is_alarm=True)
    printed = capsys.readouterr().out
    assert "处置: 维护窗口内，不立案" in printed
    for line in await desk.texts('[data-block="why.course"] li[data-what] span'):
        assert line in printed
    await desk.page.click('[data-by="window"] .jump')
    await desk.page.wait_for_selector(".window-view")
    assert f"维护窗口 {window_id}" in await desk.page.inner_text(".window-view h2")
    row = desk.page.locator(f'.window-view [data-alarm="{alarm["id"]}"]')
    assert "CB-0001" in await row.inner_text()
    assert desk.complaints == []


async def test_what_is_learned_later_is_said_and_a_failure_is_told(desk: Desk) -> None:
    for second in range(0, 40, 10):
        await desk.city.say(second, {"PD-0003": {"depth_mm": 200.0 + second}})
    alarm = await the_alarm(desk, "ponding")
    await desk.city.pool.execute(
        "INSERT INTO correction (kind, rule, rule_version, device_id, alarm_id,"
        " case_id, measured_at, severity, value, late_at, found_at)"
        " SELECT 'would_not_have_raised', rule, rule_version, device_id, id, case_id,"
        " measured_at, 'minor', value, ARRAY[measured_at], $2 FROM alarm WHERE id = $1",
        alarm["id"],
        desk.city.at(100),
    )
    await desk.sit_down()
    path = "**/api/v1/cases/*/explanation"
    await desk.page.route(path, lambda route: route.abort())
    await desk.page.goto(f"{desk.url}/#case-{alarm['case_id']}")
    await desk.page.click(".why-open")
    await desk.page.wait_for_selector(".why-failed")
    assert "连不上服务器" in await desk.page.inner_text(".why-failed")
    await desk.page.unroute(path)
    await desk.page.click(".why-failed button")
    await desk.page.wait_for_selector(".why-later")
    later = await desk.page.inner_text(".why-later")
    assert later.startswith("事后更正 1：1 条数据迟到")
    assert "本不应报警" in later
    assert await desk.page.locator('.why-dot[data-doubt="late"]').count() == 1


async def test_orders_lie_on_the_axis_of_the_samples(desk: Desk) -> None:
    await desk.sit_down()
    drawn, wanted = await desk.page.evaluate(ORDERS)
    assert drawn == wanted
    assert drawn[0] < drawn[1]


async def fix(city: City, device_id: int, second: float, *, lon: float) -> None:
    """Let a vehicle say where it is."""
    us = np.array([us_from_datetime(city.at(second))], np.int64)
    nothing = np.full(1, np.nan, np.float32)
    fixes = Positions(
        device_id=np.array([device_id], np.int32),
        fixed_us=us,
        lon_e7=np.array([round(lon * DEGREES_E7)], np.int32),
        lat_e7=np.array([round(35.0 * DEGREES_E7)], np.int32),
        speed_kmh=np.full(1, 20, np.float32),
        course_deg=nothing,
        altitude_m=nothing,
        satellites=np.full(1, 9, np.int16),
        hdop=nothing,
        inputs=np.zeros(1, np.int32),
        quality=np.zeros(1, np.int32),
        received_us=us,
    )
    async with city.pool.acquire() as connection:
        await city.writer.write(
            connection, Batch(Readings.empty(), fixes, [], city.at(second))
        )
