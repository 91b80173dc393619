"""The samples that an alarm was decided on, and where they are too far apart. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from rules.bundle.bundle import Bundle
from rules.bundle.part import Asked, asked_of
from rules.bundle.shown import Gap, SampleShown
from rules.bundle.tell_words import named_quantity, quality_words
from rules.plan.plan import Plan
from vocabulary.position import DEGREES_E7, Positions
from vocabulary.reading import Readings
from vocabulary.times import datetime_from_us

MOST_BEFORE, MOST_AFTER = 240, 60
"""Samples that are shown of each series before and after the decision."""


@dataclass(frozen=True, slots=True)
class _View:
    """Which samples are shown, and as what.

    Attributes:
        asked: Whose.
        refuse: `Quality` bits that the rule does not judge.
        decided_us: Own time of the deciding sample.
    """

    asked: Asked
    refuse: int
    decided_us: int


def samples_shown(bundle: Bundle, plan: Plan, slot: int) -> list[SampleShown]:
    """Return the samples before and after a decision, by their own time.

    Args:
        bundle: Of the alarm.
        plan: The bundle's.
        slot: The alarm's.
    """
    view = _View(
        asked_of(bundle.source, bundle.decided.key),
        int(plan.slots.refuse[slot]),
        bundle.decided.measured_us,
    )
    every = _all_samples(bundle, plan, view)
    return nearest(every, before=MOST_BEFORE, after=MOST_AFTER)


def nearest(
    samples: Iterable[SampleShown], *, before: int, after: int
) -> list[SampleShown]:
    """Return the samples of each series that are nearest to the decision.

    Args:
        samples: In any order.
        before: So many of each series up to the decision.
        after: So many of each after it.
    """
    by_what: dict[tuple[str, str], list[SampleShown]] = {}
    for sample in samples:
        by_what.setdefault((sample.device, sample.what), []).append(sample)
    shown: list[SampleShown] = []
    for known in by_what.values():
        known.sort(key=lambda sample: sample.measured_at)
        shown += [sample for sample in known if sample.is_before][-before:]
        shown += [sample for sample in known if not sample.is_before][:after]
    return sorted(shown, key=lambda each: (each.measured_at, each.device, each.what))


def gaps_of(samples: Sequence[SampleShown], largest_gap_s: float) -> list[Gap]:
    """Return where judged samples are further apart than counts.

    Args:
        samples: By their own time.
        largest_gap_s: What counts.
    """
    largest = timedelta(seconds=largest_gap_s)
    times = [s.measured_at for s in samples if s.is_own and not s.is_refused]
    return [
        Gap(from_at=before, until_at=after)
        for before, after in pairwise(times)
        if after - before > largest
    ]


def _all_samples(bundle: Bundle, plan: Plan, view: _View) -> Iterator[SampleShown]:
    """Yield the samples that the alarm itself was decided on, not those of others."""
    names = {
        series_id: (subject.code, quantity)
        for subject in plan.subjects
        for quantity, series_id in subject.series.items()
    }
    wanted = np.array(sorted(view.asked.series), np.int32)
    for entry in bundle.entries:
        content, received_at = entry.content, datetime_from_us(entry.at_us)
        if isinstance(content, Readings):
            for row in np.flatnonzero(np.isin(content.series_id, wanted)).tolist():
                named = names[int(content.series_id[row])]
                yield _reading(content, row, named, view, received_at)
        elif isinstance(content, Positions):
            mine = np.flatnonzero(content.device_id == view.asked.device_id)
            for row in mine.tolist():
                yield _fix(content, row, plan, view, received_at)


def _reading(
    readings: Readings,
    row: int,
    of: tuple[str, str],
    view: _View,
    received_at: datetime,
) -> SampleShown:
    device, what = of
    named, bits = named_quantity(what), int(readings.quality[row])
    return SampleShown(
        device=device,
        what=what,
        what_zh=named.zh,
        what_en=named.en,
        unit=named.unit,
        measured_at=datetime_from_us(readings.measured_us[row]),
        received_at=received_at,
        value=float(readings.value[row]),
        lon=None,
        lat=None,
        quality=quality_words(bits),
        is_before=int(readings.measured_us[row]) <= view.decided_us,
        is_own=int(readings.series_id[row]) in view.asked.own,
        is_refused=bool(bits & view.refuse),
    )


def _fix(
    fixes: Positions, row: int, plan: Plan, view: _View, received_at: datetime
) -> SampleShown:
    bits = int(fixes.quality[row])
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
        quality=quality_words(bits),
        is_before=int(fixes.fixed_us[row]) <= view.decided_us,
        is_own=not view.asked.own,
        is_refused=bool(bits & view.refuse),
    )
