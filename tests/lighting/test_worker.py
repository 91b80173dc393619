"""Lamps through the real worker and a real database: S09, S10, S31, nights, the API."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import httpx2
import pytest

from devices.lamp_nights import look
from store.journal.entries import Kind, append, read
from store.telemetry.latest import CONSUMER, fold_entries
from tests.triage.city import City
from vocabulary.device import DeviceKind

pytestmark = pytest.mark.db

ZONE = ZoneInfo("Asia/Shanghai")

CASES = """
SELECT coalesce(d.code, c.code), f.condition, f.rule, f.shape
FROM case_file f
LEFT JOIN component c ON f.subject_kind = 'component' AND c.id = f.subject_id
LEFT JOIN device d ON d.component_id = c.id
ORDER BY 1, 2
"""

HOUR = 3600

IN_ORDER = {"contactor_on": 1.0, "voltage_v": 229.0, "cabinet_door_open": 0.0}


async def latest(city: City) -> None:
    """Fold last values up to the end of the journal."""
    async with city.pool.acquire() as connection:
        query = "SELECT coalesce(max(seq), 0) FROM cursor WHERE consumer = $1"
        after = await connection.fetchval(query, CONSUMER)
        entries = await read(connection, after=after, limit=10_000)
        await fold_entries(connection, entries)


async def test_s31_each_fault_of_a_lamp_or_cabinet_files_what_it_is(
    city: City,
) -> None:
    start = HOUR  # one in the afternoon: the last cabinet's lamps should be dark
    for second in range(0, 480, 10):
        flickers = 120.0 if second // 10 % 2 else 0.0
        await city.say(
            start + second,
            {
                "CB-0001": {**IN_ORDER, "leakage_ma": 6},
                "CB-0002": {**IN_ORDER, "leakage_ma": 150},
                "CB-0003": {**IN_ORDER, "voltage_v": 250.0},
                "CB-0004": {**IN_ORDER, "cabinet_door_open": 1.0},
                "CB-0005": {**IN_ORDER, "contactor_on": 0.0, "voltage_v": 0.0},
                "CB-0006": {**IN_ORDER, "contactor_on": 0.0, "voltage_v": 0.0},
                "LP-0001": {"dimming_pct": 100, "power_w": 0.4},
                "LP-0002": {"dimming_pct": 100, "power_w": 50},
                "LP-0003": {"dimming_pct": 100, "power_w": flickers},
                "LP-0004": {"dimming_pct": 0, "power_w": 120},
                "LP-0005": {"dimming_pct": 100, "power_w": 121},
                "LP-0201": {"dimming_pct": 100, "power_w": 0},
                "LP-0251": {"dimming_pct": 100, "power_w": 119},
                "LP-0252": {"dimming_pct": 0, "power_w": 0.4},
            },
        )
    await city.fold()
    assert await city.rows(CASES) == [
        ("CB-0002", "lamp_damaged_or_live_wire", "circuit-leaking", "single"),
        ("CB-0003", "supply_voltage", "supply-high", "single"),
        ("CB-0004", "cabinet_door_open", "cabinet-opened", "single"),
        ("CB-0005", "lamp_circuit_out", "circuit-not-lit", "single"),
        ("LP-0001", "lamp_single_out", "lamp-dark", "single"),
        ("LP-0002", "lamp_dimming_failure", "lamp-dim", "single"),
        ("LP-0003", "lamp_cycling_failure", "lamp-cycling", "single"),
        ("LP-0004", "lamp_schedule_wrong", "lamp-relay-stuck", "single"),
        ("LP-0251", "lamp_schedule_wrong", "lamp-burning", "single"),
    ]


async def test_a_circuit_that_stays_on_by_day_is_one_case_with_its_lamps(
    city: City,
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-6")
    for second in range(0, 420, 10):
        await city.say(HOUR + second, {"CB-0006": IN_ORDER})
        await city.say_all(HOUR + second + 1, lamps, power_w=120)
    await city.fold()
    assert await city.rows(CASES) == [
        ("CB-0006", "lamp_schedule_wrong", "circuit-burning", "group")
    ]
    assert await city.rows("SELECT count(*) FROM case_member WHERE state = 'bad'") == [
        (len(lamps),)
    ]


async def test_s10_a_breaker_that_trips_at_five_past_seven_is_one_circuit_case(
    city: City,
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-6")
    evening = 7 * HOUR + 300 - 20  # five past seven, less the seconds before it trips
    for second in range(0, 80, 5):
        volts = 229.0 if second < 20 else 0.0
        said = {"contactor_on": 1.0, "voltage_v": volts}
        await city.say(evening + second, {"CB-0006": said})
        await city.say_all(evening + second + 1, lamps, power_w=120 * (volts > 0))
    await city.fold()
    assert await city.rows(CASES) == [
        ("CB-0006", "lamp_circuit_out", "circuit-off", "group")
    ]
    assert await city.rows("SELECT count(*) FROM case_member") == [(50,)]
    out = "SELECT count(*) FROM case_file WHERE condition = 'lamp_single_out'"
    assert await city.rows(out) == [(0,)]


async def test_s09_lamps_that_are_not_heard_are_unknown_and_the_meter_says_lit(
    city: City, viewer: httpx2.AsyncClient
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")
    full_w = await city.pool.fetchval(
        "SELECT sum(d.rated_w) FROM device d JOIN device u ON u.id = d.upstream_id"
        " WHERE u.code = 'CB-0001'"
    )
    await city.say(0, {"CB-0001": {**IN_ORDER, "power_w": full_w}})
    await city.say_all(1, lamps, power_w=120)
    for second in range(5, 150, 5):  # the concentrator is down; the meter is read on
        await city.say(second, {"CB-0001": {**IN_ORDER, "power_w": 0.99 * full_w}})
    await city.fold()
    found = await city.rows("SELECT condition, shape FROM case_file")
    assert found == [("device_silent", "group")]
    rate = await rate_of(city, viewer, "CB-0001")
    assert (rate["low"], rate["high"], rate["settled"]) == (1, 1, 50)
    await city.say(150, {"CB-0001": {**IN_ORDER, "power_w": full_w / 2}})
    rate = await rate_of(city, viewer, "CB-0001")
    assert (rate["low"], rate["high"], rate["unheard"]) == (0, 1, 50)
    await city.say(155, {"CB-0001": {**IN_ORDER, "voltage_v": 0, "power_w": 0}})
    rate = await rate_of(city, viewer, "CB-0001")
    assert (rate["low"], rate["high"], rate["dark"]) == (0, 0, 50)


async def rate_of(
    city: City, viewer: httpx2.AsyncClient, code: str
) -> dict[str, float]:
    """Return how a cabinet's lamps are once last values are up to date."""
    await latest(city)
    lighting = (await viewer.get("/api/v1/lighting")).raise_for_status().json()
    rates: dict[str, dict[str, float]] = {
        group["code"]: group["rate"] for group in lighting["items"]
    }
    return rates[code]


async def test_the_rate_is_told_whole_and_by_group_page_by_page(
    city: City, viewer: httpx2.AsyncClient
) -> None:
    first, last = (city.codes(DeviceKind.LAMP, gateway=f"CAB-{n}") for n in (1, 6))
    await city.say_all(0, first[:48], power_w=120)
    await city.say_all(0, first[48:], power_w=0.4)
    await city.say_all(0, last[:1], power_w=120)
    await latest(city)
    lighting = (await viewer.get("/api/v1/lighting")).raise_for_status().json()
    city_rate = lighting["city"]
    assert (city_rate["lamps"], city_rate["should"]) == (300, 250)
    assert (city_rate["lit_low"], city_rate["lit_high"]) == (48, 248)
    assert (city_rate["dark"], city_rate["unheard"]) == (2, 200)
    assert (city_rate["burning"], city_rate["unsure"]) == (1, 49)
    assert lighting["next"] is None
    rates = {group["code"]: group["rate"] for group in lighting["items"]}
    assert rates["CB-0001"]["low"] == rates["CB-0001"]["high"] == 48 / 50
    assert rates["CB-0006"]["low"] is None
    for by, most in (("cell", 60), ("subdistrict", 4)):
        items, next_ = [], f"/api/v1/lighting?by={by}&limit=3"
        while next_:
            page = (await viewer.get(next_)).raise_for_status().json()
            items += page["items"]
            next_ = page["next"]
        assert 1 < len(items) <= most
        assert len({item["code"] for item in items}) == len(items)
        for key in ("lamps", "should", "lit_low", "lit_high", "burning"):
            assert sum(item["rate"][key] for item in items) == city_rate[key]


async def test_lamps_of_no_cell_are_the_last_page_and_not_the_first_for_ever(
    city: City, viewer: httpx2.AsyncClient
) -> None:
    lamp = city.codes(DeviceKind.LAMP, gateway="CAB-1")[0]
    await city.pool.execute("UPDATE device SET cell_id = NULL WHERE code = $1", lamp)
    codes: list[str] = []
    next_ = "/api/v1/lighting?by=cell&limit=1"
    while next_ and len(codes) < 300:
        page = (await viewer.get(next_)).raise_for_status().json()
        codes += [item["code"] for item in page["items"]]
        next_ = page["next"]
    assert codes[-1] == ""
    assert len(set(codes)) == len(codes) > 2


async def test_nights_count_lamp_hours_energy_and_switchings(
    city: City, viewer: httpx2.AsyncClient
) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")
    for minute in range(61):
        second = 60.0 * minute
        lit = 40 if minute <= 30 else 50
        closed = float(minute != 20)
        await city.say(
            second, {"CB-0001": {"contactor_on": closed, "energy_kwh": 1000 + minute}}
        )
        await city.say_all(second, lamps[:lit], power_w=120)
        await city.say_all(second, lamps[lit:], power_w=0)
        await latest(city)
        async with city.pool.acquire() as connection:
            assert await look(connection, zone=ZONE)
            assert not await look(connection, zone=ZONE)
    found = (
        (await viewer.get("/api/v1/lighting/nights?cabinet=CB-0001"))
        .raise_for_status()
        .json()
    )
    (night,) = found["items"]
    assert night["night"] == "2026-11-21"
    assert night["watched_h"] == pytest.approx(1)
    assert night["should_lamp_h"] == pytest.approx(50)
    assert night["low"] == night["high"] == pytest.approx(0.9)
    assert night["energy_kwh"] == pytest.approx(60)
    assert night["burning_h"] == pytest.approx(59 / 60)
    assert night["switchings"] == 2
    page = (await viewer.get("/api/v1/lighting/nights?limit=4")).json()
    assert len(page["items"]) == 4
    rest = (await viewer.get(page["next"])).raise_for_status().json()
    assert [item["cabinet"] for item in rest["items"]] == ["CB-0002", "CB-0001"]
    wrong = await viewer.get("/api/v1/lighting/nights?after=yesterday")
    assert wrong.status_code == 422


async def test_a_time_in_which_nobody_looked_counts_for_nothing(city: City) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")
    async with city.pool.acquire() as connection:
        for second in (0, 60, 7200):
            await city.say_all(second, lamps, power_w=120)
            await latest(city)
            assert await look(connection, zone=ZONE)
        [night] = await connection.fetch(
            "SELECT n.night, n.watched_s FROM lamp_night n"
            " JOIN device d ON d.id = n.cabinet_id WHERE d.code = 'CB-0001'"
        )
        assert (night["night"], night["watched_s"]) == (date(2026, 11, 21), 180)
        at = city.at(0) + timedelta(days=1)
        await append(connection, Kind.TICK, b"", at=at)
        assert await look(connection, zone=ZONE)
        assert await connection.fetchval("SELECT count(*) FROM lamp_night") == 12
