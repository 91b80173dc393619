"""SenML units (RFC 8428 clause 12.1, RFC 8798) as the ends of our quantities' names.

`temperature` in `Cel` is `temperature_c`; `pressure` in `Pa` is a thousandth of
`pressure_kpa`. A name that becomes no quantity of ours stays as it is, its number too:
a profile's aliases may know it.
"""

from collections.abc import Mapping

from vocabulary.quantity import Quantity

SUFFIXES: Mapping[str, tuple[tuple[str, float, float], ...]] = {
    "Cel": (("c", 1, 0),),
    "K": (("c", 1, -273.15),),
    "Pa": (("kpa", 1e-3, 0), ("hpa", 1e-2, 0)),
    "hPa": (("kpa", 0.1, 0), ("hpa", 1, 0)),
    "m": (("mm", 1000, 0), ("m", 1, 0)),
    "cm": (("mm", 10, 0),),
    "mm": (("mm", 1, 0), ("m", 1e-3, 0)),
    "m/s": (("m_s", 1, 0),),
    "m3/s": (("m3_s", 1, 0),),
    "V": (("v", 1, 0),),
    "mV": (("v", 1e-3, 0),),
    "A": (("a", 1, 0), ("ma", 1000, 0)),
    "mA": (("ma", 1, 0), ("a", 1e-3, 0)),
    "W": (("w", 1, 0),),
    "kW": (("w", 1000, 0),),
    "Wh": (("kwh", 1e-3, 0),),
    "kWh": (("kwh", 1, 0),),
    "J": (("kwh", 1 / 3.6e6, 0),),
    "lx": (("lx", 1, 0),),
    "%RH": (("pct", 1, 0),),
    "%EL": (("pct", 1, 0),),
    "/": (("pct", 100, 0),),
    "%": (("pct", 1, 0),),
    "dBm": (("dbm", 1, 0),),
    "dBW": (("dbm", 1, 30),),
    "dB": (("db", 1, 0),),
    "rad": (("deg", 57.29577951308232, 0),),
    "pH": (("", 1, 0),),
    "mg/l": (("mg_l", 1, 0),),
    "S/m": (("us_cm", 10_000, 0),),
    "NTU": (("ntu", 1, 0),),
    "ppm": (("ppm", 1, 0),),
}
"""Ends of names, factor and offset, by unit."""

NAMES: Mapping[str, str] = {
    "Cel": "temperature",
    "K": "temperature",
    "Pa": "pressure",
    "V": "voltage",
    "A": "current",
    "W": "power",
    "J": "energy",
    "%RH": "humidity",
    "%EL": "battery",
    "lx": "illuminance",
}
"""What a value without a name of its own is, by unit."""

_KNOWN = frozenset(quantity.value for quantity in Quantity)


def ours(name: str, unit: str, value: float) -> tuple[str, float]:
    """Return the quantity that a name and its unit mean, and the value in our unit.

    Args:
        name: As the record calls it; empty if it does not.
        unit: Its SenML unit; empty if none.
        value: In that unit.
    """
    name = name or NAMES.get(unit, "value")
    for suffix, factor, offset in SUFFIXES.get(unit, ()):
        word = name.lower().removesuffix(f"_{suffix}")
        quantity = f"{word}_{suffix}" if suffix else word
        if quantity in _KNOWN:
            return quantity, value * factor + offset
    return name, value
