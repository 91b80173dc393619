"""Payload codecs against what each maker's own decoder says."""

import base64
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from ingest.protocols.lorawan import Explained, payload_codec, payload_codec_names
from tests.protocols.realdata import realdata
from vocabulary.quantity import Quantity

pytestmark = pytest.mark.realdata

# Records of other people's tests: whatever they hold.
Record = Mapping[str, Any]
Values = dict[Quantity, float]

PLAIN: Mapping[str, tuple[Quantity, Callable[[Any], float]]] = {
    "battery": (Quantity.BATTERY_PCT, float),
    "temperature": (Quantity.TEMPERATURE_C, float),
    "distance": (Quantity.DISTANCE_MM, float),
    "pressure": (Quantity.PRESSURE_KPA, float),
    "depth": (Quantity.DEPTH_MM, lambda cm: cm * 10),
    "angle_x": (Quantity.TILT_X_DEG, float),
    "angle_y": (Quantity.TILT_Y_DEG, float),
    "angle_z": (Quantity.TILT_Z_DEG, float),
    "position": (Quantity.SENSOR_TILTED, lambda word: float(word == "tilt")),
    "valve_1": (Quantity.VALVE_OPEN, lambda word: float(word == "open")),
    "valve_2": (Quantity.VALVE_2_OPEN, lambda word: float(word == "open")),
    "valve_1_pulse": (Quantity.PULSE_COUNT, float),
    "valve_2_pulse": (Quantity.PULSE_2_COUNT, float),
    "Bat_V": (Quantity.BATTERY_V, float),
    "IDC_intput_mA": (Quantity.LOOP_CURRENT_MA, float),
    "VDC_intput_V": (Quantity.INPUT_VOLTAGE_V, float),
    "IN1_pin_level": (Quantity.INPUT_ON, lambda word: float(word == "High")),
    "IN2_pin_level": (Quantity.INPUT_2_ON, lambda word: float(word == "High")),
    "Water_deep_cm": (Quantity.DEPTH_MM, lambda cm: cm * 10),
    "Bat": (Quantity.BATTERY_V, float),
    "Distance": (Quantity.DISTANCE_MM, float),
    "TempC_DS18B20": (Quantity.TEMPERATURE_C, float),
}


def expected_of(said: Record) -> Values:
    values = {
        quantity: convert(said[name])
        for name, (quantity, convert) in PLAIN.items()
        if name in said
    }
    if "threshold_x" in said:
        limits = (said[f"threshold_{axis}"] for axis in "xyz")
        values[Quantity.TILT_ALARM] = float("trigger" in limits)
        values[Quantity.TILT_DEG] = abs(90 - abs(said["angle_z"]))
    return values


def assert_agrees(explained: Explained, said: Record) -> int:
    """Compare all that is said of the present and the past; count the values."""
    present = expected_of(said)
    past = cast("list[Record]", said.get("history", []))
    samples = list(explained.samples)
    count = 0
    if present:
        now = samples.pop(0)
        assert now.measured_at is None
        assert now.values == pytest.approx(present, abs=0.005)
        count += len(present)
    assert len(samples) == len(past)
    for sample, kept in zip(samples, past, strict=True):
        assert sample.measured_at == datetime.fromtimestamp(kept["timestamp"], UTC)
        assert sample.values == pytest.approx(expected_of(kept), abs=0.005)
        count += len(sample.values)
    return count


def test_drawn_payloads_mean_what_the_makers_decoders_say() -> None:
    compared: Counter[str] = Counter()
    for record in realdata("lorawan/vendor_oracle.json"):
        name = str(record["device"]).removeprefix("dragino-")
        octets = bytes.fromhex(str(record["hex"]))
        explained = payload_codec(name).decode(octets, cast("int", record["fport"]))
        compared[name] += assert_agrees(explained, cast("Record", record["expected"]))
        # These payloads have one octet too many; the maker's decoder does not say so.
        left = [error.octets for error in explained.errors]
        assert left == ([octets[-1:]] if name == "em320-tilt" else [])
    assert sum(compared.values()) == 266
    assert len(compared) == 10


def test_the_makers_readme_means_what_it_says() -> None:
    seen: Counter[str] = Counter()
    for record in realdata("lorawan/milesight_readme.json"):
        name = str(record["device"])
        if name not in payload_codec_names():
            continue
        octets = bytes.fromhex(str(record["hex"]))
        explained = payload_codec(name).decode(octets, 0)
        assert not explained.errors
        if record["check"] == "readme == decoder":
            assert_agrees(explained, cast("Record", record["expected"]))
            seen[name] += 1
        else:  # of UC511's history both say that valve 2 was open
            (kept,) = explained.samples
            assert kept.values == {Quantity.VALVE_2_OPEN: 1}
            assert kept.measured_at == datetime.fromtimestamp(1678352703, UTC)
    assert seen == {
        "em310-tilt": 1,
        "em320-tilt": 1,
        "em400-mud": 2,
        "em500-pp": 1,
        "em500-swl": 1,
        "em500-udl": 1,
        "uc511": 1,
    }


DECENTLAB: Mapping[str, tuple[Quantity, float]] = {
    "Battery voltage": (Quantity.BATTERY_V, 1),
    "Pressure": (Quantity.PRESSURE_KPA, 100),
    "Water depth": (Quantity.DEPTH_MM, 1),
    "Electrical conductivity": (Quantity.CONDUCTIVITY_US_CM, 1),
    "Distance": (Quantity.DISTANCE_MM, 1),
    "Distance: average": (Quantity.DISTANCE_MM, 1),
    "Air temperature": (Quantity.TEMPERATURE_C, 1),
    "Temperature": (Quantity.TEMPERATURE_C, 1),
    "Temperature target": (Quantity.SURFACE_TEMPERATURE_C, 1),
    "Surface temperature": (Quantity.SURFACE_TEMPERATURE_C, 1),
    "Air humidity": (Quantity.HUMIDITY_PCT, 1),
    "Relative humidity": (Quantity.HUMIDITY_PCT, 1),
    "Atmospheric pressure": (Quantity.AIR_PRESSURE_HPA, 10),
    "Cumulative precipitation": (Quantity.RAIN_TOTAL_MM, 1),
    "Cumulative pulse count": (Quantity.PULSE_COUNT, 1),
    "Current": (Quantity.LOOP_CURRENT_MA, 1),
    "CH0: Input": (Quantity.INPUT_ON, 1),
    "CH1: Input": (Quantity.INPUT_2_ON, 1),
}


def decentlab_name(record: Record) -> str:
    """Return the codec's name of `DL-PR26 (Pmin=0.0,Pmax=1.0)`."""
    model, _, given = record["variant"].lower().partition(" (")
    parameters = given.rstrip(")")
    return f"{model}:{parameters}" if parameters else model


def test_decentlabs_messages_mean_what_its_decoders_say() -> None:
    compared = models = others = 0
    for record in realdata("lorawan/decentlab.json"):
        if str(record["device"]).lower() not in payload_codec_names():
            others += 1
            continue
        codec = payload_codec(decentlab_name(record))
        explained = codec.decode(bytes.fromhex(str(record["hex"])), 0)
        assert not explained.errors
        said = cast("Record", record["expected"])
        expected = {
            quantity: said[name]["value"] * factor
            if isinstance(said[name], dict)
            else said[name]
            for name, (quantity, factor) in DECENTLAB.items()
            if name in said
        }
        if record["device"] == "DL-CTD10" and "Temperature" in said:
            temperature = expected.pop(Quantity.TEMPERATURE_C)
            expected[Quantity.WATER_TEMPERATURE_C] = temperature
        (sample,) = explained.samples
        assert sample.values == pytest.approx(expected, rel=1e-9)
        compared += len(expected)
        models += 1
    assert (models, others, compared) == (32, 39, 61)


def test_four_hundred_uplinks_mean_what_the_makers_decoder_says() -> None:
    records = realdata("lorawan/campusiot_elsys_ems.ndjson.gz")
    codec = payload_codec("elsys")
    for record in records:
        payload = base64.b64decode(str(record["payload"]))
        explained = codec.decode(payload, cast("int", record["port"]))
        said = cast("Record", record["decoded"])
        (sample,) = explained.samples
        assert not explained.errors
        assert sample.values == pytest.approx(
            {
                Quantity.TEMPERATURE_C: said["temperature"],
                Quantity.HUMIDITY_PCT: said["humidity"],
                Quantity.ACCELERATION_X_G: said["x"] / 63,
                Quantity.ACCELERATION_Y_G: said["y"] / 63,
                Quantity.ACCELERATION_Z_G: said["z"] / 63,
                Quantity.BATTERY_V: said["vdd"] / 1000,
                Quantity.VIBRATION_COUNT: said["accMotion"],
                Quantity.INPUT_ON: said["digital"],
                Quantity.PULSE_COUNT: said["pulseAbs"],
                Quantity.WATER_LEAK: said["waterleak"],
            }
        )
        assert codec.encode(sample.values) != b""
    assert len(records) == 400
