"""What a day costs that is not neat: rows that come late, and vehicles beside.

10,000 devices say one reading a minute each, under the shipped rules. The same minutes
are folded as they are; with one row in a hundred told minutes after its time, when
later ones of its series are known; the same where the devices may be that late; and
with vehicles that send a fix every ten seconds. All in one process, in turn, in seconds
of the processor; the first minutes only warm up.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median

import msgspec
import numpy as np

from bench.rule_stream import City, city, readings_of, stream
from bench.rules import BATCH, shipped
from rules.engine.columns import all_joined
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.engine.state import State
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US

DEVICES = 10_000

VEHICLES = 2_000

MINUTES = 5

WARM_MINUTES = 6
"""So long that held rows come out as they do all day."""

LATE_SHARE = 0.01

LATEST_S = 240
"""A row comes so late at most."""

ALLOWED_S = 300


@dataclass(frozen=True, slots=True)
class _Course:
    plan: Plan
    state: State
    timed: list[Learned]

    @classmethod
    def of(cls, town: City, entries: Sequence[Learned]) -> "_Course":
        plan = compile_plan(town.source)
        until_us = entries[0].at_us + WARM_MINUTES * 60 * SECOND_US
        before = [entry for entry in entries if entry.at_us < until_us]
        state = fold(plan, plan.fresh_state(), before).state
        return cls(plan, state, list(entries[len(before) :]))

    def rows(self) -> int:
        """Return how many readings and fixes are timed."""
        told = (entry.content for entry in self.timed)
        return sum(len(one) for one in told if isinstance(one, Readings | Positions))

    def fold_s(self) -> float:
        """Return the seconds of one fold of what is timed."""
        state, begun_s = self.state, time.process_time()
        for first in range(0, len(self.timed), BATCH):
            state = fold(self.plan, state, self.timed[first : first + BATCH]).state
        return time.process_time() - begun_s


def bench(rounds: int) -> None:
    """Print microseconds a row, and how many times those of a neat day.

    Args:
        rounds: Of each, interleaved; the medians are shown.
    """
    texts = shipped()
    neat = city(texts, DEVICES, quantities=1)
    driven = city(texts, DEVICES, quantities=1, vehicles=VEHICLES)
    entries = _told(neat)
    late = told_late(entries)
    courses = {
        "neat": _Course.of(neat, entries),
        "1 % late": _Course.of(neat, late),
        "1 % late, which they may be": _Course.of(_patient(neat), late),
        f"neat, {VEHICLES:,} vehicles beside": _Course.of(driven, _told(driven)),
    }
    asked: dict[str, Callable[[], float]] = {
        name: course.fold_s for name, course in courses.items()
    }
    told: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, ask in asked.items():
            told[name].append(ask())
    taken = {name: median(found) for name, found in told.items()}
    print(f"{DEVICES:,} devices, one reading a minute each, {MINUTES} minutes:")
    for name, took_s in taken.items():
        rows = courses[name].rows()
        print(
            f"  {name:32} {rows:9,} rows {took_s / rows * 1e6:8.2f} us each "
            f"{took_s / taken['neat']:8.1f} x the neat day, "
            f"24 h in {took_s * 24 * 60 / MINUTES:5.0f} s of one core"
        )


def told_late(entries: Sequence[Learned]) -> list[Learned]:
    """Return the same rows, of which some are told by entries long after their time."""
    rng = np.random.default_rng(1)
    places = [place for place, one in enumerate(entries) if len(readings_of(one))]
    waiting: defaultdict[int, list[Readings]] = defaultdict(list)
    found = list(entries)
    for number, place in enumerate(places):
        told = readings_of(entries[place])
        is_late = rng.random(len(told)) < LATE_SHARE
        for row in np.flatnonzero(is_late):
            at = number + int(rng.integers(1, LATEST_S))
            waiting[at].append(told.take(np.array([row])))
        here = [told.take(~is_late), *waiting.pop(number, [])]
        found[place] = replace(entries[place], content=all_joined(here))
    return found


def _told(town: City) -> list[Learned]:
    return stream(town, rows=DEVICES // 60 + 1, seconds=60 * (WARM_MINUTES + MINUTES))


def _patient(town: City) -> City:
    """Return the same city, whose rows may come late."""
    subjects = tuple(
        replace(one, allowed_lateness_s=ALLOWED_S) for one in town.source.subjects
    )
    source = msgspec.structs.replace(town.source, subjects=subjects)
    return replace(town, source=source)
