"""The page as a test drives it, with everything it complained about."""

from dataclasses import dataclass, field

import asyncpg
from playwright.async_api import ConsoleMessage, Page, Request

from tests.web.play import Play

PATIENCE_MS = 180_000
"""How long the page may take for anything, on a machine that does more than this.

The browser's clock goes on while the machine stands still."""

CONNECTED = '.link[data-state="live"], .link[data-state="stale"]'
"""The stream is there; it is stale where nothing was played for a while."""


@dataclass  # no slots: playwright keeps its wrappers on the object
class ControlRoom:
    """One browser window on the control room.

    Attributes:
        page: The window.
        url: Where the API is.
        token: A dispatcher's.
        play: The city behind it.
        connection: To the city's database.
        complaints: What the console and the page itself complained about.
        asked: Every address that the page asked for.
    """

    page: Page
    url: str
    token: str
    play: Play
    connection: asyncpg.Connection
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def enter(self) -> None:
        """Open the page, log in and wait for the first case."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._on_request)
        self.page.set_default_timeout(PATIENCE_MS)
        await self.page.goto(self.url)
        await self.page.fill("#token", self.token)
        await self.page.press("#token", "Enter")
        await self.page.wait_for_selector(".case")
        await self.page.wait_for_selector(CONNECTED)

    async def text(self, selector: str) -> str:
        """Return what the first element of a selector says."""
        return await self.page.locator(selector).first.inner_text()

    async def until_says(self, selector: str, words: str) -> None:
        """Wait until the first element of a selector says something."""
        found = self.page.locator(selector).first.filter(has_text=words)
        await found.wait_for(state="attached")

    async def until_count(self, selector: str, count: int) -> None:
        """Wait until there are so many elements of a selector."""
        found = self.page.locator(selector)
        await found.nth(count - 1).wait_for(state="attached")
        await found.nth(count).wait_for(state="detached")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        self.asked.append(request.url)
