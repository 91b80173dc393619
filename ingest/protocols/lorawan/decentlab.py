"""Decentlab: one frame for all models, and a table of words for each.

The port does not matter; the most significant octet comes first.

    VV IIII FFFF WWWW WWWW ... BBBB

    V = protocol version, 02
    I = device id
    F = which sensors follow: bit 0 the first of the model's table, bit 1 the next, ...
    W = the sensors' words, 16 bits each, as many as the table gives each sensor
    B = battery, mV: the last sensor of every table

A sensor whose bit is not set sends no words: it did not answer. Word pairs are a number
of 32 bits, the lower word first. A model with parameters of its own (the range of its
pressure cell, say) has them behind its name: `dl-pr26:pmin=0,pmax=1`. They are on the
sensor's label.

    model        words  in them
    dl-atm41     17     the eighth: air, 0.1 °C; the tenth: air pressure, 0.01 kPa;
                        the eleventh: humidity, 0.1 %; all + 32768
    dl-ctd10     4      water above it, mm + 32768; 0.1 °C + 32768; µS/cm; ice flag
    dl-cws       6      surface, air, humidity, dew point, angle, inside, 0.01 + 32768
    dl-dlr2-002  4      pulses, interval, pulses in all (2)
    dl-dlr2-004  1      over a shunt of `r` ohm: mA = 3000 (w - 32768) / 65536 / r
    dl-dlr2-011  1, 1   digital inputs
    dl-ds18      1      (w - 32768) / 16 °C
    dl-itst      2      target and head, 0.1 °C + 1000
    dl-lid       11     distance, mean mm, and its distribution
    dl-lid2      12     distance, mean mm, and its distribution
    dl-mbx       2      distance mm; good samples
    dl-pr21      2      pressure; (w - 384) / 320 - 50 °C
    dl-pr26      2        bar = (w - 16384) / 32768 (pmax - pmin) + pmin
    dl-pr36      2      bar = (w - 32768) / kp; (w - 32768) / 256 °C
    dl-rhc       4      sensor id (2), humidity 0.01 %, 0.01 °C + 32768
    dl-sht21     2      175.72 w / 65536 - 46.85 °C; 125 w / 65536 - 6 %
    dl-tbrg      4      tips, interval, tips in all (2), of `resolution` mm each

Other models send the same frame; without their table no word can be told from another.

Sources: github.com/decentlab/decentlab-decoders.
"""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ingest.protocols.lorawan.explained import Explained, Sample, bad_payload
from vocabulary.quantity import Quantity

VERSION = 2
"""The only protocol version."""

_HEAD = struct.Struct(">BHH")
_MIDDLE = 32768
_KPA_PER_BAR = 100
_WORD_MAX = 0xFFFF

Parameters = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Word:
    """One number of a sensor.

    Attributes:
        at: Which word of the sensor it begins with.
        quantity: What it is.
        zero: Value = (raw - this)
        per: divided by this
        plus: plus this.
        is_long: Whether it is two words.
    """

    at: int
    quantity: Quantity
    zero: float = _MIDDLE
    per: float = 1
    plus: float = 0
    is_long: bool = False

    def value(self, words: Sequence[int]) -> float:
        """Return the value of a sensor's words."""
        raw = words[self.at] | (words[self.at + 1] << 16 if self.is_long else 0)
        return (raw - self.zero) / self.per + self.plus

    def put(self, words: list[int], value: float) -> None:
        """Put a value into a sensor's words."""
        raw = round((value - self.plus) * self.per + self.zero)
        words[self.at] = raw & _WORD_MAX
        if self.is_long:
            words[self.at + 1] = raw >> 16


@dataclass(frozen=True, slots=True)
class Sensor:
    """Some words in a row.

    Attributes:
        length: How many.
        words: What is in them; words that are not named carry nothing for us.
    """

    length: int
    words: Sequence[Word]


_BATTERY = Sensor(1, [Word(0, Quantity.BATTERY_V, zero=0, per=1000)])
_HUMIDITY = Quantity.HUMIDITY_PCT
_TEMPERATURE = Quantity.TEMPERATURE_C


def _pressure_cell(given: Parameters) -> Sensor:
    low, high = given["pmin"] * _KPA_PER_BAR, given["pmax"] * _KPA_PER_BAR
    pressure = Word(0, Quantity.PRESSURE_KPA, 16384, 32768 / (high - low), low)
    return Sensor(2, [pressure, Word(1, _TEMPERATURE, 384, 320, -50)])


def _pr36(given: Parameters) -> Sensor:
    pressure = Word(0, Quantity.PRESSURE_KPA, per=given["kp"] / _KPA_PER_BAR)
    return Sensor(2, [pressure, Word(1, _TEMPERATURE, per=256)])


def _rain_gauge(given: Parameters) -> Sensor:
    per = 1 / given["resolution"]
    return Sensor(4, [Word(2, Quantity.RAIN_TOTAL_MM, 0, per, is_long=True)])


def _current_loop(given: Parameters) -> Sensor:
    per = 65536 * given["r"] / 3000
    return Sensor(1, [Word(0, Quantity.LOOP_CURRENT_MA, per=per)])


FIXED: Mapping[str, Sequence[Sensor]] = {
    "dl-atm41": [
        Sensor(
            17,
            [
                Word(7, _TEMPERATURE, per=10),
                Word(9, Quantity.AIR_PRESSURE_HPA, per=10),
                Word(10, _HUMIDITY, per=10),
            ],
        )
    ],
    "dl-ctd10": [
        Sensor(
            4,
            [
                Word(0, Quantity.DEPTH_MM),
                Word(1, Quantity.WATER_TEMPERATURE_C, per=10),
                Word(2, Quantity.CONDUCTIVITY_US_CM, zero=0),
            ],
        )
    ],
    "dl-cws": [
        Sensor(
            6,
            [
                Word(0, Quantity.SURFACE_TEMPERATURE_C, per=100),
                Word(1, _TEMPERATURE, per=100),
                Word(2, _HUMIDITY, per=100),
            ],
        )
    ],
    "dl-dlr2-002": [Sensor(4, [Word(2, Quantity.PULSE_COUNT, zero=0, is_long=True)])],
    "dl-dlr2-011": [
        Sensor(1, [Word(0, Quantity.INPUT_ON, zero=0)]),
        Sensor(1, [Word(0, Quantity.INPUT_2_ON, zero=0)]),
    ],
    "dl-ds18": [Sensor(1, [Word(0, _TEMPERATURE, per=16)])],
    "dl-itst": [Sensor(2, [Word(0, Quantity.SURFACE_TEMPERATURE_C, 1000, 10)])],
    "dl-lid": [Sensor(11, [Word(0, Quantity.DISTANCE_MM, zero=0)])],
    "dl-lid2": [Sensor(12, [Word(0, Quantity.DISTANCE_MM, zero=0)])],
    "dl-mbx": [Sensor(2, [Word(0, Quantity.DISTANCE_MM, zero=0)])],
    "dl-rhc": [Sensor(4, [Word(2, _HUMIDITY, 0, 100), Word(3, _TEMPERATURE, per=100)])],
    "dl-sht21": [
        Sensor(
            2,
            [
                Word(0, _TEMPERATURE, 0, 65536 / 175.72, -46.85),
                Word(1, _HUMIDITY, 0, 65536 / 125, -6),
            ],
        )
    ],
}
"""Sensors of the models without parameters."""

GIVEN: Mapping[str, tuple[Parameters, Callable[[Parameters], Sensor]]] = {
    "dl-dlr2-004": ({"r": 10.0}, _current_loop),
    "dl-pr21": ({"pmin": -1.0, "pmax": 10.0}, _pressure_cell),
    "dl-pr26": ({"pmin": 0.0, "pmax": 1.0}, _pressure_cell),
    "dl-pr36": ({"kp": 8192.0}, _pr36),
    "dl-tbrg": ({"resolution": 0.1}, _rain_gauge),
}
"""Of the others: what the parameters mostly are, and the sensor that follows."""

MODELS = frozenset({*FIXED, *GIVEN})
"""All of them."""

_NAME = re.compile(r"(?P<model>dl-[a-z0-9-]+)(?::(?P<given>.+))?")
_GIVEN = re.compile(r"(?P<name>[a-z]+)=(?P<number>-?\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Decentlab:
    """The codec of one model.

    Attributes:
        sensors: Its table, the battery last.
    """

    sensors: Sequence[Sensor]

    def decode(self, payload: bytes, port: int) -> Explained:
        """Return what a payload means, whatever its port."""
        del port
        fault = self._fault(payload)
        if fault:
            return Explained(errors=[bad_payload(fault, payload)])
        _, _, flags = _HEAD.unpack_from(payload)
        octets = payload[_HEAD.size :]
        words = struct.unpack(f">{len(octets) // 2}H", octets)
        values: dict[Quantity, float] = {}
        for bit, sensor in enumerate(self.sensors):
            if flags >> bit & 1:
                values |= {word.quantity: word.value(words) for word in sensor.words}
                words = words[sensor.length :]
        return Explained([Sample(values)] if values else [])

    def _fault(self, payload: bytes) -> str:
        """Return what is wrong with a payload's length or head, if anything."""
        if len(payload) < _HEAD.size:
            return f"{len(payload)} octets; the head alone has {_HEAD.size}"
        version, _, flags = _HEAD.unpack_from(payload)
        if version != VERSION:
            return f"protocol version {version}; there is only {VERSION}"
        if flags >> len(self.sensors):
            return f"sensors {flags:#x}; the model has {len(self.sensors)}"
        wanted = _HEAD.size + 2 * sum(
            sensor.length for bit, sensor in enumerate(self.sensors) if flags >> bit & 1
        )
        if len(payload) != wanted:
            return f"{len(payload)} octets; sensors {flags:#x} send {wanted}"
        return ""

    def encode(self, values: Mapping[Quantity, float]) -> bytes:
        """Return the payload that says these values; those it has no words for not."""
        flags = 0
        sent: list[int] = []
        for bit, sensor in enumerate(self.sensors):
            mine = [word for word in sensor.words if word.quantity in values]
            if mine:
                flags |= 1 << bit
                words = [0] * sensor.length
                for word in mine:
                    word.put(words, values[word.quantity])
                sent += words
        return _HEAD.pack(VERSION, 0, flags) + struct.pack(f">{len(sent)}H", *sent)


def decentlab(name: str) -> Decentlab:
    """Return the codec of a model, `dl-mbx` or `dl-pr26:pmin=0,pmax=4`.

    Raises:
        LookupError: If there is no such model, or it has no such parameter.
    """
    found = _NAME.fullmatch(name)
    model, given = (found["model"], found["given"]) if found else ("", None)
    if model in FIXED and given is None:
        return Decentlab([*FIXED[model], _BATTERY])
    if model not in GIVEN:
        raise LookupError(name)
    usual, make = GIVEN[model]
    parameters = dict(usual)
    for word in given.split(",") if given else []:
        one = _GIVEN.fullmatch(word)
        if not one or one["name"] not in usual:
            raise LookupError(name)
        parameters[one["name"]] = float(one["number"])
    try:
        return Decentlab([make(parameters), _BATTERY])
    except ZeroDivisionError as error:  # a range without a width
        raise LookupError(name) from error
