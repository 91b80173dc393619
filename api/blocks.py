"""Journal entries as blocks of the live stream (WHATWG HTML, server-sent events).

    id: 4711            the entry's number; where to resume
    event: position     what it is; absent where only time has passed
    data: {"received_at":…,"device_id":[…],"fixed_us":[…],"lon":[…],"lat":[…],…}

One entry is one block, encoded once for all who listen. A block without data moves the
listener's last id on and is not dispatched, so quiet times cost twelve octets a second.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import orjson

from api.answer import encoded
from store.journal.body import positions_from, readings_from
from store.journal.entries import Entry, Kind
from vocabulary.position import DEGREES_E7
from vocabulary.times import us_from_datetime

log = logging.getLogger(__name__)

UNREADABLE = (ValueError, KeyError, TypeError)
"""What comes of a body that is cut short, or of a release that this cannot read."""

SeriesNames = Mapping[int, tuple[int, str]]
"""Device and quantity of each series, by the series' id."""

UNKNOWN_SERIES = (0, "")
"""Stands for a series that the registry does not have."""


class Name(StrEnum):
    """What a block is about; the names clients listen for."""

    CASE = "case"
    POSITION = "position"
    READING = "reading"
    EDGE = "edge"
    COMMAND = "command"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Block:
    """One entry of the journal as the stream sends it.

    Attributes:
        seq: The entry's number.
        name: What it is about; None where only time has passed.
        unit_id: Whose case it is; None for everything else.
        octets: As it is sent, the closing empty line included.
    """

    seq: int
    name: Name | None
    unit_id: int | None
    octets: bytes


def block_of(entry: Entry, series: SeriesNames) -> Block:
    """Return the block of a journal entry; one that cannot be read only tells time."""
    try:
        return _told_block(entry, series)
    except UNREADABLE as error:
        log.warning("journal: entry %d cannot be read: %s", entry.seq, error)
        return Block(entry.seq, None, None, number_only(entry.seq))


def _told_block(entry: Entry, series: SeriesNames) -> Block:
    match entry.kind:
        case Kind.READINGS:
            return _block(entry.seq, Name.READING, _readings(entry, series))
        case Kind.POSITIONS:
            return _block(entry.seq, Name.POSITION, _positions(entry))
        case Kind.CASE:
            told = _told(entry)
            return _block(entry.seq, Name.CASE, told, unit_id=_unit(told))
        case Kind.EDGE:
            return _block(entry.seq, Name.EDGE, _told(entry))
        case Kind.COMMAND:
            told = _told(entry)
            return _block(entry.seq, Name.COMMAND, told, unit_id=_unit(told))
        case Kind.TICK | Kind.REGISTRY | Kind.RULES | Kind.UNKNOWN:
            return Block(entry.seq, None, None, number_only(entry.seq))


def gap_block(*, after: int, resumed: int) -> Block:
    """Return the block that says which numbers cannot be had any more.

    Args:
        after: The last number that the listener knows.
        resumed: The number that the stream goes on after.
    """
    told = {"after": after, "resumed": resumed, "missing": max(resumed - after, 0)}
    return _block(resumed, Name.GAP, told)


def number_only(seq: int) -> bytes:
    """Return the block that moves a listener on without telling anything."""
    return b"id: %d\n\n" % seq


def series_in(entry: Entry) -> frozenset[int]:
    """Return the series that an entry has readings of."""
    if entry.kind is not Kind.READINGS:
        return frozenset()
    try:
        return frozenset(np.unique(readings_from(entry.body, 0).series_id).tolist())
    except UNREADABLE:
        return frozenset()


def _block(
    seq: int, name: Name, told: Mapping[str, object], *, unit_id: int | None = None
) -> Block:
    octets = b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, name.encode(), encoded(told))
    return Block(seq, name, unit_id, octets)


def _readings(entry: Entry, series: SeriesNames) -> dict[str, object]:
    readings = readings_from(entry.body, us_from_datetime(entry.received_at))
    named = [series.get(i, UNKNOWN_SERIES) for i in readings.series_id.tolist()]
    return {
        "received_at": entry.received_at,
        "device_id": [device_id for device_id, _ in named],
        "quantity": [quantity for _, quantity in named],
        "measured_us": readings.measured_us,
        "value": readings.value,
        "quality": readings.quality,
    }


def _positions(entry: Entry) -> dict[str, object]:
    positions = positions_from(entry.body, us_from_datetime(entry.received_at))
    return {
        "received_at": entry.received_at,
        "device_id": positions.device_id,
        "fixed_us": positions.fixed_us,
        "lon": positions.lon_e7 / DEGREES_E7,
        "lat": positions.lat_e7 / DEGREES_E7,
        "speed_kmh": positions.speed_kmh,
        "course_deg": positions.course_deg,
        "quality": positions.quality,
    }


def _told(entry: Entry) -> dict[str, object]:
    told = orjson.loads(entry.body)
    return {"received_at": entry.received_at, **told}


def _unit(told: Mapping[str, object]) -> int | None:
    unit_id = told.get("unit_id")
    return unit_id if isinstance(unit_id, int) else None
