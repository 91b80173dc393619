"""What a report means: readings, in our units, with the device's own times."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeAlias

from ingest.protocols.errors import ProtocolError
from ingest.protocols.sl651.bcd import BcdError, number
from ingest.protocols.sl651.body import Element, Report, Section
from ingest.protocols.sl651.elements import (
    CENTIMETRES,
    ELEMENTS,
    FAULT_BITS,
    PACKS,
    RAIN_PACK,
    STATUS,
    STATUS_BITS,
    STATUS_SIZE,
    TENTHS_MM,
    ElementFacts,
    Meter,
)
from vocabulary.quality import Quality
from vocabulary.reading import Reading
from vocabulary.refusal import Reason

MAX_DATA = 31
"""Most octets of an element that says how many it has (table 26)."""

PACK_STEP = timedelta(minutes=5)
"""Between two values of an hour's pack; the time of observation is the first's."""

PACK_SIZE = 12
"""Values of an hour's pack."""

_Broken: TypeAlias = frozenset[tuple[str, Meter]]  # stations and their broken meters


def readings_of(report: Report) -> list[Reading | ProtocolError]:
    """Return what a report says that we have quantities for, in its order.

    Values that are all F are none (6.6.4.4 d). A level or flow meter that the report
    itself calls broken marks its own values `SENSOR_FAULT`.
    """
    broken = _broken_meters(report)
    items: list[Reading | ProtocolError] = []
    for section in report.sections:
        at = section.observed_at or report.sent_at
        for element in section.elements:
            try:
                items += _readings(section, element, at, broken)
            except BcdError as error:
                detail = f"element {element.guide:02X} of {section.station}: {error}"
                items.append(ProtocolError(Reason.BAD_VALUE, detail, element.data))
    return items


def is_stored(element: Element) -> bool:
    """Return whether an element is one that we have quantities for."""
    return element.guide in {STATUS, *PACKS, *ELEMENTS}


def value_of(element: Element) -> float | None:
    """Return the number that an element holds; None if it holds none."""
    if not 0 < len(element.data) <= MAX_DATA:
        return None
    try:
        return number(element.data, element.decimals)
    except BcdError:
        return None


def part_address(station: str, intake: int) -> str:
    """Return the address of one intake or outlet; the first is the station's own."""
    return station if intake == 1 else f"{station}/{intake}"


def _readings(
    section: Section,
    element: Element,
    at: datetime,
    broken: _Broken,
) -> Iterator[Reading]:
    if element.guide == STATUS:
        yield from _flags(section, element, at)
    elif element.guide in PACKS:
        yield from _pack(section, element, at, broken)
    elif (facts := ELEMENTS.get(element.guide)) and element.data:
        value = number(element.data, element.decimals)
        if value is not None:
            yield _reading(section, facts, at, value, broken)


def _pack(
    section: Section,
    element: Element,
    first: datetime,
    broken: _Broken,
) -> Iterator[Reading]:
    size, unit = (1, TENTHS_MM) if element.guide == RAIN_PACK else (2, CENTIMETRES)
    if len(element.data) != size * PACK_SIZE:
        raise BcdError(f"{len(element.data)} octets are not {PACK_SIZE} values")
    facts, none = PACKS[element.guide], b"\xff" * size
    for n in range(PACK_SIZE):
        octets = element.data[n * size : (n + 1) * size]
        if octets != none:
            value = round(int.from_bytes(octets, "big") * unit, 2)
            at = first + n * PACK_STEP
            yield _reading(section, facts, at, value, broken)


def _reading(
    section: Section,
    facts: ElementFacts,
    at: datetime,
    value: float,
    broken: _Broken,
) -> Reading:
    is_broken = (section.station, facts.meter) in broken
    return Reading(
        device=part_address(section.station, facts.number),
        quantity=facts.quantity,
        measured_at=at,
        value=value,
        quality=Quality.SENSOR_FAULT if is_broken else Quality.GOOD,
    )


def _flags(section: Section, element: Element, at: datetime) -> Iterator[Reading]:
    if len(element.data) != STATUS_SIZE:
        raise BcdError(f"{len(element.data)} octets are no state of a station")
    word = int.from_bytes(element.data, "big")
    for flag in STATUS_BITS:
        yield Reading(
            device=section.station,
            quantity=flag.quantity,
            measured_at=at,
            value=float(bool(word >> flag.bit & 1) != flag.is_inverted),
        )


def _broken_meters(report: Report) -> _Broken:
    words = [
        (section.station, int.from_bytes(element.data, "big"))
        for section in report.sections
        for element in section.elements
        if element.guide == STATUS
    ]
    return frozenset(
        (station, meter)
        for station, word in words
        for bit, meter in FAULT_BITS.items()
        if word >> bit & 1
    )
