"""The page at a desk where somebody asks why: real journal, worker, API and browser."""

import asyncio
import json
from dataclasses import dataclass, field

from playwright.async_api import ConsoleMessage, Page

from gezhi.commands.explain import Wish, run_explain
from tests.rules.workers import ZONE
from tests.triage.city import City
from tests.web.control_room import PATIENCE_MS

ASK = "async (path) => (await fetch('/api/v1' + path)).text()"


@dataclass  # no slots: playwright keeps its wrappers on the object
class Desk:
    """One browser window over a city that was folded.

    Attributes:
        page: The window.
        url: Where the API is.
        token: A dispatcher's.
        city: The city behind it.
        complaints: What the console and the page itself complained about.
    """

    page: Page
    url: str
    token: str
    city: City
    complaints: list[str] = field(default_factory=list)

    async def sit_down(self) -> None:
        """Open the page and log in."""
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.set_default_timeout(PATIENCE_MS)
        await self.page.goto(self.url)
        await self.page.fill("#token", self.token)
        await self.page.press("#token", "Enter")
        await self.page.wait_for_selector(".cases-head")

    async def open_why(self, case_id: int) -> None:
        """Open a case and ask why."""
        await self.page.goto(f"{self.url}/#case-{case_id}")
        await self.page.click(".why-open")
        await self.page.wait_for_selector('[data-block="why.verdict"]')

    async def asked(self, path: str) -> dict[str, object]:
        """Return what the API says to the same person."""
        found: dict[str, object] = json.loads(await self.page.evaluate(ASK, path))
        return found

    async def texts(self, selector: str) -> list[str]:
        """Return what the elements of a selector say."""
        return await self.page.locator(selector).all_inner_texts()

    async def figures(self, selector: str, name: str) -> list[float]:
        """Return a number that elements carry, sorted."""
        script = f"nodes => nodes.map((node) => Number(node.dataset.{name}))"
        found: list[float] = await self.page.eval_on_selector_all(selector, script)
        return sorted(found)

    async def explain(self, what: str, *, is_alarm: bool = False) -> int:
        """Let `gezhi explain` print; return its exit code."""
        wish = Wish(
            what=what,
            is_alarm=is_alarm,
            must_be_same=True,
            bundle=None,
            lang="zh",
            as_json=False,
        )
        return await asyncio.to_thread(run_explain, self.city.dsn, wish, time_zone=ZONE)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)
