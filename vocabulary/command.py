"""Commands: what a device may be told, how far that has come, what it should show.

    queued ─▶ sent ─▶ acked ─▶ effect_seen
       │       │        └────▶ effect_not_seen
       ├───────┴▶ refused | expired | acked | effect_seen | effect_not_seen
       └▶ cancelled                          expired ─▶ acked: the answer came late

`sent` says that it left us, `acked` that the device says it has done it. Only
`effect_seen` says that it was seen to be done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec

MAX_TEXT = 500
"""Longest text for a vehicle's screen, characters."""

MAX_STEPS = 48
"""Most steps of a lamp programme."""

EVERY_DAY = 0b111_1111
"""Days of a programme's step: bit 0 is Monday, bit 6 Sunday."""


class Order(msgspec.Struct, frozen=True, tag_field="what", forbid_unknown_fields=True):
    """What a device is told; `what` says which kind it is."""


class Switch(Order, frozen=True, tag="switch"):
    """Switch a lamp, or a cabinet's contactor.

    Attributes:
        on: Whether it shall be on.
    """

    on: bool


class Dim(Order, frozen=True, tag="dim"):
    """Dim a lamp.

    Attributes:
        pct: To so much of its full light; 0 is dark.
    """

    pct: Annotated[float, msgspec.Meta(ge=0, le=100)]


class ProgrammeStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One time of a lamp programme.

    Attributes:
        at: The city's own time of day, `HH:MM`.
        pct: How bright from then on; 0 is off.
        days: On which days, see `EVERY_DAY`.
    """

    at: Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pct: Annotated[int, msgspec.Meta(ge=0, le=100)]
    days: Annotated[int, msgspec.Meta(ge=1, le=EVERY_DAY)] = EVERY_DAY

    @property
    def minute(self) -> int:
        """Minutes since midnight, 0 to 1439."""
        hours, minutes = self.at.split(":")
        return int(hours) * 60 + int(minutes)


class Programme(Order, frozen=True, tag="programme"):
    """Load a lamp programme, in place of the one that was.

    Attributes:
        steps: What to do when; none deletes the programme.
    """

    steps: Annotated[tuple[ProgrammeStep, ...], msgspec.Meta(max_length=MAX_STEPS)]


class Text(Order, frozen=True, tag="text"):
    """Show a text in a vehicle, and read it aloud.

    Attributes:
        text: 1 to `MAX_TEXT` characters.
    """

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]


class Locate(Order, frozen=True, tag="locate"):
    """Say where you are, now."""


class Interval(Order, frozen=True, tag="interval"):
    """Report so often from now on.

    Attributes:
        interval_s: Seconds between two reports.
    """

    interval_s: Annotated[int, msgspec.Meta(ge=1, le=7 * 86400)]


class Native(Order, frozen=True, tag="native"):
    """Pass on what only this make of device understands.

    Attributes:
        body: One JSON object, in the device's own words.
    """

    body: dict[str, object]


AnyOrder: TypeAlias = Switch | Dim | Programme | Text | Locate | Interval | Native
"""Every kind of order."""


def what_of(order: Order) -> str:
    """Return the word for an order's kind."""
    return str(order.__struct_config__.tag)


def turn_of(order: Order) -> str:
    """Return what an order is to bring about, as a word.

    That is its kind, but `switch_on`, or `switch_off` for whatever makes a lamp dark.
    """
    match order:
        case Switch(on=True):
            return "switch_on"
        case Switch() | Dim(pct=0):
            return "switch_off"
        case _:
            return what_of(order)


class State(StrEnum):
    """How far a command has come; stored, see `command.state`."""

    QUEUED = "queued"
    SENT = "sent"
    ACKED = "acked"
    EFFECT_SEEN = "effect_seen"
    EFFECT_NOT_SEEN = "effect_not_seen"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What a device answers to a command."""

    DONE = "done"
    REFUSED = "refused"  # it cannot, or will not
    EXPIRED = "expired"  # it came too late to be done


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What the platform should hear of a device that does what it was told.

    Attributes:
        quantity: Of a reading, or `POSITION` for any fix.
        low: Least value that shows it, in the quantity's unit.
        high: Greatest value that shows it.
        within_s: How long it may take, from the answer on; from the sending on, while
            there is no answer.
    """

    quantity: str
    low: float
    high: float
    within_s: float


POSITION = "position"
"""An effect's quantity where any new fix of the device shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One order to one device, as carriers are handed it.

    Attributes:
        id: A UUID; on the wire where that has room, so that a repeat can be dropped.
        number: Its place in the queue, for wires that count.
        device_id: `device.id`.
        order: What the device is told.
        asked_at: When somebody asked, aware.
        expires_at: After this the device shall not do it any more, aware.
        tries: How often it was said before.
    """

    id: str
    number: int
    device_id: int
    order: AnyOrder
    asked_at: datetime
    expires_at: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswer:
    """What a device answers, as an edge heard it.

    Attributes:
        command: The command's id as it was on the wire, or its number in digits.
        outcome: What came of it.
        detail: Why, in the device's words.
    """

    command: str
    outcome: Outcome
    detail: str = ""


ENDS: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset(State) - {State.QUEUED},
    State.SENT: frozenset(State) - {State.QUEUED, State.SENT, State.CANCELLED},
    State.ACKED: frozenset({State.EFFECT_SEEN, State.EFFECT_NOT_SEEN}),
    State.EXPIRED: frozenset({State.ACKED}),
    State.EFFECT_SEEN: frozenset(),
    State.EFFECT_NOT_SEEN: frozenset(),
    State.REFUSED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""The states that each state may lead to."""
