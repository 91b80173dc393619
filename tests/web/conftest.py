"""The page in Debian's Chromium, over a real API and a played city."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from playwright.async_api import Browser, async_playwright

from api.app import create_app
from store.access import create_token
from store.telemetry.latest import fold_latest
from tests.api.town import WEB_ROOT, served, tick, utc_now
from tests.web.control_room import PATIENCE_MS, ControlRoom
from tests.web.play import SAMPLE_CITY, Play
from tests.web.tasks import running

CHROMIUM = shutil.which("chromium")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def zone_far_from_midnight() -> str:
    """Return a zone whose day has hours behind it and does not end during a test.

    Tracks of today start at its midnight.
    """
    hour = utc_now().astimezone(ZoneInfo("Asia/Shanghai")).hour
    return "Asia/Shanghai" if 2 <= hour < 23 else "UTC"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: scripts/install-system --test")
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=list(FLAGS), timeout=PATIENCE_MS
        )
        yield found
        await found.close()


async def ticking(database_url: str) -> None:
    """Let the platform's clock go on, as ingest does: else the page calls it stale."""
    connection = await asyncpg.connect(database_url)
    try:
        while True:
            await tick(connection)
            await asyncio.sleep(1)
    finally:
        await connection.close()


@pytest.fixture
async def room(database_url: str, browser: Browser) -> AsyncIterator[ControlRoom]:
    """The page, logged out, over the sample city."""
    connection = await asyncpg.connect(database_url)
    play = Play(connection)
    await play.begin(utc_now())
    await play.step(utc_now())
    token = await create_token(
        connection, name="值班台", role="dispatcher", unit_id=None, at=utc_now()
    )
    app = create_app(
        database_url=database_url,
        clock=utc_now,
        web_root=WEB_ROOT,
        basemap=SAMPLE_CITY / "basemap.geojson",
        time_zone=zone_far_from_midnight(),
    )
    async with (
        served(app) as url,
        running(fold_latest(database_url)),
        running(ticking(database_url)),
    ):
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        yield ControlRoom(page, url, token, play, connection)
        await page.close()
    await connection.close()
