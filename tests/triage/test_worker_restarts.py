"""What goes on for some time, with a new worker after each part of it."""

import pytest

from tests.triage.city import City
from tests.triage.queries import CASES
from vocabulary.device import DeviceKind

pytestmark = pytest.mark.db


async def test_a_flood_that_rises_and_falls_is_one_case_whose_steps_say_so(
    city: City,
) -> None:
    flood = [0] + [160] * 4 + [450] * 4 + [200] * 9
    for place, depth_mm in enumerate(flood):
        await city.say(place * 10, {"PD-0001": {"depth_mm": float(depth_mm)}})
        if place % 4 == 2:
            await city.fold()  # a new worker each time
    await city.fold()
    ((severity, hits, over),) = await city.rows(
        "SELECT severity, hit_count, recovered_at IS NOT NULL FROM case_file"
    )
    assert (severity, hits, over) == ("critical", 1, False)
    steps = await city.rows("SELECT move, note FROM case_step ORDER BY id")
    told = [(move, str(note).partition(":")[0]) for move, note in steps[2:]]
    assert [each for each in told if each[0] in ("worsen", "ease")] == [
        ("worsen", "critical"),
        ("ease", "minor"),
    ]


async def test_lamps_then_the_circuit_then_the_circuit_alone_back_with_restarts(
    city: City,
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")
    second = 0

    async def five_seconds(volts: float, *, lit: int) -> None:
        nonlocal second
        said = {"contactor_on": 1.0, "voltage_v": volts}
        await city.say(second, {"CB-0001": said})
        await city.say_all(second + 1, lamps[:lit], power_w=98)
        await city.say_all(second + 2, lamps[lit:], power_w=0)
        second += 5

    async def half_a_minute(volts: float, *, lit: int) -> None:
        for _ in range(6):
            await five_seconds(volts, lit=lit)
        await city.fold()  # a new worker each time

    await half_a_minute(230, lit=0)
    await half_a_minute(0, lit=0)
    opened = [("component", "lamp_circuit_out", "group:circuit-dark", "group", 1)]
    assert await city.rows(CASES) == opened
    stands = "SELECT rule, count(*) FROM alarm WHERE cleared_seq IS NULL GROUP BY 1"
    dark = len(lamps)
    assert sorted(await city.rows(stands)) == [
        ("circuit-off", 1),
        ("group:circuit-dark", 1),
        ("lamp-dark", dark),
    ]
    for _ in range(3):
        await half_a_minute(230, lit=10)
    over = "SELECT recovered_at IS NOT NULL FROM case_file"
    assert await city.rows(CASES) == opened, "its lamps are one case as before"
    assert await city.rows(over) == [(False,)]
    assert sorted(await city.rows(stands)) == [
        ("group:circuit-dark", 1),
        ("lamp-dark", dark - 10),
    ]
    for _ in range(3):
        await half_a_minute(230, lit=dark)
    assert await city.rows(over) == [(True,)]
    assert await city.rows(stands) == []


async def test_the_circuit_then_its_lamps_then_the_circuit_alone_back_with_restarts(
    city: City,
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")

    async def circuit(seconds: range, volts: float, *, lit: int) -> None:
        for second in seconds:
            said = {"contactor_on": 1.0, "voltage_v": volts}
            await city.say(second, {"CB-0001": said})
            await city.say_all(second + 1, lamps[:lit], power_w=98)
            await city.say_all(second + 2, lamps[lit:], power_w=0)
        await city.fold()  # a new worker each time

    await circuit(range(0, 10, 5), 0, lit=len(lamps))
    await circuit(range(10, 30, 5), 0, lit=len(lamps))
    assert [row[2] for row in await city.rows(CASES)] == ["circuit-off"]
    await circuit(range(30, 60, 5), 0, lit=0)
    await circuit(range(60, 130, 5), 230, lit=20)
    filed = await city.rows("SELECT rule, recovered_at IS NULL FROM case_file")
    assert filed == [("circuit-off", True)], "one case that goes on for its lamps"
    stands = "SELECT rule, count(*) FROM alarm WHERE cleared_seq IS NULL GROUP BY 1"
    assert sorted(await city.rows(stands)) == [
        ("group:circuit-dark", 1),
        ("lamp-dark", len(lamps) - 20),
    ]
    await circuit(range(130, 190, 5), 230, lit=len(lamps))
    over = await city.rows("SELECT rule, recovered_at IS NOT NULL FROM case_file")
    assert over == [("circuit-off", True)]
