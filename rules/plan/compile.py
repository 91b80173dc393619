"""From rules and devices to the columns that the engine works by."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from rules.engine.hearing import PLATFORM_EDGE, Ears
from rules.engine.side_condition import Sides
from rules.engine.workers import PLATFORM
from rules.files.rule import Hears, Rule
from rules.files.rule_file import parse_rule
from rules.measures import VALUE, compile_measures
from rules.measures.measure import Columns
from rules.plan.draft import Draft, SideDraft
from rules.plan.fan import Fan, index_by_id
from rules.plan.lane import Lane
from rules.plan.plan import Plan, Slots
from rules.plan.plan_source import PlanSource, live_last, plan_key
from rules.plan.subject import Subject
from rules.plan.ties import Ties
from rules.plan.town import Town
from rules.schedules import Schedules
from rules.triage.layout import layout_from
from vocabulary.times import SECOND_US


def compile_plan(source: PlanSource) -> Plan:
    """Return the plan for some rules and devices.

    Raises:
        RuleFileError: If a rule file is wrong.
    """
    rules = tuple(
        parse_rule(text.source, version=text.version, name=text.code)
        for text in source.rules
    )
    by_id = Town(
        {subject.device_id: subject for subject in source.subjects},
        source.geofences,
        source.time_zone,
    )
    drafts = [
        drafted
        for rule in rules
        for subject in source.subjects
        if subject.kind == rule.kind
        and (drafted := rule.condition.draft(rule, subject, by_id)) is not None
    ]
    slots, measures = _slots(drafts, rules, source.subjects)
    sides = _sides(drafts)
    schedules = Schedules.of([(d.rule.when, d.subject) for d in drafts], source)
    return Plan(
        key=plan_key(source),
        source=source,
        rules=rules,
        texts={text.code: text.source for text in live_last(source.rules)},
        device_codes={s.device_id: s.code for s in source.subjects},
        slots=slots,
        has_fed=bool(slots.is_fed.any()),
        measures=measures,
        lanes=_lanes(drafts, slots.is_joint, sides, schedules),
        is_asked=_asked(drafts, sides),
        schedules=schedules,
        sides=sides,
        ears=_ears(drafts, source.subjects),
        layout=layout_from(source, rules),
    )


def _slots(
    drafts: Sequence[Draft], rules: Sequence[Rule], subjects: Sequence[Subject]
) -> tuple[Slots, tuple[Columns, ...]]:
    place_of_rule = {
        (rule.code, rule.version): place for place, rule in enumerate(rules)
    }
    place_of_subject = {s.device_id: place for place, s in enumerate(subjects)}
    sign = np.array([1.0 if d.is_above else -1.0 for d in drafts])
    limit = _ladder([d.limits for d in drafts])
    limit = np.where(np.isnan(limit), np.inf, limit * sign[:, np.newaxis])
    release = _ladder([d.releases for d in drafts])
    measure, measures = compile_measures([d.measure for d in drafts])
    lane = np.searchsorted(_latenesses(drafts), [_late_us(d) for d in drafts])
    is_timed = np.array([d.rule.when is not None for d in drafts], np.bool_)
    slots = Slots(
        rule=np.array(
            [place_of_rule[d.rule.code, d.rule.version] for d in drafts], np.intp
        ),
        subject=np.array(
            [place_of_subject[d.subject.device_id] for d in drafts], np.intp
        ),
        sign=sign,
        limit=limit,
        mildest=limit[:, 0].copy(),
        release=np.where(np.isnan(release), np.inf, release * sign[:, np.newaxis]),
        on_us=_us(d.rule.on_delay_s for d in drafts),
        off_us=_us(d.rule.off_delay_s for d in drafts),
        gap_us=_us(d.gap_s for d in drafts),
        refuse=np.array([d.rule.refuse for d in drafts], np.int32),
        measure=measure,
        lane=lane,
        is_fed=(measure != VALUE) | (lane > 0) | is_timed,
        is_joint=np.array([bool(d.further) for d in drafts], np.bool_),
    )
    return slots, measures


def _ladder(steps: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Return one row of steps per slot; NaN where a slot has no such grade."""
    ladder = np.full((len(steps), max(map(len, steps), default=1)), np.nan)
    for row, of_slot in enumerate(steps):
        ladder[row, : len(of_slot)] = of_slot
    return ladder


def _late_us(draft: Draft) -> int:
    """Return how late samples may come; silence has none that could."""
    return 0 if draft.hears is not None else round(draft.lateness_s * SECOND_US)


def _latenesses(drafts: Iterable[Draft]) -> list[int]:
    return sorted({0} | {_late_us(d) for d in drafts})


def _lanes(
    drafts: Sequence[Draft],
    is_joint: NDArray[np.bool_],
    sides: Sides,
    schedules: Schedules,
) -> tuple[Lane, ...]:
    lanes = []
    ties = partial(Ties.of, is_joint=is_joint, row=schedules.row)
    for late_us in _latenesses(drafts):
        slots = [(slot, d) for slot, d in enumerate(drafts) if _late_us(d) == late_us]
        watched = {
            series_id: watch
            for watch, (of_lane_us, series_id) in enumerate(sides.watched)
            if of_lane_us == late_us
        }
        of_series = [(i, slot) for slot, d in slots for i in d.feeding]
        of_device = [
            (d.subject.device_id, slot) for slot, d in slots if d.is_positional
        ]
        lane = Lane(
            late_us=late_us,
            by_series=_fan(of_series),
            by_device=_fan(of_device),
            watch_of_series=_index(watched),
            scheduled=np.array(
                [
                    schedules.row[slot]
                    for slot, d in slots
                    if d.rule.when is not None and d.hears is None
                ],
                np.intp,
            ),
            series_ties=ties(of_series, watched),
            device_ties=ties(of_device, ()),
        )
        lanes.append(lane)
    return tuple(lanes)


def _asked(drafts: Sequence[Draft], sides: Sides) -> NDArray[np.bool_]:
    """Return whether a series is judged or watched, by id, and one more for no id."""
    asked = {series_id for draft in drafts for series_id in draft.feeding}
    asked |= {series_id for _, series_id in sides.watched}
    return index_by_id(sorted(asked)) >= 0


def _sides(drafts: Sequence[Draft]) -> Sides:
    sides: list[tuple[int, SideDraft]] = [
        (slot, side) for slot, d in enumerate(drafts) for side in d.sides
    ]
    # A lane of its own each, for what a slot may see of a series is as late as itself.
    keys = [(_late_us(drafts[slot]), side.series_id) for slot, side in sides]
    watched = tuple(sorted(set(keys)))
    place = {key: watch for watch, key in enumerate(watched)}
    sign = np.array([1.0 if s.side.is_above else -1.0 for _, s in sides])
    return Sides(
        by_slot=Fan.of([slot for slot, _ in sides], range(len(sides))),
        watch=np.array([place[key] for key in keys], np.intp),
        sign=sign,
        limit=sign * np.array([s.side.limit for _, s in sides]),
        gap_us=_us(s.gap_s for _, s in sides),
        watched=watched,
    )


def _ears(drafts: Sequence[Draft], subjects: Sequence[Subject]) -> Ears:
    # What is said of a whole edge holds for gateways that are not known yet.
    told = {(s.edge, gateway) for s in subjects for gateway in ("", s.gateway)}
    links = [(PLATFORM_EDGE, ""), *sorted(told)]
    place_of_link = {link: place for place, link in enumerate(links)}
    link = [place_of_link[s.edge, s.gateway] for s in subjects]
    place = {s.device_id: place for place, s in enumerate(subjects)}
    silent = [(slot, d) for slot, d in enumerate(drafts) if d.hears is not None]
    device = [place[d.subject.device_id] for _, d in silent]
    learning = sorted(
        {at for (_, d), at in zip(silent, device, strict=True) if d.reports}
    )
    learner = np.full(len(subjects), -1, np.intp)
    learner[learning] = np.arange(len(learning))
    of_series = {i: p for p, s in enumerate(subjects) for i in s.series.values()}
    return Ears(
        links=tuple(links),
        link=np.array(link, np.intp),
        by_series=_index(of_series),
        by_device=index_by_id([s.device_id for s in subjects]),
        slot=np.array([slot for slot, _ in silent], np.intp),
        device=np.array(device, np.intp),
        clock=np.array(
            [
                PLATFORM if d.hears is Hears.PLATFORM else link[at]
                for (_, d), at in zip(silent, device, strict=True)
            ],
            np.intp,
        ),
        learner=learner,
        reports=np.array([d.reports for _, d in silent], np.float64),
        most=np.array([d.most for _, d in silent], np.float64),
    )


def _fan(pairs: Sequence[tuple[int, int]]) -> Fan:
    return Fan.of([origin for origin, _ in pairs], [slot for _, slot in pairs])


def _index(places: Mapping[int, int]) -> NDArray[np.intp]:
    """Return the place of each id, by id; -1 for ids that have none."""
    index = index_by_id(list(places))
    known = index >= 0
    index[known] = np.array(list(places.values()), np.intp)[index[known]]
    return index


def _us(seconds: Iterable[float]) -> NDArray[np.int64]:
    return np.array([round(s * SECOND_US) for s in seconds], np.int64)
