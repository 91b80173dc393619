"""What a device that obeys should show, and whether it has: pure.

    order            shows in the first of these that the device measures
    switch on        contactor_on 1; power_w from 2 W; dimming_pct from 1 %
    switch off       contactor_on 0; power_w below 2 W; dimming_pct below 0.5 %
    dim              dimming_pct within 5 of it; to 0: as switch off
    locate           any new fix
    others           nothing: they end with the answer

A sample counts if it was measured when the order was under way or later, and nobody
doubts it. The effect has had its time `within_s` after the answer.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vocabulary.command import (
    POSITION,
    AnyOrder,
    Dim,
    Effect,
    Locate,
    State,
    Switch,
)
from vocabulary.quality import Quality

DARK_W = 2.0
"""A lamp that draws less gives no light: its driver's own need."""

DIM_TOLERANCE_PCT = 5.0
"""How far a driver's level may be from what it was told."""

SHORTEST_S = 60.0
"""No effect has less time than that."""

SLACK_S = 10.0
"""Added to two reporting intervals: the way to us."""

CLOCK_SLACK = timedelta(seconds=2)
"""How far a device's clock may be behind ours and its samples still count."""

DOUBTS = Quality.FUTURE | Quality.OUT_OF_RANGE | Quality.STUCK | Quality.SENSOR_FAULT
"""Samples with these are no proof of anything."""

_EXAMPLES: Mapping[str, Sequence[AnyOrder]] = {
    "switch_on": (Switch(on=True),),
    "switch_off": (Switch(on=False), Dim(pct=0)),
    "dim": (Dim(pct=50),),
}

SHOWN_ORDERS = tuple(_EXAMPLES)
"""What readings may show to be done, see `vocabulary.command.turn_of`."""

UNLIMITED = 1e9
"""Stands for no upper limit: JSON has no infinity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A command that may have been done, and what has been heard of it.

    Attributes:
        number: Its place in the queue.
        device_id: `device.id`.
        series_id: The series that shows the effect; None for a position.
        state: Where it stands.
        effect: What should be heard.
        tried_at: When it may first have been said, aware.
        acked_at: When the device said that it has done it.
        seen_at: When the device measured the effect; None if it did not yet.
        heard_value: The newest value of the quantity since it was said.
        heard_at: When that was measured.
    """

    number: int
    device_id: int
    series_id: int | None
    state: State
    effect: Effect
    tried_at: datetime
    acked_at: datetime | None = None
    seen_at: datetime | None = None
    heard_value: float | None = None
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of an effect's quantity; of a position, any.

    Attributes:
        measured_at: When, by the device, aware.
        value: In the quantity's unit.
        quality: `Quality` bits.
    """

    measured_at: datetime
    value: float
    quality: int


def expected_effect(
    order: AnyOrder, *, quantities: frozenset[str], expected_interval_s: float
) -> Effect | None:
    """Return what should be heard of a device that obeys; None if nothing shows it.

    Args:
        order: What it is told.
        quantities: What it measures.
        expected_interval_s: How often it reports.
    """
    within_s = max(SHORTEST_S, 2 * expected_interval_s + SLACK_S)
    if isinstance(order, Locate):
        return Effect(quantity=POSITION, low=0, high=0, within_s=within_s)
    for quantity, low, high in _signs(order):
        if quantity in quantities:
            return Effect(quantity=quantity, low=low, high=high, within_s=within_s)
    return None


def quantities_showing(
    orders: Iterable[str], quantities: frozenset[str]
) -> frozenset[str]:
    """Return which of a device's quantities may show orders of some kinds.

    Args:
        orders: Some of `SHOWN_ORDERS`.
        quantities: What it measures.
    """
    effects = (
        expected_effect(order, quantities=quantities, expected_interval_s=0)
        for what in orders
        for order in _EXAMPLES[what]
    )
    return frozenset(effect.quantity for effect in effects if effect is not None)


def _signs(order: AnyOrder) -> Sequence[tuple[str, float, float]]:
    match order:
        case Switch(on=True):
            return (
                ("contactor_on", 1, 1),
                ("power_w", DARK_W, UNLIMITED),
                ("dimming_pct", 1, 100),
            )
        case Switch(on=False) | Dim(pct=0):
            return (
                ("contactor_on", 0, 0),
                ("power_w", -DARK_W, DARK_W),
                ("dimming_pct", 0, 0.5),
            )
        case Dim():
            low, high = order.pct - DIM_TOLERANCE_PCT, order.pct + DIM_TOLERANCE_PCT
            return (("dimming_pct", low, high),)
        case _:
            return ()


def after(awaited: Awaited, samples: Sequence[Sample]) -> Awaited:
    """Return a command after samples of its effect's quantity, oldest first."""
    for sample in samples:
        if sample.measured_at < awaited.tried_at - CLOCK_SLACK:
            continue
        if sample.quality & DOUBTS:
            continue
        awaited = _after_one(awaited, sample)
    return awaited


def _after_one(awaited: Awaited, sample: Sample) -> Awaited:
    effect = awaited.effect
    shows = effect.quantity == POSITION or effect.low <= sample.value <= effect.high
    if shows and awaited.seen_at is None:
        awaited = replace(awaited, seen_at=sample.measured_at)
    if awaited.heard_at is not None and sample.measured_at < awaited.heard_at:
        return awaited
    return replace(awaited, heard_value=sample.value, heard_at=sample.measured_at)


def verdict(awaited: Awaited, *, now: datetime) -> tuple[State, str] | None:
    """Return the state that a command has come to, and why; None while it is open.

    What was never noted as sent stays open: the sample may be older than the saying.

    Args:
        awaited: The command and what was heard.
        now: The journal's time.
    """
    effect = awaited.effect
    if awaited.state not in {State.SENT, State.ACKED}:
        return None
    if awaited.seen_at is not None:
        return State.EFFECT_SEEN, f"{_what(awaited)} at {awaited.seen_at.isoformat()}"
    if awaited.state is State.SENT or awaited.acked_at is None:
        return None
    if now < awaited.acked_at + timedelta(seconds=effect.within_s):
        return None
    wanted = f"not {_wanted(effect)} within {effect.within_s:g} s of the answer"
    return State.EFFECT_NOT_SEEN, f"{_what(awaited)}, {wanted}"


def _what(awaited: Awaited) -> str:
    effect = awaited.effect
    if awaited.heard_value is None:
        return f"no {effect.quantity} was heard"
    if effect.quantity == POSITION:
        return "a new fix"
    return f"{effect.quantity} is {awaited.heard_value:g}"


def _wanted(effect: Effect) -> str:
    if effect.quantity == POSITION:
        return "a new fix"
    if effect.high >= UNLIMITED:
        return f"{effect.low:g} or more"
    return f"{effect.low:g} to {effect.high:g}"
