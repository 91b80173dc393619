"""Dragino: PS-LB (pressure and water level probes) and LDDS75 (ultrasonic distance).

Readings are sent on FPort 2; the most significant octet comes first.

    PS-LB    BBBB MM RR IIII VVVV F

    B = battery, mV
    M = probe: 00 water level, 01 pressure, 02 differential pressure
    R = its range: of 00 in metres, of 01 a key of `PRESSURE_KPA`
    I = loop current, µA: 4 mA is the range's bottom, 20 mA its top
    V = voltage input, mV
    F = bit 3 input 1, bit 2 input 2, bit 1 interrupt pin, bit 0 sent by the interrupt

    LDDS75   BBBB MMMM I TTTT S

    B = battery, mV, lower 14 bits
    M = distance, mm; 0 no probe is connected, 20 nearer than it can measure
    I = sent by the interrupt
    T = DS18B20, int16, 0.1 °C; 7FFF none
    S = a probe was found

A loop current below 4 mA is the bottom; below 3.6 mA (NAMUR NE 43) the loop is broken
and there is no level or pressure. Ranges 8 and 9 of the pressure probe, which go below
zero, and the differential probe give the loop current only: the maker's decoder has 8
upside down, or 9 with a step in its middle, and nothing to tell which.

Sources: github.com/dragino/dragino-end-node-decoder, PS-LB and LDDS75; 0 and 20 mm from
memory of the maker's manual.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from ingest.protocols.lorawan.channel import Channel, Field, channel
from ingest.protocols.lorawan.explained import (
    Explained,
    PayloadCodec,
    Sample,
    bad_payload,
)
from vocabulary.quantity import Quantity

PORT = 2
"""Where readings are sent; others carry settings and logs."""

PRESSURE_KPA = {
    1: 600,
    2: 1_000,
    3: 1_600,
    4: 2_500,
    5: 10_000,
    6: 40_000,
    7: 60_000,
    10: 5,
    11: 50,
    12: 100,
}
"""Top of each range of the pressure probe; its bottom is 0."""

BOTTOM_MA = 4.0
"""Loop current at the bottom of a range."""

SPAN_MA = 16.0
"""How far the top is above it."""

BROKEN_MA = 3.6
"""Below this the loop is broken (NAMUR NE 43)."""

_LEVEL_PROBE, _PRESSURE_PROBE = 0, 1
_MM_PER_M = 1_000
_PS_LB = struct.Struct(">HBBHHB")


@dataclass(frozen=True, slots=True)
class PsLb:
    """The codec of PS-LB and PS-NB.

    Attributes:
        probe: What `encode` says is connected: 0 level, 1 pressure.
        probe_range: Its range: metres, or a key of `PRESSURE_KPA`.
    """

    probe: int = _LEVEL_PROBE
    probe_range: int = 10

    def decode(self, payload: bytes, port: int) -> Explained:
        """Return what a payload means; nothing where its port carries no readings."""
        if port not in {0, PORT}:
            return Explained()
        if len(payload) != _PS_LB.size:
            detail = f"{len(payload)} octets; PS-LB sends {_PS_LB.size}"
            return Explained(errors=[bad_payload(detail, payload)])
        battery_mv, probe, probe_range, loop_ua, input_mv, flags = _PS_LB.unpack(
            payload
        )
        values = {
            Quantity.BATTERY_V: battery_mv / 1000,
            Quantity.LOOP_CURRENT_MA: loop_ua / 1000,
            Quantity.INPUT_VOLTAGE_V: input_mv / 1000,
            Quantity.INPUT_ON: flags >> 3 & 1,
            Quantity.INPUT_2_ON: flags >> 2 & 1,
        }
        measured, top = _scale(probe, probe_range)
        if measured and loop_ua >= BROKEN_MA * 1000:
            part = max(0.0, loop_ua / 1000 - BOTTOM_MA) / SPAN_MA
            values[measured] = round(part * top, 3)
        return Explained([Sample(values)])

    def encode(self, values: Mapping[Quantity, float]) -> bytes:
        """Return the payload that says these values; the loop says the level."""
        measured, top = _scale(self.probe, self.probe_range)
        loop_ma = values.get(Quantity.LOOP_CURRENT_MA, 0)
        if measured and measured in values:
            loop_ma = BOTTOM_MA + values[measured] / top * SPAN_MA
        flags = round(values.get(Quantity.INPUT_ON, 0)) << 3
        flags |= round(values.get(Quantity.INPUT_2_ON, 0)) << 2
        return _PS_LB.pack(
            round(values.get(Quantity.BATTERY_V, 0) * 1000),
            self.probe,
            self.probe_range,
            round(loop_ma * 1000),
            round(values.get(Quantity.INPUT_VOLTAGE_V, 0) * 1000),
            flags,
        )


def _scale(probe: int, probe_range: int) -> tuple[Quantity | None, float]:
    """Return what a probe measures, and how much of it is 20 mA."""
    if probe == _LEVEL_PROBE:
        return Quantity.DEPTH_MM, probe_range * _MM_PER_M
    if probe == _PRESSURE_PROBE and probe_range in PRESSURE_KPA:
        return Quantity.PRESSURE_KPA, PRESSURE_KPA[probe_range]
    return None, 0


_LDDS75 = channel(
    ">",
    Field("H", Quantity.BATTERY_V, per=1000),
    Field("H", Quantity.DISTANCE_MM, nothing=frozenset({0, 20})),
    Field("B"),
    Field("h", Quantity.TEMPERATURE_C, per=10, nothing=frozenset({0x7FFF})),
    Field("B"),
)
_BATTERY_BITS = 0x3F


@dataclass(frozen=True, slots=True)
class Ldds75:
    """The codec of LDDS75 and DDS75-LB.

    Attributes:
        whole: The payload.
    """

    whole: Channel = _LDDS75

    def decode(self, payload: bytes, port: int) -> Explained:
        """Return what a payload means; nothing where its port carries no readings."""
        if port not in {0, PORT}:
            return Explained()
        if len(payload) != self.whole.layout.size:
            detail = f"{len(payload)} octets; LDDS75 sends {self.whole.layout.size}"
            return Explained(errors=[bad_payload(detail, payload)])
        octets = bytes([payload[0] & _BATTERY_BITS]) + payload[1:]
        return Explained([self.whole.decode(octets)])

    def encode(self, values: Mapping[Quantity, float]) -> bytes:
        """Return the payload that says these values; those it has no words for not."""
        return self.whole.encode(values)


CODECS: Mapping[str, PayloadCodec] = {"ps-lb": PsLb(), "ldds75": Ldds75()}
"""By model."""
