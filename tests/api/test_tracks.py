"""A track has its gaps as gaps, its length, and no fix that is not believable."""

from collections.abc import Sequence

import httpx2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.track import gap_s_of, page_of, simplified, track_of
from store.telemetry.track import Fixes
from tests.api.town import Town

STEP_E7 = 1_000
"""1e-4 degrees of latitude: 11.12 m."""


def fixes(
    seconds: Sequence[float], lat_steps: Sequence[int], speed: Sequence[float]
) -> Fixes:
    return Fixes(
        np.array([int(second * 1e6) for second in seconds], np.int64),
        np.full(len(seconds), 1_110_000_000, np.int32),
        np.array([350_000_000 + STEP_E7 * step for step in lat_steps], np.int32),
        np.array(speed, np.float32),
    )


def test_no_fixes_are_no_track() -> None:
    track = track_of(fixes([], [], []), gap_s=60, tolerance_m=2)
    assert (track.segments, track.gaps) == ((), ())


def test_one_fix_is_a_segment_of_one() -> None:
    track = track_of(fixes([0], [0], [5]), gap_s=60, tolerance_m=2)
    assert [len(part.lon) for part in track.segments] == [1]


def test_a_long_silence_is_a_gap_and_its_metres_are_not_counted() -> None:
    track = track_of(
        fixes([0, 3, 6, 100, 103], [0, 1, 2, 50, 51], [20] * 5),
        gap_s=60,
        tolerance_m=0,
    )
    assert [len(part.lon) for part in track.segments] == [3, 2]
    (gap,) = track.gaps
    assert (gap.from_us, gap.to_us) == (6_000_000, 100_000_000)
    assert gap.apart_m == pytest.approx(48 * 11.12, rel=1e-3)
    assert sum(part.distance_m for part in track.segments) == pytest.approx(
        3 * 11.12, rel=1e-2
    )


def test_a_short_silence_is_no_gap() -> None:
    assert gap_s_of(3) == 60
    assert gap_s_of(30) == 150


def test_a_stop_keeps_its_place_in_a_straight_line() -> None:
    speed = [30, 30, 30, 0, 0, 0, 30, 30, 30]
    straight = fixes(list(range(9)), [0, 3, 6, 7, 7, 7, 8, 11, 14], speed)
    kept = simplified(straight, 5.0)
    assert {3_000_000, 6_000_000} <= set(kept.fixed_us.tolist())
    assert len(kept) < len(straight)


@given(
    steps=st.lists(st.integers(-5, 5), min_size=1, max_size=80),
    tolerance_m=st.floats(0.1, 50),
)
def test_simplifying_leaves_out_and_never_moves(
    steps: list[int], tolerance_m: float
) -> None:
    whole = fixes(
        [float(number) for number in range(len(steps))],
        np.cumsum(steps).tolist(),
        [float(abs(step) * 10) for step in steps],
    )
    kept = simplified(whole, tolerance_m)
    at = np.searchsorted(whole.fixed_us, kept.fixed_us)
    assert np.array_equal(whole.lat_e7[at], kept.lat_e7)
    assert np.all(np.diff(kept.fixed_us) > 0)
    assert {0, len(whole) - 1} <= set(at.tolist())
    drawn = np.interp(whole.fixed_us, kept.fixed_us, kept.lat_e7)
    assert len(drawn) == len(whole)


@pytest.mark.db
async def test_the_track_of_a_span_is_shown_with_its_area(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await town.connection.execute(
        'INSERT INTO "position" SELECT 4, at, 1110000000,'
        " 350000000 + 1000 * extract(epoch FROM at - '2026-11-20T00:00:00Z')::integer,"
        " 40, 0, NULL, NULL, NULL, 0, 0, at"
        " FROM generate_series('2026-11-20T00:00:00Z'::timestamptz,"
        " '2026-11-20T00:10:00Z', '3 seconds') AS at"
        " WHERE at NOT BETWEEN '2026-11-20T00:05:00Z' AND '2026-11-20T00:07:00Z'"
    )
    await town.connection.execute(
        "INSERT INTO \"position\" VALUES (4, '2026-11-20T00:01:01Z', 0, 0, NULL,"
        " NULL, NULL, NULL, NULL, 0, 2, now())"
    )
    span = "from=2026-11-20T00:00:00Z&to=2026-11-20T01:00:00Z"
    found = (await admin.get(f"/api/v1/tracks/1?{span}&tolerance_m=0")).json()
    assert found["fixes"] == 160
    assert [len(part["lon"]) for part in found["segments"]] == [100, 60]
    assert len(found["gaps"]) == 1
    assert found["segments"][0]["speed_kmh"][0] == 40.0
    assert found["area"]["type"] == "Polygon"
    simple = (await admin.get(f"/api/v1/tracks/1?{span}")).json()
    assert [len(part["lon"]) for part in simple["segments"]] == [2, 2]
    assert simple["distance_m"] == found["distance_m"]


@pytest.mark.db
async def test_a_vehicle_without_fixes_has_an_empty_track(
    admin: httpx2.AsyncClient,
) -> None:
    found = (await admin.get("/api/v1/tracks/1")).json()
    assert (found["segments"], found["gaps"], found["fixes"]) == ([], [], 0)


SECONDS = 2500


@pytest.mark.db
async def test_a_track_of_more_fixes_than_a_page_has_goes_on_in_the_next(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await town.connection.execute(
        "INSERT INTO \"position\" SELECT 4, '2026-11-20T00:00:00Z'::timestamptz"
        " + n / 2 * interval '1 second' + (n > 2200)::integer * interval '1 hour',"
        " 1110000000, 350000000 + 1000 * n, 40, 0, NULL, NULL, NULL, 0, 0, now()"
        " FROM generate_series(0, $1::integer - 1) AS n",
        SECONDS,
    )
    span = "from=2026-11-20T00:00:00Z&to=2026-11-20T03:00:00Z&tolerance_m=0"
    whole = (await admin.get(f"/api/v1/tracks/1?{span}")).json()
    assert (whole["fixes"], whole["next"]) == (SECONDS, None)
    pages = [(await admin.get(f"/api/v1/tracks/1?{span}&limit=1001")).json()]
    while pages[-1]["next"]:
        answer = await admin.get(pages[-1]["next"])
        pages.append(answer.json())
        linked = answer.headers.get("link")
        following = pages[-1]["next"]
        assert linked == (f'<{following}>; rel="next"' if following else None)
    # Two fixes have one moment: an odd page leaves the second to the next one.
    assert [page["fixes"] for page in pages] == [1000, 1000, 504]
    drawn = [zip(p["fixed_us"], p["lat"], strict=True) for p in whole["segments"]]
    parts = [part for page in pages for part in page["segments"]]
    again = [zip(p["fixed_us"], p["lat"], strict=True) for p in parts]
    assert {row for part in again for row in part} == {r for p in drawn for r in p}
    assert [gap for page in pages for gap in page["gaps"]] == whole["gaps"]
    assert len(whole["gaps"]) == 1
    # The moment at which pages meet is told by both, and so is the way within it.
    twice_m = (len(pages) - 1) * 11.1
    told_m = sum(page["distance_m"] for page in pages)
    assert told_m == pytest.approx(whole["distance_m"] + twice_m, abs=2)


@pytest.mark.db
async def test_a_page_of_a_track_holds_more_than_one_moment_can(
    admin: httpx2.AsyncClient,
) -> None:
    for limit in (999, 300_001):
        answer = await admin.get("/api/v1/tracks/1", params={"limit": limit})
        assert answer.status_code == 422


def test_a_page_of_one_moment_leads_on_to_the_next_moment() -> None:
    one = fixes([0.0, 0.0, 5.0, 6.0], [0, 1, 2, 3], [20] * 4)
    page, following = page_of(one, 2)
    assert (page.fixed_us.tolist(), following) == ([0, 0], 5_000_000)
    page, following = page_of(one, 3)
    assert (page.fixed_us.tolist(), following) == ([0, 0, 5_000_000], 5_000_000)
    assert page_of(one, 4) == (one, None)
