"""Triage through the real worker and a real database, one test for each decision."""

import pytest

from store.cases.splits import split_case
from store.journal.body import edge_body
from store.journal.entries import Kind, append
from store.rules.windows import NewWindow, end_window, insert_window
from tests.triage.city import City
from tests.triage.queries import CASES, HANDLINGS, MEMBERS, OPEN
from vocabulary.device import DeviceKind

pytestmark = pytest.mark.db

STORM_OF_TWO = "storm: {budget: 2, worst: 1, worst_after_s: 30, quiet_s: 60}\n"


async def test_s09_a_silent_gateway_is_one_case_with_its_covers_unknown(
    city: City,
) -> None:
    covers = city.codes(DeviceKind.COVER, gateway="GW-COVER-1")
    for place, code in enumerate(covers):
        await city.say(place / 10, {code: {"tilt_deg": 2}})
    await city.tick(10, 150)
    await city.fold()
    assert await city.rows(CASES) == [
        ("gateway", "device_silent", "group:gateway-silent", "group", 1)
    ]
    assert await city.rows(HANDLINGS) == [("filed", 1), ("member", len(covers))]
    assert await city.rows(MEMBERS) == [("unknown", False, False, len(covers))]
    ((why,),) = await city.rows("SELECT reason_en FROM case_file")
    assert str(why).startswith(f"{len(covers)} of the {len(covers)} devices behind")
    for place, code in enumerate(covers):
        await city.say(160 + place / 10, {code: {"tilt_deg": 2}})
    await city.fold()
    assert await city.rows(MEMBERS) == [("unknown", False, True, len(covers))]
    assert await city.rows("SELECT recovered_at IS NOT NULL FROM case_file") == [
        (True,)
    ]
    assert await city.rows("SELECT count(*) FROM alarm WHERE cleared_at IS NULL") == [
        (0,)
    ]


async def test_s10_s36_dark_lamps_and_then_the_circuit_itself_are_one_case(
    city: City,
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")
    live = {"CB-0001": {"contactor_on": 1.0, "voltage_v": 230.0}}
    dead = {"CB-0001": {"contactor_on": 1.0, "voltage_v": 0.0}}
    for second in range(0, 30, 5):
        await city.say(second, live)
        await city.say_all(second + 1, lamps, power_w=0)
    for second in range(30, 60, 5):
        await city.say(second, dead)
    await city.fold()
    assert await city.rows(CASES) == [
        ("component", "lamp_circuit_out", "group:circuit-dark", "group", 1)
    ]
    assert await city.rows(HANDLINGS) == [("filed", 1), ("member", len(lamps) + 1)]
    assert await city.rows(MEMBERS) == [("bad", False, False, len(lamps) + 1)]
    ((why,),) = await city.rows("SELECT reason_en FROM case_file")
    assert f"{len(lamps)} of the {len(lamps)} lamps of CB-0001 went dark" in str(why)


async def test_s36_the_circuit_first_lists_its_lamps_and_takes_them_as_they_come(
    city: City,
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")
    for second in range(0, 30, 5):
        await city.say(second, {"CB-0001": {"contactor_on": 1.0, "voltage_v": 0.0}})
    await city.fold()
    assert await city.rows(CASES) == [
        ("component", "lamp_circuit_out", "circuit-off", "group", 1)
    ]
    assert await city.rows(MEMBERS) == [("unknown", False, False, len(lamps))]


async def test_a_lamp_filed_alone_is_linked_to_the_circuit_s_case(city: City) -> None:
    for second in range(0, 60, 5):
        await city.say(second, {"CB-0001": {"contactor_on": 1.0, "voltage_v": 230.0}})
        await city.say(second + 1, {"LP-0001": {"power_w": 0}})
    for second in range(60, 90, 5):
        await city.say(second, {"CB-0001": {"contactor_on": 1.0, "voltage_v": 0.0}})
    await city.fold()
    found = await city.rows(
        "SELECT f.condition, p.condition FROM case_file f"
        " LEFT JOIN case_file p ON p.id = f.parent_id ORDER BY f.id"
    )
    assert found == [
        ("lamp_single_out", "lamp_circuit_out"),
        ("lamp_circuit_out", None),
    ]
    own = await city.rows("SELECT count(*) FROM case_member WHERE has_own")
    assert own == [(1,)]


async def test_s05_what_bounces_is_one_case_marked_unstable_and_settles(
    city: City,
) -> None:
    second = 0
    for _ in range(8):
        for volts in (0.0, 230.0):
            for _ in range(4):
                said = {"contactor_on": 1.0, "voltage_v": volts}
                await city.say(second, {"CB-0001": said})
                second += 5
    await city.fold()
    asked = (
        "SELECT condition, hit_count, quiet_hits, unstable_since IS NOT NULL,"
        " recovered_at IS NULL FROM case_file WHERE condition = 'lamp_circuit_out'"
    )
    assert await city.rows(asked) == [("lamp_circuit_out", 5, 3, True, True)]
    assert await city.rows(HANDLINGS) == [("filed", 4), ("unstable", 4)]
    await city.tick(second, second + 901)
    await city.fold()
    assert await city.rows(asked) == [("lamp_circuit_out", 5, 3, False, False)]


async def test_s28_above_the_budget_one_storm_case_has_all_as_members(
    city: City,
) -> None:
    await city.triage_by(STORM_OF_TWO, 0)
    gauges = [code for code in city.codes(DeviceKind.GAUGE) if code.startswith("PD-")]
    for second in range(10, 60, 10):
        said = {code: {"depth_mm": 160.0 + n} for n, code in enumerate(gauges)}
        await city.say(second, said)
    await city.tick(60, 100)
    await city.fold()
    storms = await city.rows("SELECT id, subject_id FROM case_file WHERE shape='storm'")
    assert len(storms) == len({subject for _, subject in storms}) >= 1
    handled = {word: int(str(n)) for word, n in await city.rows(HANDLINGS)}
    assert sum(handled.values()) == len(gauges) + len(storms)
    members = await city.rows(
        "SELECT case_id, count(*), count(*) FILTER (WHERE has_own) FROM case_member"
        " GROUP BY case_id ORDER BY case_id"
    )
    assert all(own == 3 for _, n, own in members)  # two of the budget and the worst
    assert handled["storm"] == sum(int(str(n)) - 3 for _, n, _ in members)
    doubled = await city.rows(
        "SELECT count(*) FROM alarm WHERE case_id IS NULL AND handling <> 'waiting'"
    )
    assert doubled == [(0,)]


async def test_a_window_counts_what_it_kept_and_files_what_still_stands(
    city: City,
) -> None:
    cabinet = city.device_id("CB-0001")
    async with city.pool.acquire() as connection, connection.transaction():
        window_id = await insert_window(
            connection,
            NewWindow(
                circuit_id=cabinet,
                from_at=city.at(0),
                until_at=city.at(3600),
                reason="cable works",
                owner="me",
            ),
            at=city.at(0),
        )
    dead = {"CB-0001": {"contactor_on": 1.0, "voltage_v": 0.0}}
    for second in range(5, 40, 5):
        await city.say(second, dead)
    await city.fold()
    assert await city.rows(CASES) == []
    kept = await city.rows("SELECT handling, window_id FROM alarm")
    assert kept == [("maintenance", window_id)]
    async with city.pool.acquire() as connection, connection.transaction():
        assert await end_window(connection, window_id, by="me", at=city.at(41))
        assert not await end_window(connection, window_id, by="me", at=city.at(41))
    await city.tick(42, 44)
    await city.fold()
    assert [row[2] for row in await city.rows(CASES)] == ["circuit-off"]
    kept = await city.rows("SELECT handling, window_id FROM alarm")
    assert kept == [("filed", window_id)]


async def test_s06_a_device_away_for_a_moment_is_no_case(city: City) -> None:
    for second in range(0, 300, 10):
        await city.say(second, {"MH-0001": {"tilt_deg": 2}})
    await city.say(300.15, {"MH-0001": {"tilt_deg": 2}})
    await city.fold()
    assert await city.rows(HANDLINGS) == []


async def test_s01_a_hundred_breaches_at_once_are_one_case(city: City) -> None:
    for place in range(100):
        await city.say(1 + place * 0.003, {"MH-0001": OPEN})
    await city.fold()
    assert await city.rows(CASES) == [
        ("component", "cover_missing_or_displaced", "cover-opened", "single", 1)
    ]


async def test_a_desk_that_was_lost_is_made_again_from_the_database(
    city: City,
) -> None:
    await city.say(0, {"MH-0001": {"tilt_deg": 2}})
    await city.tick(1, 110)
    await city.fold()
    assert await city.rows(HANDLINGS) == [("waiting", 1)]
    await city.pool.execute("DELETE FROM checkpoint WHERE consumer = 'rules.desk'")
    await city.tick(110, 112)
    await city.fold()
    assert await city.rows(HANDLINGS) == [("filed", 1)]
    assert [row[2] for row in await city.rows(CASES)] == ["cover-silent"]


async def test_s09_a_cabinet_that_goes_away_is_one_case_with_its_lamps_unknown(
    city: City,
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")
    await city.say(0, {"CB-0001": {"contactor_on": 1.0, "voltage_v": 230.0}})
    await city.say_all(1, lamps, power_w=98)
    body = edge_body(edge="modbus", gateway="CAB-1", up=False, detail="gone")
    async with city.pool.acquire() as connection:
        await append(connection, Kind.EDGE, body, at=city.at(2))
    await city.tick(3, 200)
    await city.fold()
    assert await city.rows(CASES) == [
        ("component", "device_silent", "cabinet-unreachable", "group", 1)
    ]
    assert await city.rows(MEMBERS) == [("unknown", False, False, len(lamps))]


async def test_s35_a_problem_that_returns_soon_after_closing_reopens_its_case(
    city: City,
) -> None:
    async def circuit(start: int, end: int, volts: float) -> None:
        said = {"CB-0001": {"contactor_on": 1.0, "voltage_v": volts}}
        for second in range(start, end, 5):
            await city.say(second, said)

    await circuit(0, 20, 0.0)
    await city.fold()
    await city.pool.execute(
        "UPDATE case_file SET stage = 'forced_close', closed_at = $1", city.at(20)
    )
    await circuit(20, 50, 230.0)
    await circuit(50, 75, 0.0)
    await city.fold()
    found = await city.rows(
        "SELECT closed_at IS NULL, hit_count, reopen_count FROM case_file"
    )
    assert found == [(True, 2, 1)]


async def test_a_late_child_of_a_closed_group_s_case_reopens_it(
    city: City,
) -> None:
    covers = city.codes(DeviceKind.COVER, gateway="GW-COVER-1")
    await city.say_all(0, covers[:-1], tilt_deg=2)
    await city.tick(1, 30)
    await city.say(30, {covers[-1]: {"tilt_deg": 2}})
    await city.tick(31, 110)
    await city.fold()
    await city.pool.execute(
        "UPDATE case_file SET stage = 'forced_close', closed_at = $1", city.at(110)
    )
    await city.tick(110, 140)
    await city.fold()
    found = await city.rows(
        "SELECT f.closed_at IS NULL, f.shape, count(m.alarm_id) FROM case_file f"
        " LEFT JOIN case_member m ON m.case_id = f.id AND m.alarm_id <> 0"
        " GROUP BY f.id ORDER BY f.id"
    )
    assert found == [(True, "group", len(covers))]
    assert await city.rows("SELECT reopen_count FROM case_file") == [(1,)]


async def test_a_lamp_still_dark_after_its_circuit_is_back_gets_a_case_of_its_own(
    city: City,
) -> None:
    live, dead = 230.0, 0.0

    async def circuit(seconds: range, volts: float, lamp_w: float) -> None:
        for second in seconds:
            said = {"contactor_on": 1.0, "voltage_v": volts}
            await city.say(second, {"CB-0001": said})
            await city.say(second + 1, {"LP-0001": {"power_w": lamp_w}})

    await circuit(range(0, 20, 5), live, 0)
    await circuit(range(20, 40, 5), dead, 0)  # it was waiting for its siblings
    await city.fold()
    ruled = "SELECT rule, recovered_at IS NOT NULL FROM case_file ORDER BY id"
    assert await city.rows(ruled) == [("circuit-off", False)]
    await circuit(range(40, 60, 5), live, 0)
    await city.fold()
    assert await city.rows(ruled) == [("circuit-off", False)]
    await circuit(range(60, 100, 5), live, 0)
    await city.fold()
    assert await city.rows(ruled) == [("circuit-off", True), ("lamp-dark", False)]
    await circuit(range(100, 130, 5), live, 60)
    await city.fold()
    assert await city.rows(ruled) == [("circuit-off", True), ("lamp-dark", True)]


async def test_a_wrong_guess_is_split_and_each_member_gets_a_case_of_its_own(
    city: City,
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")
    for second in range(0, 30, 5):
        await city.say(second, {"CB-0001": {"contactor_on": 1.0, "voltage_v": 230.0}})
        await city.say_all(second + 1, lamps, power_w=0)
    await city.fold()
    async with city.pool.acquire() as connection, connection.transaction():
        case_id = await connection.fetchval("SELECT id FROM case_file")
        assert await split_case(
            connection, case_id, reason="fifty old lamps", by="Li", at=city.at(31)
        )
    await city.tick(32, 34)
    await city.fold()
    assert await city.rows(HANDLINGS) == [("filed", len(lamps) + 1)]
    found = await city.rows(
        "SELECT condition, shape, count(*), count(parent_id) FROM case_file"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert found == [
        ("lamp_circuit_out", "group", 1, 0),
        ("lamp_single_out", "single", len(lamps), len(lamps)),
    ]
    async with city.pool.acquire() as connection, connection.transaction():
        assert not await split_case(
            connection, case_id, reason="again", by="Li", at=city.at(40)
        )
