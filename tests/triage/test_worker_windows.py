"""Maintenance windows on a gateway or a device, through the real worker."""

import pytest

from store.rules.windows import NewWindow, insert_window, window_detail
from tests.triage.city import City
from tests.triage.queries import CASES, HANDLINGS, OPEN
from vocabulary.device import DeviceKind

pytestmark = pytest.mark.db


async def test_a_window_on_a_gateway_keeps_its_silence_back_until_it_is_over(
    city: City,
) -> None:
    covers = city.codes(DeviceKind.COVER, gateway="GW-COVER-1")
    gateway_id = await city.pool.fetchval(
        "SELECT id FROM gateway WHERE code = 'GW-COVER-1'"
    )
    async with city.pool.acquire() as connection, connection.transaction():
        window_id = await insert_window(
            connection,
            NewWindow(
                gateway_id=gateway_id,
                from_at=city.at(0),
                until_at=city.at(200),
                reason="new antenna",
                owner="me",
            ),
            at=city.at(0),
        )
    other = city.codes(DeviceKind.COVER, gateway="GW-COVER-2")[:1]
    await city.say_all(1, [*covers, *other], tilt_deg=2)
    await city.tick(2, 160)
    await city.say(160, {covers[0]: {"tilt_deg": 2}})
    await city.tick(161, 199)
    await city.fold()
    assert await city.rows(CASES) == [
        ("component", "device_silent", "cover-silent", "single", 1)
    ]  # of the other gateway's cover
    assert await city.rows(HANDLINGS) == [("filed", 1), ("maintenance", len(covers))]
    async with city.pool.acquire() as connection:
        shown = await window_detail(connection, window_id, scope=None)
    assert shown is not None
    assert (shown.gateway, shown.suppressed) == ("GW-COVER-1", len(covers))
    assert (shown.standing, len(shown.kept)) == (len(covers) - 1, len(covers))
    await city.tick(199, 240)
    await city.fold()
    filed = await city.rows(CASES)
    assert [row[2] for row in filed] == ["cover-silent", "group:gateway-silent"]
    assert await city.rows("SELECT count(*) FROM case_member WHERE alarm_id <> 0") == [
        (len(covers) - 1,)
    ]


async def test_a_window_on_a_device_keeps_back_that_one_alone(city: City) -> None:
    async with city.pool.acquire() as connection, connection.transaction():
        window_id = await insert_window(
            connection,
            NewWindow(
                device_id=city.device_id("MH-0001"),
                safety=True,
                from_at=city.at(0),
                until_at=city.at(200),
                reason="painting",
                owner="me",
            ),
            at=city.at(0),
        )
    await city.say_all(1, ["MH-0001", "MH-0002"], **OPEN)
    await city.fold()
    kept = await city.rows("SELECT device_id, window_id FROM alarm ORDER BY device_id")
    assert kept == [
        (city.device_id("MH-0001"), window_id),
        (city.device_id("MH-0002"), None),
    ]
