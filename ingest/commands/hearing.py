"""What journal entries tell of commands: effects, and gateways that hear us. Pure."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from store.journal.body import JournalBodyError, positions_from, readings_from
from store.journal.entries import Entry, Kind
from vocabulary.command_effect import Awaited, Sample, after
from vocabulary.times import datetime_from_us, us_from_datetime

GATEWAY = "gateway"
"""What EDGE entries call a gateway's own connection to the broker."""


class _Edge(msgspec.Struct):
    edge: str
    gateway: str
    up: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """What one entry says of a gateway.

    Attributes:
        gateway: Its code.
        up: Whether it hears us.
    """

    gateway: str
    up: bool


def presence_from(body: bytes) -> Presence | None:
    """Return what the body of an EDGE entry says of a gateway; None if nothing."""
    try:
        edge = msgspec.json.decode(body, type=_Edge)
    except msgspec.DecodeError:  # of a release that this cannot read
        return None
    return Presence(edge.gateway, edge.up) if edge.edge == GATEWAY else None


def heard(awaited: Sequence[Awaited], entries: Sequence[Entry]) -> list[Awaited]:
    """Return the commands of which some entries tell something new, changed so.

    Args:
        awaited: Commands whose effect is awaited.
        entries: Oldest first.
    """
    changed = []
    for waiting in awaited:
        now = waiting
        for entry in entries:
            with contextlib.suppress(JournalBodyError):  # it tells the time only
                now = after(now, _samples(now, entry))
        if now is not waiting and now != waiting:
            changed.append(now)
    return changed


def _samples(awaited: Awaited, entry: Entry) -> list[Sample]:
    if not entry.body:  # read when no command was open: it tells nothing of later ones
        return []
    received_us = us_from_datetime(entry.received_at)
    if entry.kind is Kind.READINGS and awaited.series_id is not None:
        readings = readings_from(entry.body, received_us)
        mine = readings.take(readings.series_id == awaited.series_id)
        times, values, quality = mine.measured_us, mine.value, mine.quality
    elif entry.kind is Kind.POSITIONS and awaited.series_id is None:
        positions = positions_from(entry.body, received_us)
        fixes = positions.take(positions.device_id == awaited.device_id)
        times, quality = fixes.fixed_us, fixes.quality
        values = np.zeros(len(fixes))
    else:
        return []
    rows = zip(times.tolist(), values.tolist(), quality.tolist(), strict=True)
    return [Sample(datetime_from_us(us), value, bits) for us, value, bits in rows]
