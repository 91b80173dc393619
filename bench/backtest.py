"""A backtest's own path: stored rows or journal bodies in, alarms in a docket out.

10,000 devices say one reading a minute each, under the shipped rules. The same minutes
are taken from journal bodies, one a second as ingest writes them, and from stored
samples laid out in steps of different length; the database's part is not timed. All in
one process, in turn; medians are shown, in seconds of the processor. The first minutes,
in which each device is met for the first time, only warm up.

A whole day takes an hour's bodies 24 times over, each at its own time.
"""

import resource
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from statistics import median

import numpy as np

from bench.rule_stream import city, readings_of, stream
from bench.rules import shipped
from cases.routing import shipped_routing
from devices.registry.snapshot import Snapshot
from rules.backtest.course import Course
from rules.backtest.docket import Docket
from rules.backtest.sources import BATCH_ENTRIES, laid_out
from rules.engine.entry import learned_from
from rules.engine.learned import Learned
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from store.journal.body import readings_body
from store.journal.entries import Entry, Kind
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US, datetime_from_us

DEVICES = 10_000

MINUTES = 10

WARM_MINUTES = 2

DAY_MINUTES = 24 * 60

HOUR_S = 3600

STEPS_S = (1, 10, 60)
"""Lengths of the steps that stored samples are laid out in."""


def bench(rounds: int) -> None:
    """Print readings a second, how often real time, and what a day would take.

    Args:
        rounds: Of each, interleaved; the medians are shown.
    """
    town = city(shipped(), DEVICES, quantities=1)
    plan = compile_plan(town.source)
    entries = stream(
        town, rows=DEVICES // 60 + 1, seconds=60 * (WARM_MINUTES + MINUTES)
    )
    warm = WARM_MINUTES * 60 * len(entries) // (60 * (WARM_MINUTES + MINUTES))
    before, entries = entries[:warm], entries[warm:]
    bodies, samples = bodies_of(entries), _samples(entries)
    asked = {
        "journal bodies": partial(_from_bodies_s, plan, before, bodies),
        **{
            f"samples, steps of {step_s} s": partial(
                _from_samples_s, plan, before, samples, step_s
            )
            for step_s in STEPS_S
        },
    }
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, ask in asked.items():
            taken[name].append(ask())
    rows = len(samples)
    print(f"{DEVICES:,} devices, {MINUTES} minutes, {rows:,} readings")
    for name, times in taken.items():
        took_s = median(times)
        print(
            f"  {name:24} {rows / took_s:12,.0f} readings/s "
            f"{MINUTES * 60 / took_s:8,.0f} x real time, "
            f"24 h in {took_s * DAY_MINUTES / MINUTES:6.0f} s of one core"
        )


def bodies_of(entries: list[Learned]) -> list[Entry]:
    """Return entries as the journal holds them."""
    found = []
    for entry in entries:
        readings = readings_of(entry)
        kind = Kind.READINGS if len(readings) else Kind.TICK
        body = readings_body(readings) if len(readings) else b""
        at = datetime_from_us(entry.at_us)
        found.append(Entry(0, entry.seq, at, kind, len(readings), body))
    return found


def _samples(entries: list[Learned]) -> Readings:
    """Return all readings by their own time, as the tables give them."""
    told = [readings_of(entry) for entry in entries]
    columns = {
        name: np.concatenate([getattr(one, name) for one in told])
        for name in Readings.__dataclass_fields__
    }
    order = np.lexsort((columns["series_id"], columns["measured_us"]))
    return Readings(**{name: column[order] for name, column in columns.items()})


def day() -> None:
    """Print what 24 hours from the journal take, in fact."""
    town = city(shipped(), DEVICES, quantities=1)
    plan = compile_plan(town.source)
    hour = stream(town, rows=DEVICES // 60 + 1, seconds=HOUR_S)
    course = _course(plan, ())
    took_s, rows = 0.0, 0
    for number in range(24):
        bodies = bodies_of([later(entry, number) for entry in hour])
        took_s += _take_s(course, bodies)
        rows += sum(body.row_count for body in bodies)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{DEVICES:,} devices, 24 hours from the journal, {rows:,} readings: "
        f"{took_s:.0f} s of one core, at most {peak_mib:,.0f} MiB in all"
    )


def later(entry: Learned, hours: int) -> Learned:
    """Return an entry some hours later, its samples, too."""
    readings = readings_of(entry)
    step_us = hours * HOUR_S * SECOND_US
    content = replace(readings, measured_us=readings.measured_us + step_us)
    return replace(entry, at_us=entry.at_us + step_us, content=content)


def _course(plan: Plan, before: Sequence[Learned]) -> Course:
    """Return a course that has taken some entries."""
    course = Course(plan, Docket(Snapshot(version=1), shipped_routing()))
    course.take(before)
    return course


def _take_s(course: Course, bodies: list[Entry]) -> float:
    begun_s = time.process_time()
    for first in range(0, len(bodies), BATCH_ENTRIES):
        course.take([learned_from(e) for e in bodies[first : first + BATCH_ENTRIES]])
    return time.process_time() - begun_s


def _from_bodies_s(plan: Plan, before: list[Learned], bodies: list[Entry]) -> float:
    return _take_s(_course(plan, before), bodies)


def _from_samples_s(
    plan: Plan, before: list[Learned], samples: Readings, step_s: int
) -> float:
    course = _course(plan, before)
    stretch = int(samples.measured_us[0]), int(samples.measured_us[-1]) + 1
    begun_s = time.process_time()
    entries = list(
        laid_out(
            samples,
            Positions.empty(),
            stretch,
            seq=before[-1].seq,
            step_us=step_s * SECOND_US,
        )
    )
    for first in range(0, len(entries), BATCH_ENTRIES):
        course.take(entries[first : first + BATCH_ENTRIES])
    return time.process_time() - begun_s
