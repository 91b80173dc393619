"""The page's maths of geofences agrees with the platform's own."""

from collections.abc import AsyncIterator

import numpy as np
import pytest
import shapely
from playwright.async_api import Browser, Page, Route

from devices.registry.areas import geofence_area
from devices.registry.shapes import area_m2, geojson_text
from tests.api.town import WEB_ROOT
from tests.web.control_room import PATIENCE_MS
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape

pytestmark = pytest.mark.browser

LON, LAT = 111.0, 35.0
STEP = 1 / 128
"""Degrees between the knots that random corners lie on: many touch, all are exact."""

AREAS = """async ([box, hole]) => {
    const { figures } = await import("/page/app/fences/measure.js");
    return [
        figures("polygon", [[box, hole]], null),
        figures("circle", [[[box[0]]]], 80),
    ];
}"""

READ = """async (texts) => {
    const { read, geometryOf } = await import("/page/app/fences/formats.js");
    return texts.map((text) => {
        const { shape, parts } = read(text);
        return JSON.stringify(geometryOf(shape, parts));
    });
}"""

ORIGIN = "http://page.test"


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A window that has the page's files and nothing behind them."""
    page = await browser.new_page()
    page.set_default_timeout(PATIENCE_MS)

    async def file(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN).removeprefix("/page")
        if path == "/":
            await route.fulfill(body="<!doctype html>", content_type="text/html")
        else:
            await route.fulfill(path=WEB_ROOT / path.removeprefix("/"))

    await page.route("**/*", file)
    await page.goto(f"{ORIGIN}/")
    yield page
    await page.close()


def ring(seed: int) -> list[list[float]]:
    """Three to six corners by chance; a corner may be there twice."""
    knots = np.random.default_rng(seed).integers(0, 6, (3 + seed % 4, 2))
    return [[LON + x * STEP, LAT + y * STEP] for x, y in knots.tolist()]


async def test_a_ring_is_wrong_here_where_the_platform_finds_it_invalid(
    page: Page,
) -> None:
    drawn = [ring(seed) for seed in range(1500)]
    found = await page.evaluate(
        """async (drawn) => {
            const { wrongs } = await import("/page/app/fences/crossings.js");
            return drawn.map((ring) => wrongs("polygon", [[ring]], null));
        }""",
        drawn,
    )
    valid = [shapely.Polygon(corners).is_valid for corners in drawn]
    assert 200 < sum(valid) < len(drawn) - 200
    unlike = [
        corners
        for corners, told, good in zip(drawn, found, valid, strict=True)
        if good != (told == [])
    ]
    assert unlike == []


async def test_areas_are_those_of_the_platform(page: Page) -> None:
    box: list[tuple[float, float]] = [
        (111, 35),
        (111.02, 35),
        (111.02, 35.01),
        (111, 35.01),
    ]
    hole = [(111.005, 35.002), (111.01, 35.002), (111.01, 35.008)]
    told = await page.evaluate(AREAS, [box, hole])
    assert told[0]["area_m2"] == pytest.approx(
        area_m2(shapely.Polygon(box, [hole])), rel=1e-4
    )
    assert told[0]["corners"] == 7
    circle = GeofenceFacts(
        id=1,
        code="c",
        name_zh="c",
        name_en="c",
        shape=GeofenceShape.CIRCLE,
        geometry='{"type": "Point", "coordinates": [111, 35]}',
        radius_m=80,
    )
    assert told[1]["area_m2"] == pytest.approx(area_m2(geofence_area(circle)), rel=0.01)


async def test_a_text_is_the_shape_that_the_platform_reads(page: Page) -> None:
    texts = [
        "POINT (111 35)",
        "SRID=4326;POLYGON((111 35,111.1 35,111.1 35.1,111 35))",
        "POLYGON ((0 0, 9 0, 9 9, 0 0), (5 1, 6 1, 6 2, 5 1))",
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
        "LINESTRING Z (111 35 1, 1.11e2 -3.5 2)",
        "MULTILINESTRING ((1 2, 3 4), (5 6, 7 8))",
        '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [111, 35]}}',
    ]
    told = await page.evaluate(READ, texts)
    for text, geometry in zip(texts, told, strict=True):
        same = shapely.from_geojson(geojson_text(text))
        assert shapely.from_geojson(geometry).equals(same), text
