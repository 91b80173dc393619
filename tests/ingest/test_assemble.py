import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival, named_readings
from ingest.assemble import batch_of
from ingest.judging.memory import Memory
from ingest.names import Names
from ingest.quarantine.kept import kept_readings
from ingest.quarantine.unplaced import MOST_ROWS
from store.telemetry.batch import Batch
from tests.store.rows import NOON
from vocabulary.coordinates import gcj02_from_wgs84
from vocabulary.device import Device, DeviceKind, Gateway, Transport
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading
from vocabulary.refusal import Reason, Refusal


def gateway(number: int) -> Gateway:
    return Gateway(
        id=number,
        code=f"GW-{number}",
        transport=Transport.MQTT,
        host="",
        port=0,
        simulated=False,
    )


def device(
    number: int, *, below: str, simulated: bool = False, datum: str = "wgs84"
) -> Device:
    return Device(
        id=number,
        code=f"code of {number}",
        kind=DeviceKind.COVER,
        gateway=below,
        address=f"MH-{number}",
        component_id=None,
        vehicle_id=None,
        cell_id=None,
        upstream_id=None,
        lon=None,
        lat=None,
        register_map="",
        expected_interval_s=10,
        allowed_lateness_s=0,
        time_zone="",
        datum=datum,
        simulated=simulated,
    )


NAMES = Names(
    Snapshot(
        version=1,
        gateways={"GW-1": gateway(1), "GW-2": gateway(2)},
        devices={
            1: device(1, below="GW-1"),
            2: device(2, below="GW-2"),
            3: device(3, below="GW-1", simulated=True),
            4: device(4, below="GW-1", datum="gcj02"),
        },
        series={
            11: (1, "tilt_deg"),
            12: (1, "battery_pct"),
            21: (2, "tilt_deg"),
            31: (3, "tilt_deg"),
            99: (7, "tilt_deg"),  # of a retired device
        },
    )
)


def reading(
    device: str = "MH-1",
    value: float = 1.0,
    *,
    quantity: Quantity = Quantity.TILT_DEG,
    at: datetime = NOON,
) -> Reading:
    return Reading(device=device, quantity=quantity, measured_at=at, value=value)


def arrival(
    *readings: Reading,
    positions: Sequence[Position] = (),
    refusals: Sequence[Refusal] = (),
    gateway: str = "GW-1",
    at: datetime = NOON,
) -> Arrival:
    return Arrival(
        transport=Transport.MQTT,
        gateway=gateway,
        peer="127.0.0.1:1883",
        received_at=at,
        readings=named_readings(readings) if readings else None,
        positions=positions,
        refusals=refusals,
        committed=None,
    )


def assembled(*arrivals: Arrival) -> Batch:
    return batch_of(arrivals, NAMES, Memory(), at=NOON)


def fix(
    device: str = "MH-1", lon: float = 111.0, lat: float = 35.0, **more: float
) -> Position:
    return Position(device=device, fixed_at=NOON, lon=lon, lat=lat, **more)  # type: ignore[arg-type] # whole numbers are


def test_names_become_series_in_the_order_they_came() -> None:
    later = NOON + timedelta(seconds=5)
    batch = assembled(
        arrival(reading(value=1), reading(value=2, quantity=Quantity.BATTERY_PCT)),
        arrival(),
        arrival(reading("MH-2", 3), gateway="GW-2", at=later),
    )
    assert batch.readings.series_id.tolist() == [11, 12, 21]
    assert batch.readings.value.tolist() == [1, 2, 3]
    assert (batch.readings.received_us - batch.readings.measured_us).tolist() == [
        0,
        0,
        5_000_000,
    ]
    assert batch.refusals == []


def test_nothing_is_an_empty_batch() -> None:
    batch = assembled(arrival())
    assert (len(batch.readings), len(batch.positions), batch.refusals) == (0, 0, [])


def test_an_unregistered_device_is_one_refusal_with_what_it_said() -> None:
    strange = [reading("MH-9", value) for value in range(3)]
    batch = assembled(arrival(reading(), *strange))
    assert len(batch.readings) == 1
    (refusal,) = batch.refusals
    assert (refusal.reason, refusal.identity) == (Reason.UNKNOWN_DEVICE, "MH-9")
    assert "register it below GW-1" in refusal.detail
    assert [part["value"] for part in json.loads(refusal.octets)] == [0, 1, 2]


def test_a_device_of_another_gateway_is_refused() -> None:
    batch = assembled(arrival(reading("MH-2")))
    (refusal,) = batch.refusals
    assert refusal.reason == Reason.OTHER_GATEWAYS_DEVICE
    assert refusal.detail == "MH-2 is registered below GW-2, not below GW-1"


def test_an_unregistered_gateway_may_speak_for_nobody() -> None:
    batch = assembled(arrival(reading(), positions=[fix()], gateway="GW-9"))
    assert [refusal.reason for refusal in batch.refusals] == [Reason.UNKNOWN_DEVICE] * 2
    assert batch.refusals[0].detail == "gateway GW-9 is not registered"


def test_a_quantity_outside_the_profile_is_refused() -> None:
    batch = assembled(arrival(reading(quantity=Quantity.DEPTH_MM), reading()))
    (refusal,) = batch.refusals
    assert refusal.reason == Reason.UNKNOWN_QUANTITY
    assert refusal.detail == "MH-1 has no depth_mm in its profile"
    assert len(batch.readings) == 1


@pytest.mark.parametrize(
    "at",
    [
        datetime(1980, 1, 6, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        NOON + timedelta(days=1, seconds=1),
    ],
)
def test_an_impossible_time_is_refused_and_its_neighbours_are_not(at: datetime) -> None:
    batch = assembled(arrival(reading(at=at), reading(at=NOON - timedelta(days=400))))
    (refusal,) = batch.refusals
    assert refusal.reason == Reason.IMPOSSIBLE_TIME
    assert refusal.detail.startswith(f"MH-1 says {at.isoformat()}, received at")
    assert len(batch.readings) == 1


def test_a_time_ahead_is_flagged_and_kept() -> None:
    ahead = NOON + timedelta(minutes=2)
    batch = assembled(arrival(reading(at=ahead), reading()))
    assert batch.readings.quality.tolist() == [Quality.FUTURE, 0]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_no_finite_number_is_refused(value: float) -> None:
    batch = assembled(arrival(reading(value=value)))
    (refusal,) = batch.refusals
    assert refusal.reason == Reason.BAD_VALUE
    assert json.loads(refusal.octets)[0]["value"] == str(value)


def test_a_value_out_of_range_and_a_simulated_device_are_flagged() -> None:
    batch = assembled(arrival(reading(value=181), reading("MH-3", -1)))
    out, simulated = Quality.OUT_OF_RANGE, Quality.SIMULATED
    assert batch.readings.quality.tolist() == [out, out | simulated]


def test_a_codecs_refusals_go_along_with_the_time_they_came() -> None:
    refusal = Refusal(reason=Reason.BAD_JSON, detail="", transport="mqtt")
    went = assembled(arrival(refusals=[refusal])).refusals
    assert went == [replace(refusal, received_at=NOON)]


def test_many_refused_rows_of_one_device_are_all_kept() -> None:
    many = [reading("MH-9", value=float(n)) for n in range(2 * MOST_ROWS + 1)]
    refusals = assembled(arrival(*many)).refusals
    assert len(refusals) == 3
    kept = [kept_readings(refusal.octets) for refusal in refusals]
    values = [value for part in kept if part for value in part.value.tolist()]
    assert values == [float(n) for n in range(2 * MOST_ROWS + 1)]


def test_fixes_become_columns() -> None:
    batch = assembled(
        arrival(positions=[fix(speed_kmh=30, satellites=9, inputs=3), fix("MH-3")])
    )
    rows = batch.positions
    assert rows.device_id.tolist() == [1, 3]
    assert rows.lon_e7.tolist() == [1_110_000_000] * 2
    assert rows.satellites.tolist() == [9, -1]
    assert rows.inputs.tolist() == [3, 0]
    assert rows.quality.tolist() == [0, Quality.SIMULATED]
    assert str(rows.speed_kmh.tolist()) == "[30.0, nan]"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (fix(lon=180.1), Reason.BAD_POSITION),
        (fix(lat=float("nan")), Reason.BAD_POSITION),
        (fix(satellites=40_000), Reason.BAD_VALUE),
        (fix(inputs=2**31), Reason.BAD_VALUE),
        (fix("MH-2"), Reason.OTHER_GATEWAYS_DEVICE),
        (
            Position(
                device="MH-1", fixed_at=datetime(1999, 8, 22, tzinfo=UTC), lon=1, lat=1
            ),
            Reason.IMPOSSIBLE_TIME,
        ),
    ],
)
def test_a_fix_that_cannot_be_is_refused_and_its_neighbours_are_not(
    bad: Position, reason: Reason
) -> None:
    batch = assembled(arrival(positions=[fix(), bad, fix()]))
    assert [refusal.reason for refusal in batch.refusals] == [reason]
    assert len(batch.positions) == 2


def test_a_fix_in_another_datum_becomes_wgs84() -> None:
    lon, lat = gcj02_from_wgs84(111.0, 35.0)
    fixes = [fix("MH-4", lon, lat), fix("MH-1", 111.0, 35.0)]
    rows = assembled(arrival(positions=fixes)).positions
    assert abs(lon - 111.0) > 0.001
    assert np.abs(rows.lon_e7 - 1_110_000_000).max() <= 1
    assert np.abs(rows.lat_e7 - 350_000_000).max() <= 1


def test_a_speed_beyond_any_column_is_as_good_as_none() -> None:
    batch = assembled(arrival(positions=[fix(speed_kmh=1e300, hdop=float("inf"))]))
    assert str(batch.positions.speed_kmh.tolist()) == "[nan]"
    assert str(batch.positions.hdop.tolist()) == "[nan]"
