"""Towns for tests: one of ten by ten blocks with a little of everything, the sample."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from shapely.geometry import box

import simulators
from simulators.city import Car, City, Endpoint, Hardware, read_city
from simulators.plane import Plane
from simulators.timetable import demo_timetable
from simulators.town import Town, build_town
from simulators.world import World
from vocabulary.device import DeviceKind, Transport
from vocabulary.quantity import Quantity

SAMPLE_CITY = Path(simulators.__file__).parent / "sample_city"
START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
LON, LAT = 111.0, 35.02
PLANE = Plane(LON, LAT)
BLOCK_M = 150.0

QUANTITIES = {
    DeviceKind.COVER: (Quantity.TILT_DEG, Quantity.COVER_OPEN, Quantity.BATTERY_PCT),
    DeviceKind.GAUGE: (Quantity.DEPTH_MM, Quantity.RAIN_MM, Quantity.BATTERY_PCT),
    DeviceKind.PRESSURE: (Quantity.PRESSURE_KPA, Quantity.BATTERY_V),
    DeviceKind.CABINET: (
        Quantity.CONTACTOR_ON,
        Quantity.CABINET_DOOR_OPEN,
        Quantity.VOLTAGE_V,
        Quantity.CURRENT_A,
        Quantity.POWER_W,
        Quantity.LEAKAGE_MA,
        Quantity.ENERGY_KWH,
    ),
    DeviceKind.LAMP: (
        Quantity.POWER_W,
        Quantity.VOLTAGE_V,
        Quantity.DIMMING_PCT,
        Quantity.TEMPERATURE_C,
    ),
    DeviceKind.VEHICLE: (),
}

MAPS = {DeviceKind.PRESSURE: "pressure_rtu", DeviceKind.CABINET: "gezhi_cabinet"}


def hardware(
    kind: DeviceKind,
    code: str,
    gateway: str,
    *,
    address: str = "",
    at: tuple[float, float] = (0, 0),
    upstream: str = "",
) -> Hardware:
    lon, lat = PLANE.degrees(np.array([at], float))[0]
    return Hardware(
        code=code,
        kind=kind,
        gateway=gateway,
        address=address or code,
        quantities=QUANTITIES[kind],
        interval_s=0.5 if kind is DeviceKind.VEHICLE else 10,
        register_map=MAPS.get(kind, "gezhi_cabinet" if upstream else ""),
        upstream=upstream,
        component=f"990102{number(code):010d}" if kind in COMPONENTS else "",
        class_code=COMPONENTS.get(kind, ""),
        scheme="gbt30428.2-2013" if kind in COMPONENTS else "",
        vehicle=f"格A{number(code):05d}" if kind is DeviceKind.VEHICLE else "",
        lon=float(lon),
        lat=float(lat),
    )


COMPONENTS = {
    DeviceKind.COVER: "0102",
    DeviceKind.LAMP: "0137",
    DeviceKind.CABINET: "0128",
}


def number(code: str) -> int:
    return int(code[-2:])


def devices() -> list[Hardware]:
    rows = [
        hardware(DeviceKind.COVER, f"MH-{n:02d}", "GW-C", at=(90 * n, 150))
        for n in range(12)
    ]
    rows += [
        hardware(DeviceKind.GAUGE, f"PD-{n:02d}", "GW-G", at=(250 * n, 300))
        for n in range(4)
    ]
    rows += [
        hardware(
            DeviceKind.PRESSURE,
            f"PR-{n:02d}",
            "RTU",
            address=str(n + 1),
            at=(200 * n, 450),
        )
        for n in range(6)
    ]
    rows.append(hardware(DeviceKind.CABINET, "CB-01", "CAB", address="1"))
    rows += [
        hardware(
            DeviceKind.LAMP,
            f"LP-{n:02d}",
            "CAB",
            address=f"1/lamp/{n:02d}",
            upstream="CB-01",
        )
        for n in range(1, 11)
    ]
    return rows + [
        hardware(DeviceKind.VEHICLE, f"VT-{n:02d}", "nmea") for n in range(6)
    ]


def city(ports: dict[str, int] | None = None) -> City:
    """Streets every 150 m over 1.5 km; everyone works in the same inner square."""
    side = np.arange(0, 1501, BLOCK_M)
    streets = [np.array([[0, y], [1500, y]], float) for y in side]
    streets += [np.array([[x, 0], [x, 1500]], float) for x in side]
    corners = PLANE.degrees(np.array([[430, 430], [1070, 1070]], float))
    wires = {
        "GW-C": Transport.MQTT,
        "GW-G": Transport.MQTT,
        "RTU": Transport.MODBUS_TCP,
        "CAB": Transport.MODBUS_TCP,
        "nmea": Transport.NMEA,
    }
    hardware_ = devices()
    return City(
        zone=ZoneInfo("Asia/Shanghai"),
        lon=LON,
        lat=LAT,
        gateways={
            code: Endpoint(
                code=code,
                transport=wire,
                host="127.0.0.1",
                port=(ports or {}).get(code, 0),
            )
            for code, wire in wires.items()
        },
        devices={one.code: one for one in hardware_},
        cars={
            one.vehicle: Car(
                code=one.vehicle,
                kind="enforcement" if number(one.code) < 3 else "sanitation",
                name_en="Sprinkler" if number(one.code) == 3 else "Sweeper",
                area=box(*corners.ravel()),
                speed_limit_kmh=60,
            )
            for one in hardware_
            if one.vehicle
        },
        streets=tuple(PLANE.degrees(line) for line in streets),
    )


def town(seed: int = 7, ports: dict[str, int] | None = None) -> Town:
    return build_town(city(ports), seed=seed)


@cache
def sample_town(seed: int = 7) -> Town:
    return build_town(read_city(SAMPLE_CITY), seed=seed)


@cache
def sample_world() -> World:
    return World.begin(sample_town(), demo_timetable(sample_town()), start=START)
