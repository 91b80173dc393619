"""The pen of the page as a hand moves it: clicks, drags and keys on the map."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Page

from tests.web.control_room import ControlRoom

DRAFT = "import('/page/app/fences/draft.js').then(({ draft }) => draft.value)"
"""What the page itself holds of a drawing."""

FRAMES = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
"""Two frames on, what was begun by a click is under way."""

Spot = tuple[float, float]
"""Pixels right of and below the map's middle."""

SHOTS = os.environ.get("GEZHI_TEST_SHOTS")
"""A folder to put pictures into, for eyes."""


@dataclass  # no slots: playwright keeps its wrappers on the object
class Pen:
    """A hand with a pen over the map.

    Attributes:
        room: The page.
    """

    room: ControlRoom

    @property
    def page(self) -> Page:
        """The window."""
        return self.room.page

    async def take(self, shape: str = "polygon", zoom_in: int = 4) -> None:
        """Open the geofences, begin a new one of a shape, look closer."""
        await self.page.click(".open-fences")
        await self.page.click(".fence-new")
        await self.page.click(f'.pen-shapes [data-shape="{shape}"]')
        for _ in range(zoom_in):
            await self.page.click(".leaflet-control-zoom-in")
            await self.settled()

    async def settled(self) -> None:
        """Wait until the map stands still."""
        await self.page.evaluate(FRAMES)
        await self.page.wait_for_selector(
            ".leaflet-zoom-anim, .leaflet-pan-anim", state="detached"
        )

    async def at(self, spot: Spot) -> tuple[float, float]:
        """Return where a spot is in the window."""
        box = await self.page.locator("#map").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2 + spot[0], box["y"] + box[
            "height"
        ] / 2 + spot[1]

    async def click(self, *spots: Spot) -> None:
        """Click spots one after the other."""
        for spot in spots:
            place = await self.at(spot)
            await self.page.mouse.move(*place, steps=3)
            await self.page.mouse.click(*place)

    async def drag(self, start: tuple[float, float], spot: Spot) -> None:
        """Drag from a place in the window to a spot."""
        await self.page.mouse.move(*start)
        await self.page.mouse.down()
        await self.page.mouse.move(*await self.at(spot), steps=6)
        await self.page.mouse.up()

    async def handle(self, key: str) -> tuple[float, float]:
        """Return where the middle of a handle is in the window."""
        box = await self.page.locator(f'.pen-handle[data-key="{key}"]').bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    async def draft(self) -> dict[str, Any]:
        """Return what the page holds of the drawing."""
        found: dict[str, Any] = await self.page.evaluate(DRAFT)
        return found

    async def name(self, code: str, kind: str = "") -> None:
        """Write the words."""
        for field, text in (
            ("code", code),
            ("name_zh", f"围栏 {code}"),
            ("name_en", code),
        ):
            await self.page.fill(f'.pen-form [name="{field}"]', text)
        if kind:
            await self.page.fill('.pen-form [name="kind"]', kind)

    async def corners(self) -> list[list[int]]:
        """Return how many corners each ring of each part has."""
        return [[len(ring) for ring in part] for part in (await self.draft())["parts"]]

    async def save(self) -> None:
        """Save, and wait for the card."""
        await self.page.click(".pen-save")
        await self.page.wait_for_selector(".fence-view .fence-edit")

    async def shot(self, name: str) -> None:
        """Keep a picture, if somebody wants to look."""
        if SHOTS:
            await self.page.wait_for_timeout(700)
            await self.page.screenshot(path=Path(SHOTS) / f"{name}.png")

    async def told(self, path: str) -> dict[str, Any]:
        """Return what the API says, asked with the page's own cookie."""
        found: dict[str, Any] = await self.page.evaluate(
            f"fetch({json.dumps('/api/v1' + path)}).then((answer) => answer.json())"
        )
        return found
