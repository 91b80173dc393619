"""ELSYS (ERS, EMS, ELT, ...): one codec for all models.

Sent on FPort 5. A payload is values, one after the other, until it ends:

    TT DD..  TT DD..  ...

    T = type, D = data, as long as the type says; the most significant octet first.

    01 TTTT      temperature, int16, 0.1 °C    0F N         vibrations since the last
    02 H         relative humidity, %          10 IIII EEEE infrared: inside, outside
    03 X Y Z     acceleration, int8, 63 = 1 g  11 O         occupancy
    04 LLLL      light, lx                     12 W         water leak, 0..255
    05 N         motions since the last        13 ..        64 pixels and a reference
    06 CCCC      CO2, ppm                      14 PPPPPPPP  air pressure, 0.001 hPa
    07 VVVV      battery, mV                   15 P A       sound, peak and mean, dB
    08 VVVV      analogue input, mV            16 NNNN      pulses of input 2
    09 ..        position, 3 octets each       17 NNNNNNNN  pulses of input 2 in all
    0A NNNN      pulses since the last         18 VVVV      analogue input 2, mV
    0B NNNNNNNN  pulses in all                 19 TTTT      probe's temperature 2
    0C TTTT      probe's temperature, 0.1 °C   1A B         digital input 2
    0D B         digital input                 1B VVVVVVVV  analogue input, µV
    0E MMMM      distance, mm                  1C VVVV      volatile organics, ppb
    3D DDDDDDDD  for the maker                 3E ..        settings: reading ends

Of infrared, the surface is what is outside. A type that is not in the table ends the
reading, because its length is not known.

Sources: the maker's "Sensor payload" paper as the decoders of its customers quote it
(TheThingsNetwork/lorawan-devices, vendor/elsys).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.protocols.lorawan.channel import Channel, Field, channel, skipped
from ingest.protocols.lorawan.explained import Explained, Sample, bad_payload
from vocabulary.quantity import Quantity

PORT = 5
"""Where readings are sent; settings come on the next."""

_SETTINGS = 0x3E

TABLE: Mapping[int, Channel] = {
    0x01: channel(">", Field("h", Quantity.TEMPERATURE_C, per=10)),
    0x02: channel(">", Field("B", Quantity.HUMIDITY_PCT)),
    0x03: channel(
        ">",
        Field("b", Quantity.ACCELERATION_X_G, per=63),
        Field("b", Quantity.ACCELERATION_Y_G, per=63),
        Field("b", Quantity.ACCELERATION_Z_G, per=63),
    ),
    0x04: channel(">", Field("H", Quantity.ILLUMINANCE_LX)),
    0x05: channel(">", Field("B", Quantity.MOTION_COUNT)),
    0x06: channel(">", Field("H", Quantity.CO2_PPM)),
    0x07: channel(">", Field("H", Quantity.BATTERY_V, per=1000)),
    0x08: channel(">", Field("H", Quantity.INPUT_VOLTAGE_V, per=1000)),
    0x09: skipped(6),
    0x0A: skipped(2),
    0x0B: channel(">", Field("I", Quantity.PULSE_COUNT)),
    0x0C: channel(">", Field("h", Quantity.PROBE_TEMPERATURE_C, per=10)),
    0x0D: channel(">", Field("B", Quantity.INPUT_ON)),
    0x0E: channel(">", Field("H", Quantity.DISTANCE_MM)),
    0x0F: channel(">", Field("B", Quantity.VIBRATION_COUNT)),
    0x10: channel(">", Field("h"), Field("h", Quantity.SURFACE_TEMPERATURE_C, per=10)),
    0x11: skipped(1),
    0x12: channel(">", Field("B", Quantity.WATER_LEAK)),
    0x13: skipped(65),
    0x14: channel(">", Field("I", Quantity.AIR_PRESSURE_HPA, per=1000)),
    0x15: skipped(2),
    0x16: skipped(2),
    0x17: channel(">", Field("I", Quantity.PULSE_2_COUNT)),
    0x18: skipped(2),
    0x19: skipped(2),
    0x1A: channel(">", Field("B", Quantity.INPUT_2_ON)),
    0x1B: skipped(4),
    0x1C: skipped(2),
    0x3D: skipped(4),
}
"""What each type carries."""


@dataclass(frozen=True, slots=True)
class Elsys:
    """The codec of every ELSYS model."""

    def decode(self, payload: bytes, port: int) -> Explained:
        """Return what a payload means; nothing where its port carries no readings."""
        if port not in {0, PORT}:
            return Explained()
        values: dict[Quantity, float] = {}
        at = 0
        errors = []
        while at < len(payload) and payload[at] != _SETTINGS:
            found = TABLE.get(payload[at])
            octets = payload[at + 1 :]
            if found is None or len(octets) < found.layout.size:
                why = "is unknown" if found is None else "is cut short"
                detail = f"type {payload[at]:02x} {why}"
                errors.append(bad_payload(detail, payload[at:]))
                break
            values |= found.decode(octets[: found.layout.size]).values
            at += 1 + found.layout.size
        return Explained([Sample(values)] if values else [], errors)

    def encode(self, values: Mapping[Quantity, float]) -> bytes:
        """Return the payload that says these values; those it has no words for not."""
        said: set[Quantity] = set()
        octets = b""
        for kind, found in TABLE.items():
            mine = found.quantities & values.keys()
            if mine - said:
                octets += bytes([kind]) + found.encode(values)
                said |= mine
        return octets
