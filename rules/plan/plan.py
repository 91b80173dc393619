"""What the engine works by: rules and devices compiled to columns, one slot each pair.

A plan never changes while it is folded under; another set of rules or devices is
another plan, and `carry` takes the state over.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.engine.hearing import Ears
from rules.engine.learned import Content
from rules.engine.side_condition import Sides
from rules.engine.state import State
from rules.files.rule import Rule
from rules.measures.measure import Columns
from rules.plan.fan import look_up
from rules.plan.lane import Lane
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from rules.schedules import Schedules
from rules.triage.layout import Layout
from vocabulary.reading import Readings


@dataclass(frozen=True, slots=True)
class Slots:
    """One row per rule and device, shape (n,) unless said otherwise.

    Attributes:
        rule: Place in `Plan.rules`.
        subject: Place in `Plan.subjects`.
        sign: 1 where too much is bad, -1 where too little is.
        limit: Multiplied by `sign`, mildest grade first, shape (n, g); infinite where
            a slot has no such grade.
        mildest: The first column of `limit`, by itself.
        release: The same with the deadband, shape (n, g).
        on_us: On-delay.
        off_us: Off-delay.
        gap_us: Largest gap.
        refuse: `Quality` bits that are not judged.
        measure: What makes the judged number of the samples, see `rules.measures`.
        lane: Place in `Plan.lanes`.
        is_fed: Whether its samples must be taken in, in order, each once.
        is_joint: Whether several series feed it.
    """

    rule: NDArray[np.intp]
    subject: NDArray[np.intp]
    sign: NDArray[np.float64]
    limit: NDArray[np.float64]
    mildest: NDArray[np.float64]
    release: NDArray[np.float64]
    on_us: NDArray[np.int64]
    off_us: NDArray[np.int64]
    gap_us: NDArray[np.int64]
    refuse: NDArray[np.int32]
    measure: NDArray[np.int8]
    lane: NDArray[np.intp]
    is_fed: NDArray[np.bool_]
    is_joint: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rule)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that folding needs beside the state and the journal.

    Attributes:
        key: Tells it from other plans, see `plan_key`.
        source: What it was compiled from.
        rules: The rules.
        texts: The file of each rule, by code.
        device_codes: The device's name for people, by id.
        slots: Every pair of them that can be judged.
        has_fed: Whether any slot `is_fed`.
        measures: Columns of each of `MEASURES`.
        lanes: By ascending lateness; the first has none.
        is_asked: Whether any lane asks for a series, see `asked`, by series id; the
            last is of no series.
        schedules: When slots judge that do not always.
        sides: The side conditions.
        ears: Who is heard through what.
        layout: What triage asks of rules and devices.
    """

    key: str
    source: PlanSource
    rules: tuple[Rule, ...]
    texts: Mapping[str, str]
    device_codes: Mapping[int, str]
    slots: Slots
    has_fed: bool
    measures: tuple[Columns, ...]
    lanes: tuple[Lane, ...]
    is_asked: NDArray[np.bool_]
    schedules: Schedules
    sides: Sides
    ears: Ears
    layout: Layout

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The devices."""
        return self.source.subjects

    def asked(self, content: Content) -> Content:
        """Return what is learned less the readings that no rule here looks at.

        Most are such; after this one look-up they cost nothing more.
        """
        if not isinstance(content, Readings):
            return content
        rows = np.flatnonzero(look_up(self.is_asked, content.series_id))
        if len(rows) == len(content):
            return content
        return content.take(rows) if len(rows) else None

    def fresh_state(self) -> State:
        """Return the memory of an engine that has seen nothing under this plan."""
        return State.fresh(
            slots=len(self.slots),
            grades=self.slots.limit.shape[1],
            watches=len(self.sides.watched),
            links=len(self.ears.links),
            devices=len(self.subjects),
            lanes=len(self.lanes),
            measures=self.measures,
            scheduled=len(self.schedules),
            learners=int(self.ears.learner.max(initial=-1)) + 1,
        )
