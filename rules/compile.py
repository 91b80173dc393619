"""From rules and devices to the columns that the engine works by."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from rules.draft import Draft, SideDraft, draft
from rules.fan import Fan, index_by_id
from rules.fence import Fence
from rules.hearing import PLATFORM, PLATFORM_EDGE, Ears
from rules.plan import Plan, Slots
from rules.plan_source import PlanSource, plan_key
from rules.rule import Hears, Rule
from rules.rule_file import parse_rule
from rules.side_condition import Sides
from rules.subject import Subject
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
    by_id = {subject.device_id: subject for subject in source.subjects}
    drafts = [
        drafted
        for rule in rules
        for subject in source.subjects
        if subject.kind == rule.kind
        and (drafted := draft(rule, subject, by_id)) is not None
    ]
    fence, fences = _fences(drafts)
    return Plan(
        key=plan_key(source),
        source=source,
        rules=rules,
        texts={text.code: text.source for text in source.rules},
        device_codes={s.device_id: s.code for s in source.subjects},
        slots=_slots(drafts, rules, source.subjects),
        by_series=_fan((d.series_id, slot) for slot, d in enumerate(drafts)),
        by_device=_fan(
            (d.subject.device_id if d.is_positional else None, slot)
            for slot, d in enumerate(drafts)
        ),
        fence=fence,
        fences=fences,
        sides=_sides(drafts),
        ears=_ears(drafts, source.subjects),
        layout=layout_from(source, rules),
    )


def _slots(
    drafts: Sequence[Draft], rules: Sequence[Rule], subjects: Sequence[Subject]
) -> Slots:
    place_of_rule = {rule.code: place for place, rule in enumerate(rules)}
    place_of_subject = {s.device_id: place for place, s in enumerate(subjects)}
    grades = max((len(d.limits) for d in drafts), default=1)
    sign = np.array([1.0 if d.is_above else -1.0 for d in drafts])
    limit = _ladder((d.limits for d in drafts), len(drafts), grades)
    release = _ladder((d.releases for d in drafts), len(drafts), grades)
    return Slots(
        rule=np.array([place_of_rule[d.rule.code] for d in drafts], np.intp),
        subject=np.array(
            [place_of_subject[d.subject.device_id] for d in drafts], np.intp
        ),
        sign=sign,
        limit=np.where(np.isnan(limit), np.inf, limit * sign[:, np.newaxis]),
        release=np.where(np.isnan(release), np.inf, release * sign[:, np.newaxis]),
        on_us=_us(d.rule.on_delay_s for d in drafts),
        off_us=_us(d.rule.off_delay_s for d in drafts),
        gap_us=_us(d.gap_s for d in drafts),
        refuse=np.array([d.rule.refuse for d in drafts], np.int32),
    )


def _ladder(
    steps: Iterable[Sequence[float]], slots: int, grades: int
) -> NDArray[np.float64]:
    """Return one row of steps per slot; NaN where a slot has no such grade."""
    ladder = np.full((slots, grades), np.nan)
    for row, of_slot in enumerate(steps):
        ladder[row, : len(of_slot)] = of_slot
    return ladder


def _fences(drafts: Sequence[Draft]) -> tuple[NDArray[np.intp], tuple[Fence, ...]]:
    areas = {d.area.id: d.area for d in drafts if d.area is not None}
    places = {area_id: place for place, area_id in enumerate(areas)}
    fence = [-1 if d.area is None else places[d.area.id] for d in drafts]
    return np.array(fence, np.intp), tuple(map(Fence.of, areas.values()))


def _sides(drafts: Sequence[Draft]) -> Sides:
    sides: list[tuple[int, SideDraft]] = [
        (slot, side) for slot, d in enumerate(drafts) for side in d.sides
    ]
    watched = sorted({side.series_id for _, side in sides})
    watch_of_series = index_by_id(watched)
    sign = np.array([1.0 if s.side.is_above else -1.0 for _, s in sides])
    return Sides(
        by_slot=Fan.of([slot for slot, _ in sides], range(len(sides))),
        watch=watch_of_series[np.array([s.series_id for _, s in sides], np.intp)],
        sign=sign,
        limit=sign * np.array([s.side.limit for _, s in sides]),
        gap_us=_us(s.gap_s for _, s in sides),
        watched=np.array(watched, np.intp),
        watch_of_series=watch_of_series,
    )


def _ears(drafts: Sequence[Draft], subjects: Sequence[Subject]) -> Ears:
    links = [(PLATFORM_EDGE, ""), *sorted({(s.edge, s.gateway) for s in subjects})]
    place_of_link = {link: place for place, link in enumerate(links)}
    link = [place_of_link[s.edge, s.gateway] for s in subjects]
    place = {s.device_id: place for place, s in enumerate(subjects)}
    silent = [(slot, d) for slot, d in enumerate(drafts) if d.hears is not None]
    device = [place[d.subject.device_id] for _, d in silent]
    of_series = {i: p for p, s in enumerate(subjects) for i in s.series.values()}
    by_series = index_by_id(list(of_series))
    known = by_series >= 0
    by_series[known] = np.array(list(of_series.values()), np.intp)[by_series[known]]
    return Ears(
        links=tuple(links),
        link=np.array(link, np.intp),
        by_series=by_series,
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
    )


def _fan(pairs: Iterable[tuple[int | None, int]]) -> Fan:
    found = [(origin, slot) for origin, slot in pairs if origin is not None]
    return Fan.of([origin for origin, _ in found], [slot for _, slot in found])


def _us(seconds: Iterable[float]) -> NDArray[np.int64]:
    return np.array([round(s * SECOND_US) for s in seconds], np.int64)
