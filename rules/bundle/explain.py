"""What a replayed bundle tells of one alarm, as plain records. Pure."""

from collections.abc import Iterator

import numpy as np

from rules.bundle.bundle import Bundle
from rules.bundle.orders import orders_shown
from rules.bundle.replay import Replayed, slot_of
from rules.bundle.resolved import SILENCE, Resolved, fences_shown, seconds
from rules.bundle.samples_shown import gaps_of, samples_shown
from rules.bundle.shown import Explained, SideShown, Step
from rules.bundle.tell_words import named_quantity, quality_words
from rules.engine.hold import State as Alarm
from rules.engine.state import State
from rules.engine.times import NEVER
from rules.plan.plan import Plan
from vocabulary.times import datetime_from_us


def explained(bundle: Bundle, replayed: Replayed) -> Explained:
    """Return why the alarm of a bundle was raised."""
    plan, slots = replayed.plan, replayed.plan.slots
    slot = slot_of(plan, bundle.decided)
    resolved = Resolved(replayed, slot)
    rule, judged = resolved.rule, resolved.judged
    measured_us = bundle.decided.measured_us
    row = int(plan.schedules.row[slot])
    is_open = row < 0 or bool(
        plan.schedules.is_open(np.array([row]), np.array([measured_us]))[0]
    )
    samples, gap_s = samples_shown(bundle, plan, slot), seconds(int(slots.gap_us[slot]))
    return Explained(
        rule=rule.code,
        rule_version=rule.version,
        name_zh=rule.name.zh,
        name_en=rule.name.en,
        source=rule.source,
        judged=judged,
        unit=resolved.unit,
        quantity=resolved.quantity,
        rest=resolved.rest,
        on_delay_s=seconds(int(slots.on_us[slot])),
        off_delay_s=seconds(int(slots.off_us[slot])),
        largest_gap_s=gap_s,
        lateness_s=seconds(plan.lanes[slots.lane[slot]].late_us),
        refused=quality_words(int(slots.refuse[slot])),
        limits=list(resolved.limits()),
        sides=list(_sides(plan, slot, replayed.at, measured_us)),
        is_scheduled=row >= 0,
        is_open=is_open,
        fences=fences_shown(resolved),
        timeline=list(_steps(bundle, replayed, slot)),
        # What is silent has no samples that could lie too far apart.
        gaps=() if judged == SILENCE else gaps_of(samples, gap_s),
        orders=list(orders_shown(bundle, replayed)),
        samples=samples,
    )


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
            is_decision=turned.seq == bundle.decided.raised_seq
            and turned.after is Alarm.ACTIVE,
        )
