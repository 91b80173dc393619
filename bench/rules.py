"""The rules engine over a city's journal: readings a second, beside two yardsticks.

A plain loop judges one reading at a time; bare numpy compares each reading with every
limit that a rule has for it and finds where the answer changed, and nothing else. There
are two of it. "Bare numpy" is told beforehand which limits each reading has, and so
never sees the readings that no rule asks for, nine of ten: it is the harder mark. "Bare
from ids" has the arrays that the engine gets, and looks each series up. All take the
same entries in turn, in one process, so that they meet the same minutes. Seconds are
those of the processor; medians are shown.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeAlias

import numpy as np

import rules
from bench.plain_loop import PlainLoop, knows
from bench.rule_stream import FIX_S, QUANTITIES, City, city, readings_of, stream
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.engine.state import State
from rules.files.rule_file import parse_rule
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import RuleText
from rules.triage.desk import Desk
from rules.triage.triage import triage_all
from tests.rules.oracle_slot import said
from vocabulary.position import Positions

SHIPPED = Path(rules.__file__).parent / "shipped"

DEVICES = 10_000

LOOP_DEVICES = 500
"""As many does the plain loop judge; it is reckoned by the reading."""

MINUTES_A_DAY = 1440

BARE_TIMES = 5
"""It is over so soon that it is done several times."""

VEHICLES = 2_000

LIMIT_KMH = 60

SECONDS = 180
"""Of the journal: the first minute only warms up."""

WARM_S = 60

BATCH = 500
"""Entries folded at once, as the worker does."""


Asked: TypeAlias = tuple[Callable[[], float], int]
"""What gives the seconds that it took, and the readings that it took them for."""


@dataclass(frozen=True, slots=True)
class Course:
    """Entries, some of which are taken before the clock runs.

    Attributes:
        before: These.
        timed: The others.
        rows: Readings among the timed.
    """

    before: list[Learned]
    timed: list[Learned]
    rows: int


def bench(rounds: int) -> None:
    """Print readings a second and ratios.

    Args:
        rounds: Of each, interleaved; the medians are shown.
    """
    texts = shipped()
    known = [t for t in texts if knows(parse_rule(t.source, version=1))]
    print(
        f"{DEVICES:,} devices x {QUANTITIES} quantities, each once a minute\n"
        f"all = the {len(texts)} shipped rules; some = the {len(known)} of them that "
        "the loop knows, too"
    )
    for rows in (500, 5_000, 50_000):
        _compare(texts, known, rows, rounds)
    _one_each(texts, rounds)
    _drives(texts, rounds)


def shipped() -> list[RuleText]:
    """Return the shipped rules."""
    return [
        RuleText(path.stem, 1, path.read_text("utf-8"))
        for path in sorted(SHIPPED.glob("*.yaml"))
    ]


def _compare(
    texts: Sequence[RuleText], known: Sequence[RuleText], rows: int, rounds: int
) -> None:
    town = city(texts, DEVICES)
    few = city(known, LOOP_DEVICES)
    course = _course(town, rows)
    loop_course = _course(few, max(1, rows * LOOP_DEVICES // DEVICES))
    _must_agree(few, loop_course)
    engine = _Engine.of(town, course)
    some = _Engine.of(town.of(known), course)
    asked: dict[str, Asked] = {
        **_bare(engine.plan, course),
        "engine, all": (engine.fold_s, course.rows),
        "  and triage": (engine.triage_s, course.rows),
        "engine, some": (some.fold_s, course.rows),
        "plain loop, some": (partial(_loop_s, few, loop_course), loop_course.rows),
    }
    print(f"\nentries of {rows:,} readings ({course.rows:,} readings in all):")
    _show(asked, rounds)


def _one_each(texts: Sequence[RuleText], rounds: int) -> None:
    """Show the shape of a backtest over a day: one reading a minute of each device."""
    town = city(texts, DEVICES, quantities=1)
    course = _course(town, DEVICES)
    engine = _Engine.of(town, course)
    asked: dict[str, Asked] = {
        **_bare(engine.plan, course),
        "engine, all": (engine.fold_s, course.rows),
    }
    print(
        f"\none reading a minute of each device, in entries of {DEVICES:,} "
        f"({course.rows:,} readings in all):"
    )
    each_us = _show(asked, rounds)["engine, all"]
    day_s = each_us * DEVICES * MINUTES_A_DAY / 1e6
    print(f"  24 h of it, 14.4 million readings, would take {day_s:.0f} s of one core")


def _drives(texts: Sequence[RuleText], rounds: int) -> None:
    """Show what fixes cost: each is looked for in the areas of several rules."""
    town = city(texts, 0, vehicles=VEHICLES)
    course = _course(town, 1)
    fixes = [e.content for e in course.timed if isinstance(e.content, Positions)]
    rows = sum(map(len, fixes))
    asked: dict[str, Asked] = {
        "bare numpy": (partial(_bare_drive_s, fixes), rows),
        "engine, all": (_Engine.of(town, course).fold_s, rows),
    }
    print(f"\n{VEHICLES:,} vehicles, a fix every {FIX_S} s ({rows:,} fixes in all):")
    _show(asked, rounds)


def _show(asked: dict[str, Asked], rounds: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(rounds + 1):
        for name, (ask, rows) in asked.items():
            per_row_us = ask() / rows * 1e6
            if number:  # the first warms up
                taken[name].append(per_row_us)
    middle = {name: median(found) for name, found in taken.items()}
    bare = [name for name in middle if name.startswith("bare")]
    marks = "".join(f"{'x ' + name:>18}" for name in bare)
    print(f"  {'':18}{'us a reading':>14}{'readings/s':>14}{marks}")
    for name, each_us in middle.items():
        ratios = "".join(f"{each_us / middle[one]:18.1f}" for one in bare)
        print(f"  {name:18}{each_us:14.4f}{1e6 / each_us:14,.0f}{ratios}")
    if "plain loop, some" in middle:
        faster = middle["plain loop, some"] / middle["engine, some"]
        print(f"  the engine takes a reading {faster:,.0f} times as fast as the loop")
    return middle


@dataclass(frozen=True, slots=True)
class _Engine:
    plan: Plan
    state: State
    desk: Desk
    course: Course

    @classmethod
    def of(cls, town: City, course: Course) -> "_Engine":
        plan = compile_plan(town.source)
        folded = fold(plan, plan.fresh_state(), course.before)
        times = [(entry.seq, entry.at_us) for entry in course.before]
        desk, _ = triage_all(plan, Desk(), times, folded.transitions)
        return cls(plan, folded.state, desk, course)

    def fold_s(self) -> float:
        state, timed = self.state, self.course.timed
        begin = time.process_time()
        for first in range(0, len(timed), BATCH):
            state = fold(self.plan, state, timed[first : first + BATCH]).state
        return time.process_time() - begin

    def triage_s(self) -> float:
        state, desk, timed = self.state, self.desk, self.course.timed
        begin = time.process_time()
        for first in range(0, len(timed), BATCH):
            part = timed[first : first + BATCH]
            folded = fold(self.plan, state, part)
            times = [(entry.seq, entry.at_us) for entry in part]
            state = folded.state
            desk, _ = triage_all(self.plan, desk, times, folded.transitions)
        return time.process_time() - begin


def _bare(plan: Plan, course: Course) -> dict[str, Asked]:
    return {
        "bare numpy": (partial(_bare_s, plan, course, is_told=True), course.rows),
        "bare from ids": (partial(_bare_s, plan, course, is_told=False), course.rows),
    }


def _bare_s(plan: Plan, course: Course, *, is_told: bool) -> float:
    """Compare each reading with every limit it has, and find what changed.

    Delays, quality, sides, schedules, measures and silence are left out.

    Args:
        plan: Whose limits they are.
        course: What is read.
        is_told: Whether it is known beforehand which limits these are.
    """
    told = [one for entry in course.timed if len(one := readings_of(entry))]
    spread = plan.lanes[0].by_series.spread
    known = [spread(one.series_id) if is_told else None for one in told]
    limit, sign = plan.slots.limit[:, 0].copy(), plan.slots.sign
    was = np.zeros(len(limit), np.bool_)
    turned = 0
    begin = time.process_time()
    for _ in range(BARE_TIMES):
        for one, found in zip(told, known, strict=True):
            slot, row = found or spread(one.series_id)
            beyond = one.value[row] * sign[slot] >= limit[slot]
            turned += len(np.flatnonzero(beyond != was[slot]))
            was[slot] = beyond
    return (time.process_time() - begin) / BARE_TIMES


def _bare_drive_s(fixes: Sequence[Positions]) -> float:
    """Compare each speed with one limit, and find where the answer changed."""
    was = np.zeros(max(int(one.device_id.max()) for one in fixes) + 1, np.bool_)
    turned = 0
    begin = time.process_time()
    for _ in range(BARE_TIMES):
        for one in fixes:
            beyond = one.speed_kmh >= LIMIT_KMH
            turned += len(np.flatnonzero(beyond != was[one.device_id]))
            was[one.device_id] = beyond
    return (time.process_time() - begin) / BARE_TIMES


def _loop_s(town: City, course: Course) -> float:
    loop = PlainLoop.of(town.source)
    for entry in course.before:
        loop.step(entry)
    begin = time.process_time()
    for entry in course.timed:
        loop.step(entry)
    return time.process_time() - begin


def _must_agree(town: City, course: Course) -> None:
    """Stop if engine and loop do not say the same of what is timed."""
    plan = compile_plan(town.source)
    entries = [*course.before, *course.timed]
    loop = PlainLoop.of(town.source)
    found = sorted(map(said, fold(plan, plan.fresh_state(), entries).transitions))
    wanted = sorted(told for entry in entries for told in loop.step(entry))
    if found != wanted:
        raise AssertionError(f"{len(found)} turns are not the loop's {len(wanted)}")


def _course(town: City, rows: int) -> Course:
    entries = stream(town, rows=rows, seconds=SECONDS)
    warm = next(
        place
        for place, entry in enumerate(entries)
        if entry.at_us - entries[0].at_us >= WARM_S * 1_000_000
    )
    timed = entries[warm:]
    return Course(entries[:warm], timed, sum(len(readings_of(e)) for e in timed))
