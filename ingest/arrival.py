"""What edges hand to the intake: readings, fixes, refusals under their wire names."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from vocabulary.command import CommandAnswer
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.reading import NamedReadings, Reading
from vocabulary.refusal import Refusal
from vocabulary.sequence import Number
from vocabulary.times import us_from_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What came at one time through one gateway.

    Attributes:
        transport: How it came.
        gateway: Code of the gateway it came through.
        peer: Address of the other side.
        received_at: When we had it, aware.
        readings: Under their wire names, if any.
        positions: Under their wire names.
        refusals: What the codec refused.
        committed: Called once it is stored and may be acknowledged.
        numbers: Of its messages, in the order they came, where the gateway counts them.
        answers: To commands, in the order they came.
    """

    transport: Transport
    gateway: str
    peer: str
    received_at: datetime
    readings: NamedReadings | None
    positions: Sequence[Position]
    refusals: Sequence[Refusal]
    committed: Callable[[], None] | None
    numbers: Sequence[Number] = ()
    answers: Sequence[CommandAnswer] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeChange:
    """One of our own edges, or a gateway, can be heard from now on, or cannot.

    Attributes:
        edge: `ingest`, `gateway`, or one of ours: `mqtt`, `modbus`, `nmea`, `sl651`, …
        gateway: The gateway's code; empty where the edge serves many.
        up: Whether we can hear through it.
        detail: Why, for people.
        at: Since when, aware.
    """

    edge: str
    gateway: str
    up: bool
    detail: str
    at: datetime


def named_readings(readings: Iterable[Reading]) -> NamedReadings:
    """Return readings as columns, in their order."""
    rows = list(readings)
    return NamedReadings(
        device=[row.device for row in rows],
        quantity=[row.quantity for row in rows],
        measured_us=np.array(
            [us_from_datetime(row.measured_at) for row in rows], np.int64
        ),
        value=np.array([row.value for row in rows], np.float64),
        quality=np.array([row.quality for row in rows], np.int32),
    )
