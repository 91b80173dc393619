"""Milesight (星纵物联): EM300 to EM500 sensors and UC511 valve controllers.

Sent on FPort 85. A payload is channels, in any order, until it ends:

    II TT DD..  II TT DD..  ...

    I = channel, T = type, D = data, as long as I and T say; the least significant octet
    comes first. One payload never says how long its data is: behind a channel that is
    not in the table nothing can be read.

    01 75 B                battery, %
    03 CF XXXX YYYY ZZZZ F EM310-TILT: int16, 0.01°; F bit 0, 1, 2: x, y, z at its limit
    03 D4 XXXX YYYY ZZZZ   EM320-TILT: bits 15..1 int15, 0.01°; bit 0: at its limit
    03 67 TTTT             temperature, int16, 0.1 °C
    03 77 LLLL             EM500-SWL: water above the probe, uint16, cm;
                           FFFF failed, FFFD out of range
    03 7B PPPP             EM500-PP: int16, kPa
    03 82, 04 82 MMMM      distance down to the surface, mm
    05 00 P                1: the sensor itself hangs askew
    03 01, 05 01 V         UC511: valve 1, 2 open; FF the command failed
    04 C8, 06 C8 NNNNNNNN  UC511: pulses of valve 1, 2
    07 01, 08 01 G         UC511: digital input 1, 2
    09 7B PPPP             UC511: pipe pressure, uint16, kPa
    8x, 9x, Bx             as 0x, with the alarm of the sensor's own limits behind it
    20 CE TTTTTTTT ..      kept of the past: Unix time, s, then the value as above
    FF ..                  version, serial number, class, reset: nothing to store
    F8, F9, FE, FF         answers to commands: their length is not known, reading ends

x, y and z are each axis' angle with the horizontal: lying flat they are 0, 0 and ±90,
so the cover's tilt is 90° - |z|. (Flat is 0, 0, 90 by the maker's README; "Clear" sets
0, 0, -90 by the guide of EM320-TILT.) Mounted otherwise, take `tilt_z_deg` by an alias.

The history of EM410-RDL is 6 octets by the maker's decoder and 11 by its README: left
unread. Of UC511's the valve is read, where both agree.

Sources: github.com/Milesight-IoT/SensorDecoders, README and decoder of each model.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.protocols.errors import ProtocolError
from ingest.protocols.lorawan.channel import (
    Channel,
    Field,
    Values,
    channel,
    skipped,
)
from ingest.protocols.lorawan.explained import Explained, Sample, bad_payload
from vocabulary.quantity import Quantity

PORT = 85
"""Where readings are sent."""

_HEAD = 2  # channel and type
_ANSWERS = frozenset({0xF8, 0xF9, 0xFE, 0xFF})
_AXES = (Quantity.TILT_X_DEG, Quantity.TILT_Y_DEG, Quantity.TILT_Z_DEG)
_FLAT_DEG = 90.0
_NO_DISTANCE = frozenset({-1, -2, -3})  # sensor fault, switched off, no target

Table = Mapping[tuple[int, int], Channel]


def _tilts(x: float, y: float, z: float, alarm: int) -> dict[Quantity, float]:
    return {
        Quantity.TILT_DEG: round(abs(_FLAT_DEG - abs(z)), 2),
        **dict(zip(_AXES, (x, y, z), strict=True)),
        Quantity.TILT_ALARM: alarm,
    }


def _read_em310(raw: Sequence[int]) -> dict[Quantity, float]:
    x, y, z, flags = raw
    return _tilts(x / 100, y / 100, z / 100, int(flags & 0b111 != 0))


def _write_em310(values: Values) -> list[int]:
    flags = 0b111 if values.get(Quantity.TILT_ALARM) else 0
    return [*(round(values.get(axis, 0) * 100) for axis in _AXES), flags]


def _read_em320(raw: Sequence[int]) -> dict[Quantity, float]:
    x, y, z = ((number >> 1) / 100 for number in raw)
    return _tilts(x, y, z, max(number & 1 for number in raw))


def _write_em320(values: Values) -> list[int]:
    alarm = 1 if values.get(Quantity.TILT_ALARM) else 0
    return [round(values.get(axis, 0) * 100) << 1 | alarm for axis in _AXES]


_TILT_QUANTITIES = frozenset({*_AXES, Quantity.TILT_DEG, Quantity.TILT_ALARM})
_EM310 = Channel(struct.Struct("<hhhB"), _TILT_QUANTITIES, _read_em310, _write_em310)
_EM320 = Channel(struct.Struct("<hhh"), _TILT_QUANTITIES, _read_em320, _write_em320)


def _read_valve(raw: Sequence[int]) -> dict[Quantity, float]:
    status, _ = raw
    which = Quantity.VALVE_2_OPEN if status & 0x10 else Quantity.VALVE_OPEN
    return {which: status & 1}


def _write_valve(values: Values) -> list[int]:
    if Quantity.VALVE_2_OPEN in values:
        return [0x10 | round(values[Quantity.VALVE_2_OPEN]), 0]
    return [round(values.get(Quantity.VALVE_OPEN, 0)), 0]


_VALVE_KEPT = Channel(
    layout=struct.Struct("<IBI"),
    quantities=frozenset({Quantity.VALVE_OPEN, Quantity.VALVE_2_OPEN}),
    read=_read_valve,
    write=_write_valve,
    has_time=True,
)

_TEMPERATURE = Field("h", Quantity.TEMPERATURE_C, per=10)
_DISTANCE = Field("H", Quantity.DISTANCE_MM)
_RADAR = Field("h", Quantity.DISTANCE_MM, nothing=_NO_DISTANCE)
_DEPTH = Field("H", Quantity.DEPTH_MM, times=10, nothing=frozenset({0xFFFF, 0xFFFD}))
_PRESSURE = Field("h", Quantity.PRESSURE_KPA)
_ASKEW = channel("<", Field("B", Quantity.SENSOR_TILTED))
_ALARM = Field("B")
_FAILED = frozenset({0xFF})

_COMMON: Table = {
    (0x01, 0x75): channel("<", Field("B", Quantity.BATTERY_PCT)),
    (0xFF, 0x01): skipped(1),
    (0xFF, 0x09): skipped(2),
    (0xFF, 0x0A): skipped(2),
    (0xFF, 0x0B): skipped(1),
    (0xFF, 0x0F): skipped(1),
    (0xFF, 0x16): skipped(8),
    (0xFF, 0xFE): skipped(1),
    (0xFF, 0xFF): skipped(2),
}

_MUD: Table = {
    **_COMMON,
    (0x03, 0x67): channel("<", _TEMPERATURE),
    (0x04, 0x82): channel("<", _DISTANCE),
    (0x05, 0x00): _ASKEW,
    (0x06, 0x88): skipped(9),
    (0x83, 0x67): channel("<", _TEMPERATURE, _ALARM),
    (0x84, 0x82): channel("<", _DISTANCE, _ALARM),
}

TABLES: Mapping[str, Table] = {
    "em310-tilt": {**_COMMON, (0x03, 0xCF): _EM310},
    "em320-tilt": {**_COMMON, (0x03, 0xD4): _EM320},
    "em400-mud": _MUD,
    "em410-rdl": {
        **_COMMON,
        (0x01, 0xB9): skipped(2),
        (0x03, 0x67): channel("<", _TEMPERATURE),
        (0x04, 0x82): channel("<", _RADAR),
        (0x05, 0x00): _ASKEW,
        (0x06, 0xC7): skipped(2),
        (0x84, 0x82): channel("<", _RADAR, _ALARM),
        (0x94, 0x82): channel("<", _RADAR, Field("h"), _ALARM),
        (0xB4, 0x82): channel("<", _RADAR, _ALARM),
    },
    "em500-pp": {
        **_COMMON,
        (0x03, 0x7B): channel("<", _PRESSURE),
        (0x20, 0xCE): channel("<", _PRESSURE, has_time=True),
    },
    "em500-swl": {
        **_COMMON,
        (0x03, 0x77): channel("<", _DEPTH),
        (0x20, 0xCE): channel("<", _DEPTH, has_time=True),
        (0xFF, 0x1B): skipped(5),
    },
    "em500-udl": {
        **_COMMON,
        (0x03, 0x82): channel("<", _DISTANCE),
        (0x20, 0xCE): channel("<", _DISTANCE, has_time=True),
        (0x83, 0xE9): skipped(5),
    },
    "uc511": {
        **_COMMON,
        (0x03, 0x01): channel("<", Field("B", Quantity.VALVE_OPEN, nothing=_FAILED)),
        (0x04, 0xC8): channel("<", Field("I", Quantity.PULSE_COUNT)),
        (0x05, 0x01): channel("<", Field("B", Quantity.VALVE_2_OPEN, nothing=_FAILED)),
        (0x06, 0xC8): channel("<", Field("I", Quantity.PULSE_2_COUNT)),
        (0x07, 0x01): channel("<", Field("B", Quantity.INPUT_ON)),
        (0x08, 0x01): channel("<", Field("B", Quantity.INPUT_2_ON)),
        (0x09, 0x7B): channel("<", Field("H", Quantity.PRESSURE_KPA)),
        (0x0B, 0xF5): skipped(9),
        (0x20, 0xCE): _VALVE_KEPT,
        (0xB9, 0x7B): skipped(1),
        (0x21, 0xCE): channel("<", Field("H", Quantity.PRESSURE_KPA), has_time=True),
    },
}
"""Channels of each model, by channel and type."""


@dataclass(frozen=True, slots=True)
class Milesight:
    """The codec of one model.

    Attributes:
        table: Its channels.
    """

    table: Table

    def decode(self, payload: bytes, port: int) -> Explained:
        """Return what a payload means; nothing where its port carries no readings."""
        if port not in {0, PORT}:
            return Explained()
        present: dict[Quantity, float] = {}
        past: list[Sample] = []
        at = 0
        while at < len(payload):
            rest = payload[at:]
            found = self.table.get((rest[0], rest[1])) if len(rest) > 1 else None
            if found is None and rest[0] in _ANSWERS:
                break
            if found is None or len(rest) < _HEAD + found.layout.size:
                return _explained(present, past, _unread(rest, found))
            sample = found.decode(rest[_HEAD : _HEAD + found.layout.size])
            if found.has_time:
                past.append(sample)
            else:
                present |= sample.values
            at += _HEAD + found.layout.size
        return _explained(present, past)

    def encode(self, values: Mapping[Quantity, float]) -> bytes:
        """Return the payload that says these values; those it has no words for not."""
        said: set[Quantity] = set()
        octets = b""
        for head, found in self.table.items():
            mine = found.quantities & values.keys()
            if mine - said and not found.has_time:
                octets += bytes(head) + found.encode(values)
                said |= mine
        return octets


def _explained(
    present: Mapping[Quantity, float], past: Sequence[Sample], *errors: ProtocolError
) -> Explained:
    now = [Sample(present)] if present else []
    return Explained([*now, *past], errors)


def _unread(rest: bytes, found: Channel | None) -> ProtocolError:
    name = rest[:_HEAD].hex(" ")
    if found is None:
        return bad_payload(f"channel {name} is none of this model's", rest)
    wanted = found.layout.size
    detail = f"channel {name} has {len(rest) - _HEAD} octets; it takes {wanted}"
    return bad_payload(detail, rest)


CODECS: Mapping[str, Milesight] = {
    model: Milesight(table) for model, table in TABLES.items()
}
"""By model."""
