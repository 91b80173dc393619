"""From what the edges heard to what is told upstream: pure."""

import itertools
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from ingest.arrival import Arrival
from ingest.protocols.gezhi_json import DeviceReadings
from ingest.protocols.up_message import DoubtfulReadings, UpMessage
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.reading import NamedReadings
from vocabulary.times import datetime_from_us

MOST_PARTS = 200
"""Readings of one device at one time, and positions, in one message: so that no broker
finds it too long."""


def messages_of(arrival: Arrival) -> Iterator[UpMessage]:
    """Return what an arrival says, without numbers; nothing if it says nothing.

    Each device is told by its line's code, a slash, and its address on the line.
    """
    readings = list(_readings(arrival.gateway, arrival.readings))
    positions = [_position(arrival.gateway, fix) for fix in arrival.positions]
    for first in range(0, len(readings), MOST_PARTS):
        yield UpMessage(readings=readings[first : first + MOST_PARTS])
    for first in range(0, len(positions), MOST_PARTS):
        yield UpMessage(positions=positions[first : first + MOST_PARTS])


def _readings(line: str, columns: NamedReadings | None) -> Iterator[DeviceReadings]:
    """Return readings by device, time and doubt, in the order they came."""
    if columns is None:
        return
    rows = zip(
        columns.device,
        columns.measured_us.tolist(),
        columns.quality.tolist(),
        columns.quantity,
        columns.value.tolist(),
        strict=True,
    )
    for (device, measured_us, quality), group in itertools.groupby(
        rows, key=lambda row: row[:3]
    ):
        values: dict[str, float] = {}
        told = DoubtfulReadings(
            device=f"{line}/{device}",
            measured_at=datetime_from_us(measured_us),
            values=values,
            quality=Quality(quality),
        )
        for _, _, _, quantity, value in group:
            if quantity in values:  # said twice: both are told
                yield told
                values = {}
                told = msgspec.structs.replace(told, values=values)
            values[quantity] = value
        yield told


def _position(line: str, position: Position) -> Position:
    return replace(position, device=f"{line}/{position.device}")
