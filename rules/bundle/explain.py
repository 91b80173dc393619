"""What a replayed bundle tells of one alarm, as plain records. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from rules.bundle.bundle import Bundle
from rules.bundle.orders import OrderShown, orders_shown
from rules.bundle.part import asked_of
from rules.bundle.replay import Replayed, slot_of
from rules.engine.state import State
from rules.engine.times import NEVER
from rules.plan.plan import Plan
from vocabulary.position import DEGREES_E7, Positions
from vocabulary.quality import Quality
from vocabulary.quantity import QUANTITIES, Quantity
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US, datetime_from_us

LEAST = 1e-9
"""What is nearer to nothing than this is shown as nothing."""

MOST_BEFORE, MOST_AFTER = 12, 6
"""Samples that are shown of each series before and after the decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One grade, as it holds for this device.

    Attributes:
        severity: How bad it is from there on.
        at: The limit.
        release: Where it ends again, deadband included.
    """

    severity: str
    at: float
    release: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SideShown:
    """One side condition at the time of the decision.

    Attributes:
        device: Code of the device that was looked at.
        quantity: Which of its readings.
        quantity_zh: Its name, 中文.
        quantity_en: Its name.
        unit: Its unit; empty for flags.
        is_above: Whether it must be at or above the limit.
        limit: In the quantity's unit.
        value: The newest reading; None if none was known.
        at: That reading's time.
        is_true: Whether the rule might judge.
    """

    device: str
    quantity: str
    quantity_zh: str
    quantity_en: str
    unit: str
    is_above: bool
    limit: float
    value: float | None
    at: datetime | None
    is_true: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of the alarm's state.

    Attributes:
        at: Journal time.
        measured_at: Time of the newest sample judged by then; None for silence.
        severity: Of the grade that changed.
        before: normal, pending, active or clearing.
        after: The same from then on.
        is_decision: Whether this raised the alarm.
    """

    at: datetime
    measured_at: datetime | None
    severity: str
    before: str
    after: str
    is_decision: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleShown:
    """One sample of the device or of what it hangs from.

    Attributes:
        device: Its code.
        what: The quantity, or `position`.
        what_zh: Its name, 中文.
        what_en: Its name.
        unit: Its unit; empty for flags.
        measured_at: Its own time.
        received_at: When we learned of it.
        value: In the quantity's unit; km/h of a position.
        lon: Degrees east; None for readings.
        lat: Degrees north; None for readings.
        quality: What is doubtful about it, in words; empty for good.
        is_before: Whether it was measured at or before the decision.
    """

    device: str
    what: str
    what_zh: str
    what_en: str
    unit: str
    measured_at: datetime
    received_at: datetime
    value: float
    lon: float | None
    lat: float | None
    quality: tuple[str, ...]
    is_before: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Why one alarm was raised.

    Attributes:
        rule: Its code.
        rule_version: Its version.
        name_zh: Its name, 中文.
        name_en: Its name.
        source: Where its numbers come from.
        on_delay_s: How long it must hold.
        off_delay_s: How long it must stay away.
        largest_gap_s: Time between two samples that still counts.
        lateness_s: How late samples may come.
        refused: Words of quality that are not judged.
        limits: As they hold for this device, mildest first.
        sides: Side conditions at the decision.
        is_scheduled: Whether it judges at certain times only.
        is_open: Whether that was so at the decision.
        timeline: Every change of its state.
        orders: Where the alarm is about a command, those of its device.
        samples: Before and after, by their time.
    """

    rule: str
    rule_version: int
    name_zh: str
    name_en: str
    source: str
    on_delay_s: float
    off_delay_s: float
    largest_gap_s: float
    lateness_s: float
    refused: tuple[str, ...]
    limits: Sequence[Limit]
    sides: Sequence[SideShown]
    is_scheduled: bool
    is_open: bool
    timeline: Sequence[Step]
    orders: Sequence[OrderShown]
    samples: Sequence[SampleShown]


def explained(bundle: Bundle, replayed: Replayed) -> Explained:
    """Return why the alarm of a bundle was raised."""
    plan, slots = replayed.plan, replayed.plan.slots
    slot = slot_of(plan, bundle.decided)
    rule = plan.rules[slots.rule[slot]]
    measured_us = bundle.decided.measured_us
    row = int(plan.schedules.row[slot])
    is_open = row < 0 or bool(
        plan.schedules.is_open(np.array([row]), np.array([measured_us]))[0]
    )
    return Explained(
        rule=rule.code,
        rule_version=rule.version,
        name_zh=rule.name.zh,
        name_en=rule.name.en,
        source=rule.source,
        on_delay_s=int(slots.on_us[slot]) / SECOND_US,
        off_delay_s=int(slots.off_us[slot]) / SECOND_US,
        largest_gap_s=int(slots.gap_us[slot]) / SECOND_US,
        lateness_s=plan.lanes[slots.lane[slot]].late_us / SECOND_US,
        refused=quality_words(int(slots.refuse[slot])),
        limits=list(_limits(plan, slot)),
        sides=list(_sides(plan, slot, replayed.at, measured_us)),
        is_scheduled=row >= 0,
        is_open=is_open,
        timeline=list(_steps(bundle, replayed, slot)),
        orders=list(orders_shown(bundle, replayed)),
        samples=_samples(bundle, plan),
    )


@dataclass(frozen=True, slots=True)
class Named:
    """A quantity for people.

    Attributes:
        zh: 中文名称.
        en: Its name.
        unit: Its unit; empty for flags.
    """

    zh: str
    en: str
    unit: str


def named_quantity(quantity: str) -> Named:
    """Return the names and the unit of a quantity."""
    if quantity not in Quantity.__members__.values():
        return Named(quantity, quantity, "")
    facts = QUANTITIES[Quantity(quantity)]
    return Named(facts.name_zh, facts.name_en, facts.unit)


def quality_words(bits: int) -> tuple[str, ...]:
    """Return the words of quality bits, in the order of the bits."""
    return tuple(
        str(flag.name).lower() for flag in Quality if flag and bits & int(flag)
    )


def _limits(plan: Plan, slot: int) -> Iterator[Limit]:
    slots = plan.slots
    rule, sign = plan.rules[slots.rule[slot]], float(slots.sign[slot])
    for grade, severity in enumerate(rule.severities):
        at = float(slots.limit[slot, grade])
        if np.isfinite(at):
            release = float(slots.release[slot, grade])
            # Just inside the limit is as good as at it.
            release = 0.0 if abs(release) < LEAST else release
            yield Limit(severity=severity, at=sign * at, release=sign * release)


def _sides(
    plan: Plan, slot: int, state: State, measured_us: int
) -> Iterator[SideShown]:
    sides, series = plan.sides, _series(plan)
    asked, _ = sides.by_slot.spread(np.array([slot]))
    for side in asked.tolist():
        watch = int(sides.watch[side])
        device, quantity = series[sides.watched[watch][1]]
        at_us, value = int(state.watch_us[watch]), float(state.watch_value[watch])
        sign = float(sides.sign[side])
        is_near = abs(measured_us - at_us) <= int(sides.gap_us[side])
        is_known = at_us != NEVER
        named = named_quantity(quantity)
        yield SideShown(
            device=device,
            quantity=quantity,
            quantity_zh=named.zh,
            quantity_en=named.en,
            unit=named.unit,
            is_above=sign > 0,
            limit=sign * float(sides.limit[side]),
            value=value if is_known else None,
            at=datetime_from_us(at_us) if is_known else None,
            is_true=is_near and sign * value >= float(sides.limit[side]),
        )


def _series(plan: Plan) -> dict[int, tuple[str, str]]:
    """Return the device and the quantity of every series, by its id."""
    return {
        series_id: (subject.code, quantity)
        for subject in plan.subjects
        for quantity, series_id in subject.series.items()
    }


def _steps(bundle: Bundle, replayed: Replayed, slot: int) -> Iterator[Step]:
    plan = replayed.plan
    severities = plan.rules[plan.slots.rule[slot]].severities
    for turned in replayed.timeline:
        is_judged = turned.measured_us != NEVER
        yield Step(
            at=datetime_from_us(turned.at_us),
            measured_at=datetime_from_us(turned.measured_us) if is_judged else None,
            severity=severities[min(turned.grade, len(severities) - 1)],
            before=turned.before.name.lower(),
            after=turned.after.name.lower(),
            is_decision=turned.seq == bundle.decided.raised_seq,
        )


def _samples(bundle: Bundle, plan: Plan) -> list[SampleShown]:
    by_what: dict[tuple[str, str], list[SampleShown]] = {}
    for sample in _all_samples(bundle, plan):
        by_what.setdefault((sample.device, sample.what), []).append(sample)
    shown: list[SampleShown] = []
    for samples in by_what.values():
        samples.sort(key=lambda sample: sample.measured_at)
        shown += [sample for sample in samples if sample.is_before][-MOST_BEFORE:]
        shown += [sample for sample in samples if not sample.is_before][:MOST_AFTER]
    return sorted(shown, key=lambda each: (each.measured_at, each.device, each.what))


def _all_samples(bundle: Bundle, plan: Plan) -> Iterator[SampleShown]:
    """Yield the samples that the alarm itself was decided on, not those of others."""
    series, devices = asked_of(bundle.source, bundle.decided.key)
    names, decided_us = _series(plan), bundle.decided.measured_us
    wanted = np.array(sorted(series), np.int32)
    for entry in bundle.entries:
        content, received_at = entry.content, datetime_from_us(entry.at_us)
        if isinstance(content, Readings):
            for row in np.flatnonzero(np.isin(content.series_id, wanted)).tolist():
                device, what = names[int(content.series_id[row])]
                named = named_quantity(what)
                yield SampleShown(
                    device=device,
                    what=what,
                    what_zh=named.zh,
                    what_en=named.en,
                    unit=named.unit,
                    measured_at=datetime_from_us(content.measured_us[row]),
                    received_at=received_at,
                    value=float(content.value[row]),
                    lon=None,
                    lat=None,
                    quality=quality_words(int(content.quality[row])),
                    is_before=int(content.measured_us[row]) <= decided_us,
                )
        elif isinstance(content, Positions):
            mine = np.flatnonzero(np.isin(content.device_id, list(devices)))
            for row in mine.tolist():
                yield _fix(plan, content, row, received_at, decided_us)


def _fix(
    plan: Plan, fixes: Positions, row: int, received_at: datetime, decided_us: int
) -> SampleShown:
    return SampleShown(
        device=plan.device_codes[int(fixes.device_id[row])],
        what="position",
        what_zh="定位",
        what_en="position",
        unit="km/h",
        measured_at=datetime_from_us(fixes.fixed_us[row]),
        received_at=received_at,
        value=float(fixes.speed_kmh[row]),
        lon=int(fixes.lon_e7[row]) / DEGREES_E7,
        lat=int(fixes.lat_e7[row]) / DEGREES_E7,
        quality=quality_words(int(fixes.quality[row])),
        is_before=int(fixes.fixed_us[row]) <= decided_us,
    )
