"""The engine agrees with a plain loop, however its journal is cut or shuffled."""

import math
import random
from collections.abc import Callable
from functools import partial

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.engine.fold import fold, step
from rules.engine.learned import Learned
from rules.engine.state import read_back, written
from rules.plan.compile import compile_plan
from tests.rules.oracle import Oracle, Said, said, same
from tests.rules.town import device, edge, positions, readings, source, tick
from vocabulary.device import DeviceKind
from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.reading import Readings

RULES = [
    """
code: deep
name: {zh: 深, en: deep}
kind: gauge
quantity: depth_mm
condition:
  type: threshold
  grades:
    - {at: 10, severity: minor}
    - {at: 20, severity: major}
    - {at: 30, severity: critical}
  deadband: 4
on_delay_s: 5
off_delay_s: 6
largest_gap_s: 4
reason: {zh: "{value}", en: "{value}"}
source: test
""",
    """
code: dark
name: {zh: 暗, en: dark}
kind: lamp
quantity: power_w
condition:
  type: threshold
  below: 10
  deadband: 2
  severity: minor
  while:
    - {of: upstream, quantity: contactor_on, above: 20}
    - {of: upstream, quantity: voltage_v, above: 10}
on_delay_s: 3
largest_gap_s: 6
quality: {refuse: [late]}
reason: {zh: "{value}", en: "{value}"}
source: test
""",
    """
code: off
name: {zh: 断, en: 'off'}
kind: cabinet
quantity: voltage_v
condition:
  type: threshold
  below: 20
  severity: major
  while: {of: self, quantity: contactor_on, below: 20}
off_delay_s: 4
reason: {zh: "{value}", en: "{value}"}
source: test
""",
    """
code: fast
name: {zh: 快, en: fast}
kind: vehicle
condition: {type: overspeed, above: 15, margin_kmh: 5, deadband: 5, severity: minor}
on_delay_s: 3
largest_gap_s: 5
reason: {zh: "{value}", en: "{value}"}
source: test
""",
    """
code: strayed
name: {zh: 出界, en: strayed}
kind: vehicle
condition: {type: geofence, band_m: 15, severity: minor}
on_delay_s: 2
off_delay_s: 2
reason: {zh: "{value}", en: "{value}"}
source: test
""",
    """
code: silent-gauge
name: {zh: 静默, en: silent}
kind: gauge
condition: {type: silence, silence_s: 9, severity: minor}
reason: {zh: "{value}", en: "{value}"}
source: test
""",
    """
code: silent-lamp
name: {zh: 静默, en: silent}
kind: lamp
condition: {type: silence, missed_reports: 2, severity: minor, hears: platform}
reason: {zh: "{value}", en: "{value}"}
source: test
""",
]

modbus_device = partial(device, edge="modbus", gateway="CAB-1", interval_s=4)
nmea_device = partial(device, edge="nmea", gateway="nmea")
SUBJECTS = [
    modbus_device(1, DeviceKind.CABINET, "contactor_on", "voltage_v"),
    modbus_device(2, DeviceKind.LAMP, "power_w", upstream_id=1),
    modbus_device(3, DeviceKind.LAMP, "power_w", upstream_id=1),
    device(4, DeviceKind.GAUGE, "depth_mm", "battery_v"),
    nmea_device(5, DeviceKind.VEHICLE),
    nmea_device(6, DeviceKind.VEHICLE, speed_limit_kmh=25),
]
SOURCE = source(SUBJECTS, *sorted(RULES))
PLAN = compile_plan(SOURCE)

SERIES = [10, 11, 20, 30, 40, 41, 999]
VALUES = [0.0, 5, 8, 10, 12, 17, 20, 25, 30, 35, math.nan, math.inf]
QUALITIES = [0] * 6 + [
    int(Quality.FUTURE),
    int(Quality.LATE),
    int(Quality.SENSOR_FAULT),
]
EDGES = [
    ("ingest", ""),
    ("mqtt", ""),
    ("mqtt", "GW-1"),
    ("modbus", "CAB-1"),
    ("gateway", "GW-1"),
]


ReadingRow = tuple[int, int, float, int]
PositionRow = tuple[int, int, float, float, int]
EntryAt = Callable[[int, int], Learned]
"""An entry that only lacks its number and its second."""


def readings_at(rows: list[ReadingRow]) -> EntryAt:
    return lambda seq, at: readings(seq, at, [(i, at + t, v, q) for i, t, v, q in rows])


def positions_at(rows: list[PositionRow]) -> EntryAt:
    return lambda seq, at: positions(
        seq, at, [(i, at + t, east, v, q) for i, t, east, v, q in rows]
    )


def edge_at(link: tuple[str, str], up: bool) -> EntryAt:  # noqa: FBT001 drawn by place
    return lambda seq, at: edge(seq, at, link[0], up=up, gateway=link[1])


before_s = st.integers(-9, 1)
reading_rows = st.lists(
    st.tuples(
        st.sampled_from(SERIES),
        before_s,
        st.sampled_from(VALUES),
        st.sampled_from(QUALITIES),
    ),
    max_size=9,
    unique_by=lambda row: row[:2],  # the store's key: no series has a time twice
)
position_rows = st.lists(
    st.tuples(
        st.sampled_from([5, 6, 999]),
        before_s,
        st.sampled_from([-40.0, -1, 3, 14, 16, 40]),
        st.sampled_from([0.0, 10, 16, 20, 25, 30, math.nan]),
        st.sampled_from(QUALITIES),
    ),
    max_size=6,
    unique_by=lambda row: row[:2],
)
entries_at = st.one_of(
    reading_rows.map(readings_at),
    reading_rows.map(readings_at),
    position_rows.map(positions_at),
    st.just(tick),
    st.builds(edge_at, st.sampled_from(EDGES), st.booleans()),
)
steps_s = st.sampled_from([0, 1, 1, 1, 2, 3, 5, 6, 30])


@st.composite
def journals(draw: st.DrawFn) -> list[Learned]:
    """Draw a journal: any entries, late and future rows, gaps, our own absences."""
    at_s, entries = 0, []
    for seq, entry_at in enumerate(draw(st.lists(entries_at, max_size=40)), 1):
        at_s += draw(steps_s)
        entries.append(entry_at(seq, at_s))
    return entries


SPELL_S = 7
"""How long a device's value stays about the same in a busy journal."""


@st.composite
def busy_journals(draw: st.DrawFn) -> list[Learned]:
    """Draw a journal as a city writes it: all report, most in time, for spells."""
    rng = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 not a secret
    mood: dict[int, float] = {}
    entries = [tick(1, 0)]
    at_s = 0
    for seq in range(2, draw(st.integers(2, 120))):
        at_s += rng.choices([0, 1, 2, 7], [1, 8, 2, 0.3])[0]
        for series_id in (*SERIES, 5, 6):
            if rng.random() < 1 / SPELL_S or series_id not in mood:
                mood[series_id] = rng.choice(VALUES[:10])
        entries.append(_busy_entry(rng, mood, seq, at_s))
    return entries


def _busy_entry(
    rng: random.Random, mood: dict[int, float], seq: int, at_s: int
) -> Learned:
    late_s = rng.choices([0, 0, 1, 4], k=3)
    times = [at_s - late for late in late_s]
    match rng.choices(["readings", "positions", "edge", "tick"], [9, 5, 0.5, 1])[0]:
        case "readings":
            keys = [(i, t) for i in SERIES for t in {*times} if rng.random() < 0.7]
            return readings(seq, at_s, [(i, t, mood[i], 0) for i, t in keys])
        case "positions":
            fixes = [(i, t) for i in (5, 6) for t in {*times} if rng.random() < 0.8]
            return positions(
                seq, at_s, [(i, t, mood[i] - 9, mood[i], 0) for i, t in fixes]
            )
        case "edge":
            name, gateway = rng.choice(EDGES)
            return edge(seq, at_s, name, up=rng.random() < 0.7, gateway=gateway)
        case _:
            return tick(seq, at_s)


any_journals = st.one_of(journals(), busy_journals())

many = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def engine(entries: list[Learned]) -> list[Said]:
    return [said(t) for t in fold(PLAN, PLAN.fresh_state(), entries).transitions]


@many
@given(any_journals)
def test_agrees_with_a_plain_loop(entries: list[Learned]) -> None:
    oracle = Oracle.of(SOURCE)
    wanted = [one for entry in entries for one in oracle.step(entry)]
    assert same(engine(entries), wanted)


@many
@given(any_journals, st.randoms(use_true_random=False))
def test_a_restart_at_any_entry_changes_nothing(
    entries: list[Learned], rng: random.Random
) -> None:
    state, found = PLAN.fresh_state(), []
    for entry in entries:
        if rng.random() < 0.5:
            state = read_back(written(state))
        folded = step(PLAN, state, entry)
        state = folded.state
        found += [said(t) for t in folded.transitions]
    assert found == engine(entries)


@many
@given(any_journals, st.randoms(use_true_random=False))
def test_the_order_of_rows_in_an_entry_does_not_matter(
    entries: list[Learned], rng: random.Random
) -> None:
    assert engine([shuffled(entry, rng) for entry in entries]) == engine(entries)


@many
@given(any_journals)
def test_doubled_rows_change_nothing(entries: list[Learned]) -> None:
    assert engine([doubled(entry) for entry in entries]) == engine(entries)


@many
@given(any_journals)
def test_folding_does_not_touch_the_state_it_was_given(entries: list[Learned]) -> None:
    state = PLAN.fresh_state()
    fold(PLAN, state, entries)
    assert written(state) == written(PLAN.fresh_state())


def shuffled(entry: Learned, rng: random.Random) -> Learned:
    if not isinstance(entry.content, Readings | Positions):
        return entry
    order = np.array(rng.sample(range(len(entry.content)), len(entry.content)), np.intp)
    return Learned(entry.seq, entry.at_us, entry.content.take(order))


def doubled(entry: Learned) -> Learned:
    if not isinstance(entry.content, Readings | Positions):
        return entry
    rows = np.arange(len(entry.content)).repeat(2)
    return Learned(entry.seq, entry.at_us, entry.content.take(rows))
