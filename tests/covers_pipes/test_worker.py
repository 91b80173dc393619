"""Each cause through the real worker and a real database, to its case."""

from datetime import timedelta

import pytest

from simulators.gauges import sample_gauge
from simulators.incidents import Cause
from simulators.pressure import sample_pressure
from simulators.timetable import demo_timetable
from tests.simulators.towns import START
from tests.simulators.towns import sample_town as town
from tests.simulators.towns import sample_world as world
from tests.triage.city import City
from vocabulary.device import DeviceKind

pytestmark = pytest.mark.db

CASES = "SELECT condition, severity, hit_count FROM case_file ORDER BY id"
ALARMS = "SELECT d.code FROM alarm a JOIN device d ON d.id = a.device_id"


async def test_s30_the_grades_of_one_cover_s_trouble_are_one_rising_case(
    city: City,
) -> None:
    said: list[tuple[float, int, int]] = [(2, 0, 0)] * 14
    said += [(14, 0, 0)] * 3 + [(55, 1, 0)] * 3 + [(95, 1, 1)] * 9
    for place, (tilt, switch, water) in enumerate(said):
        values = {"tilt_deg": tilt, "cover_open": switch, "water_under_cover": water}
        await city.say(10.0 * place, {"MH-0001": values})
        if place == 16:
            await city.fold()
            assert await city.rows(CASES) == [
                ("cover_missing_or_displaced", "minor", 1)
            ]
    await city.fold()
    assert await city.rows(CASES) == [("cover_missing_or_displaced", "critical", 4)]
    assert await city.rows("SELECT rule FROM alarm ORDER BY id") == [
        ("cover-tilted",),
        ("cover-opened",),
        ("cover-open-flooded",),
        ("cover-gone",),
    ]


async def test_s30_a_knocked_off_sensor_is_a_device_s_case(city: City) -> None:
    for place in range(24):
        tilt = 2 if place < 14 else 70
        values = {"tilt_deg": tilt, "cover_open": 0.0, "water_under_cover": 0.0}
        await city.say(10.0 * place, {"MH-0001": values})
    await city.fold()
    assert await city.rows(CASES) == [("sensor_displaced", "minor", 1)]


async def test_s40_the_demo_s_burst_is_one_case_on_a_main_of_its_point(
    city: City,
) -> None:
    burst = next(i for i in demo_timetable(town()) if i.cause is Cause.PIPE_BURST)
    points = town().city.of_kind(DeviceKind.PRESSURE)
    for second in range(0, 80, 5):
        said = {}
        for point in points:
            (kpa, *_) = sample_pressure(
                world(), point, START + timedelta(seconds=second)
            )
            said[point.code] = {"pressure_kpa": kpa.value}
        await city.say(second, said)
    await city.fold()
    found = await city.rows("SELECT condition, rule, reason_en, cell_id FROM case_file")
    ((condition, rule, why, cell_id),) = found
    assert (condition, rule) == ("supply_burst", "group:pipe-burst")
    mains = await city.rows("SELECT code, start_node, end_node FROM pipe")
    (named,) = [main for main in mains if f"pipe {main[0]} " in str(why)]
    assert burst.device in named
    assert cell_id is not None
    assert await city.rows(f"{ALARMS} WHERE a.rule = 'group:pipe-burst'") == [
        (burst.device,)
    ]
    latest_s = burst.starts_s + 60
    opened = "SELECT min(raised_at) FROM alarm WHERE rule = 'group:pipe-burst'"
    ((raised_at,),) = await city.rows(opened)
    assert raised_at <= city.at(latest_s)  # type: ignore[operator]


async def test_a_drop_at_one_point_alone_is_a_device_s_case(city: City) -> None:
    points = city.codes(DeviceKind.PRESSURE)
    for second in range(0, 60, 5):
        said = {code: {"pressure_kpa": 330.0} for code in points}
        if second >= 20:
            said[points[5]] = {"pressure_kpa": 230.0}
        await city.say(second, said)
    await city.fold()
    assert await city.rows(CASES) == [("sensor_doubtful", "minor", 1)]


async def test_s29_a_gauge_with_trash_below_it_is_a_device_s_case(city: City) -> None:
    for second in range(0, 120, 10):
        depth = 0.0 if second < 20 else 180.0 + second % 3
        values = {"depth_mm": depth, "rain_mm": 0.0}
        await city.say(second, {"PD-0006": values})
    await city.fold()
    assert await city.rows(CASES) == [("sensor_doubtful", "minor", 1)]


async def test_the_demo_s_cloudburst_is_believed(city: City) -> None:
    storm = next(i for i in demo_timetable(town()) if i.cause is Cause.CLOUDBURST)
    gauges = town().city.of_kind(DeviceKind.GAUGE)
    for second in range(0, 120, 10):
        said = {}
        for gauge in gauges:
            found = sample_gauge(world(), gauge, START + timedelta(seconds=second))
            said[gauge.code] = {str(one.quantity): one.value for one in found}
        await city.say(second, said)
    await city.fold()
    told = await city.rows(f"{ALARMS} WHERE a.rule = 'ponding'")
    assert (storm.device,) in told
    assert {(code,) for code in storm.members} <= set(told)
    assert await city.rows(f"{ALARMS} WHERE a.rule = 'gauge-doubtful'") == []
