"""Additional items of a location report (JT/T 808-2019, tables 26 to 32).

Layout, again and again until the end of the report::

    I L V…

- I: id; 01 to 31 are the standard's, 14 to 18 those of JT/T 1078, E0 up are makers'
- L: length of the value, octets
- V: value

An item is kept as it came, whatever its id. What it says is looked up in `ITEMS`; an id
that is not there, or a value that is not as long as the standard has it, says nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ingest.protocols.jt808.status import SIGNALS

Value: TypeAlias = int | float | str | tuple[int, ...] | tuple[str, ...]
"""What a field of an item can hold."""

Fields: TypeAlias = tuple[tuple[str, Value], ...]
"""Names, unit included, and values."""

Parser: TypeAlias = Callable[[bytes], Fields | None]
"""Reads a value; None if it is not as long as the standard has it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it came.

    Attributes:
        id: What it is.
        octets: Its value.
    """

    id: int
    octets: bytes


def items_from(octets: bytes) -> tuple[tuple[Item, ...], bytes]:
    """Return the items in some octets, and what is left that is no whole item."""
    items: list[Item] = []
    at = 0
    while at + 2 <= len(octets):
        end = at + 2 + octets[at + 1]
        if end > len(octets):
            break
        items.append(Item(octets[at], octets[at + 2 : end]))
        at = end
    return tuple(items), octets[at:]


def items_octets(items: Iterable[Item]) -> bytes:
    """Return items as they are sent; the inverse of `items_from`."""
    return b"".join(bytes([i.id, len(i.octets)]) + i.octets for i in items)


def fields_of(items: Iterable[Item]) -> tuple[Fields, tuple[Item, ...]]:
    """Return what items say, and those that say nothing to us."""
    said: list[tuple[str, Value]] = []
    unread: list[Item] = []
    for item in items:
        _, parser = ITEMS.get(item.id, ("", _nothing))
        fields = parser(item.octets)
        if fields is None:
            unread.append(item)
        else:
            said += fields
    return tuple(said), tuple(unread)


def number_of(items: Iterable[Item], item_id: int, length: int) -> int | None:
    """Return the first item of an id and a length as a number; None without one."""
    for item in items:
        if item.id == item_id and len(item.octets) == length:
            return int.from_bytes(item.octets, "big")
    return None


def _nothing(_octets: bytes) -> None:
    return None


def _number(name: str, length: int, unit: float | None = None) -> Parser:
    """Make a parser of one number; `unit` is how much one of it is."""

    def parse(octets: bytes) -> Fields | None:
        if len(octets) != length:
            return None
        raw = int.from_bytes(octets, "big")
        return ((name, raw if unit is None else round(raw * unit, 6)),)

    return parse


def _tyres(octets: bytes) -> Fields | None:
    return (("tyre_pressures", tuple(octets)),) if octets else None


def _cargo(octets: bytes) -> Fields | None:
    if len(octets) != 2:  # noqa: PLR2004 - WORD
        return None
    raw = int.from_bytes(octets, "big")
    degrees = -(raw & 0x7FFF) if raw & 0x8000 else raw  # the highest bit is the sign
    return (("cargo_temperature_c", degrees),)


_AREA_KINDS = ("none", "circle", "rectangle", "polygon", "segment")


def _area_kind(octet: int) -> str:
    return _AREA_KINDS[octet] if octet < len(_AREA_KINDS) else f"{octet}"


def _overspeed(octets: bytes) -> Fields | None:
    if octets == b"\0":
        return (("overspeed_area_kind", "none"),)
    if len(octets) != 5:  # noqa: PLR2004 - BYTE, DWORD
        return None
    return (
        ("overspeed_area_kind", _area_kind(octets[0])),
        ("overspeed_area_id", int.from_bytes(octets[1:], "big")),
    )


def _crossing(octets: bytes) -> Fields | None:
    if len(octets) != 6:  # noqa: PLR2004 - BYTE, DWORD, BYTE
        return None
    return (
        ("crossed_area_kind", _area_kind(octets[0])),
        ("crossed_area_id", int.from_bytes(octets[1:5], "big")),
        ("crossed_direction", {0: "in", 1: "out"}.get(octets[5], f"{octets[5]}")),
    )


def _segment(octets: bytes) -> Fields | None:
    if len(octets) != 7:  # noqa: PLR2004 - DWORD, WORD, BYTE
        return None
    return (
        ("segment_id", int.from_bytes(octets[:4], "big")),
        ("segment_time_s", int.from_bytes(octets[4:6], "big")),
        ("segment_result", {0: "short", 1: "long"}.get(octets[6], f"{octets[6]}")),
    )


def _signals(octets: bytes) -> Fields | None:
    if len(octets) != 4:  # noqa: PLR2004 - DWORD
        return None
    bits = int.from_bytes(octets, "big")
    lit = tuple(name for n, name in enumerate(SIGNALS) if bits >> n & 1)
    return (("signals", lit),)


def _analog(octets: bytes) -> Fields | None:
    if len(octets) != 4:  # noqa: PLR2004 - DWORD
        return None
    high, low = int.from_bytes(octets[:2], "big"), int.from_bytes(octets[2:], "big")
    return (("analog_0", low), ("analog_1", high))


def _abnormal_driving(octets: bytes) -> Fields | None:
    if len(octets) != 3:  # noqa: PLR2004 - WORD, BYTE
        return None
    return (
        ("abnormal_driving", int.from_bytes(octets[:2], "big")),
        ("fatigue_degree", octets[2]),
    )


SATELLITES = 0x31
"""Item of the satellites used."""

IO_STATUS = 0x2A
"""Item of the terminal's digital inputs."""

ITEMS: Mapping[int, tuple[str, Parser]] = {
    0x01: ("mileage", _number("mileage_km", 4, 0.1)),
    0x02: ("fuel", _number("fuel_l", 2, 0.1)),
    0x03: ("recorder speed", _number("recorder_speed_kmh", 2, 0.1)),
    0x04: ("alarm to confirm", _number("alarm_to_confirm", 2)),
    0x05: ("tyre pressures", _tyres),
    0x06: ("cargo temperature", _cargo),
    0x11: ("overspeed", _overspeed),
    0x12: ("area or route crossed", _crossing),
    0x13: ("segment time", _segment),
    0x14: ("video alarms", _number("video_alarms", 4)),
    0x15: ("video signal lost", _number("video_lost_channels", 4)),
    0x16: ("video blocked", _number("video_blocked_channels", 4)),
    0x17: ("storage faults", _number("storage_faults", 2)),
    0x18: ("abnormal driving", _abnormal_driving),
    0x25: ("vehicle signals", _signals),
    0x2A: ("inputs", _number("io_status", 2)),
    0x2B: ("analog inputs", _analog),
    0x30: ("radio signal", _number("radio_signal", 1)),
    0x31: ("satellites", _number("satellites", 1)),
}
"""The standard's items: what they are called, and what reads them."""
