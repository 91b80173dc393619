"""Which column of a recorded file is what: a mapping a person can type.

A mapping is words of the form `name=column`, parted by spaces or commas::

    device=vehicle time=time_local zone=-05:00 lon=lon lat=lat speed_kmh=mph*1.609344

- `device` names the column of the device's address, or `as` gives one address for all.
- `time` names the column of the time; `clock` says how it is written: `iso` (the
  default), `epoch_s` or `epoch_ms`; `zone` (+HH:MM or an IANA name) is whose wall clock
  times without a zone were read from. Without it such times are refused.
- `lon`, `lat`, `speed_kmh`, `course_deg` make positions; the name of any quantity
  (`depth_mm`, `pressure_kpa`, …) makes readings. `column*factor` converts the unit.
"""

import re
from collections.abc import Mapping
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gezhi.feed.columns import Column, ColumnMap
from vocabulary.quantity import Quantity

PRESETS: Mapping[str, str] = {
    "jersey-city-polls": "device=vehicle time=time zone=-05:00 lon=lon lat=lat",
    "jersey-city-sanitation": (
        "device=vehicle time=time_local_EST zone=-05:00 lon=lon lat=lat"
    ),
}
"""Mappings of recordings that are known; Jersey City's clocks show EST, UTC-5."""

CLOCKS = ("iso", "epoch_s", "epoch_ms")
"""How a time may be written."""

_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)")
_MOTION = ("speed_kmh", "course_deg")
_QUANTITIES = frozenset(quantity.value for quantity in Quantity)
_WORDS = frozenset({"device", "as", "time", "clock", "zone"})


class MappingError(ValueError):
    """A mapping makes no sense; the message says all that is wrong with it."""


def parse_mapping(text: str) -> ColumnMap:
    """Read a mapping, or the preset of that name.

    Raises:
        MappingError: With everything that is wrong.
    """
    words = PRESETS.get(text.strip(), text).replace(",", " ").split()
    pairs = dict(word.partition("=")[::2] for word in words)
    problems = [f"{word!r} is not name=column" for word in words if "=" not in word]
    columns = _columns(pairs, problems)
    zone = _zone(pairs.get("zone", ""), problems)
    _check_words(pairs, columns, problems)
    if problems:
        raise MappingError("; ".join(problems))
    return ColumnMap(
        device=pairs.get("device", ""),
        every=pairs.get("as", ""),
        time=pairs["time"],
        clock=pairs.get("clock", "iso"),
        zone=zone,
        place=(columns["lon"], columns["lat"]) if "lon" in columns else None,
        motion={name: columns[name] for name in _MOTION if name in columns},
        values={
            Quantity(name): column
            for name, column in columns.items()
            if name in _QUANTITIES
        },
    )


def _columns(pairs: Mapping[str, str], problems: list[str]) -> dict[str, Column]:
    columns: dict[str, Column] = {}
    for name, text in pairs.items():
        if name in {"lon", "lat", *_MOTION} or name in _QUANTITIES:
            column, star, factor = text.rpartition("*")
            try:
                columns[name] = Column(column, float(factor)) if star else Column(text)
            except ValueError:
                problems.append(f"{name}={text}: what follows * is no number")
    return columns


def _check_words(
    pairs: Mapping[str, str], columns: Mapping[str, Column], problems: list[str]
) -> None:
    unknown = [name for name in pairs if name not in _WORDS and name not in columns]
    problems += [
        f"{name!r} is neither a word of mappings nor a quantity" for name in unknown
    ]
    if ("device" in pairs) == ("as" in pairs):
        problems.append("give either device=COLUMN or as=ADDRESS")
    if "time" not in pairs:
        problems.append("time=COLUMN is missing")
    if pairs.get("clock", "iso") not in CLOCKS:
        problems.append(f"clock is one of {', '.join(CLOCKS)}")
    if ("lon" in columns) != ("lat" in columns):
        problems.append("lon and lat go together")
    if "lon" not in columns and not columns:
        problems.append("neither lon and lat nor any quantity is named")


def _zone(text: str, problems: list[str]) -> tzinfo | None:
    if not text:
        return None
    offset = _OFFSET.fullmatch(text)
    if offset is not None:
        sign, hours, minutes = offset.groups()
        ahead = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-ahead if sign == "-" else ahead)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        problems.append(f"zone={text} is neither +HH:MM nor an IANA zone")
        return None
