"""Whatever a journal holds, every shipped rule decides the same however it is folded.

Cut into batches, restarted after any entry, its rows shuffled or doubled: the alarms
are the same ones. And folding leaves alone the state it was given.
"""

import random
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.fold import fold, step
from rules.engine.learned import Learned
from rules.engine.state import read_back, written
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from rules.trial.scene import PROGRAMMES
from tests.rules.town import (
    SHIPPED,
    device,
    edge,
    positions,
    readings,
    source,
    tick,
)
from vocabulary.device import DeviceKind
from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.reading import Readings

LATE_S = 30
CALM = 0.92
"""How likely it is that things go on as they were."""

MUTE = 1.0
OMITTED = 0.2
RESTARTS = 0.3

SAID: dict[DeviceKind, dict[str, tuple[float, ...]]] = {
    DeviceKind.CABINET: {
        "contactor_on": (0, 1, 1),
        "voltage_v": (0, 160, 225, 225, 270),
        "cabinet_door_open": (0, 0, 1),
        "leakage_ma": (3, 3, 120, 400),
    },
    DeviceKind.LAMP: {
        "power_w": (0, 20, 100, 100, 180),
        "dimming_pct": (0, 40, 100, 100),
    },
    DeviceKind.COVER: {
        "tilt_deg": (1, 2, 2, 2, 14, 40, 85),
        "cover_open": (0, 1),
        "sensor_tilted": (0, 0, 0, 1),
        "water_under_cover": (0, 0, 1),
    },
    DeviceKind.PRESSURE: {"pressure_kpa": (100, 180, 320, 320, 321, 900)},
    DeviceKind.GAUGE: {"depth_mm": (0, 0, 160, 300, 500), "rain_mm": (0, 0.4)},
    DeviceKind.VEHICLE: {},
}
"""What devices may say, by kind and quantity."""


def town() -> list[Subject]:
    """Two devices of each kind, one of which may be late."""
    found = []
    for place, (kind, said) in enumerate(SAID.items()):
        for which in (0, 1):
            one = device(
                1 + 2 * place + which,
                kind,
                *said,
                edge="jt808" if kind is DeviceKind.VEHICLE else "mqtt",
                allowed_lateness_s=LATE_S * which,
                upstream_id=1 + which if kind is DeviceKind.LAMP else None,
            )
            programme = ("sun", "always")[which]
            if kind in (DeviceKind.LAMP, DeviceKind.CABINET):
                one = replace(one, programme=programme, rated_w=100.0)
            found.append(one)
    return found


def shipped() -> PlanSource:
    codes = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
    return replace_programmes(source(town(), *codes))


def replace_programmes(of: PlanSource) -> PlanSource:
    return PlanSource(
        rules=of.rules,
        subjects=of.subjects,
        registry_version=1,
        geofences=of.geofences,
        programmes=PROGRAMMES,
    )


PLAN = compile_plan(shipped())
DEVICES = PLAN.subjects
CARS = [one.device_id for one in DEVICES if one.kind is DeviceKind.VEHICLE]
SERIES = [i for one in DEVICES for i in one.series.values()]


def journal(rng: random.Random) -> list[Learned]:
    """Draw a journal: spells of any length, gaps, absences, late and doubtful rows."""
    entries: list[Learned] = []
    at_s = 3600.0 * rng.choice([0, 3, 7, 14, 17])
    pace_s = rng.choice([2, 4, 5, 5, 60])
    moods = {i: rng.random() for i in (*CARS, *SERIES)}
    for _ in range(rng.randint(10, 90)):
        at_s += pace_s if rng.random() < CALM else rng.choice([0, 1, 70, 400, 7200])
        if rng.random() > CALM:
            mood = rng.choice([0.0, 0.99, rng.random(), MUTE])
            moods |= dict.fromkeys(rng.choice(DEVICES).series.values(), mood)
            moods[rng.choice([*CARS, *SERIES])] = mood
        entries.append(_entry(rng, at_s, moods))
    return [replace(entry, seq=seq) for seq, entry in enumerate(entries, 1)]


def _entry(rng: random.Random, at_s: float, moods: dict[int, float]) -> Learned:
    what = rng.random()
    if what < (1 - CALM) / 2:
        name = rng.choice(["ingest", "mqtt", "jt808"])
        return edge(0, at_s, name, up=rng.random() < 0.7)
    if what < 0.1:
        return tick(0, at_s)
    if what < 0.3:
        told = {
            (car, at_s - rng.choice([0, 0, 3, 10, 90])): (
                (moods[car] - 0.7) * 4000,
                rng.choice([0.0, 0.0, 40, 95]),
                _quality(rng),
            )
            for car in CARS
            if moods[car] != MUTE
            for _ in range(rng.randint(0, 3))
        }
        return positions(0, at_s, [(*key, *row) for key, row in told.items()])
    return readings(0, at_s, _rows(rng, at_s, moods))


def _rows(
    rng: random.Random, at_s: float, moods: dict[int, float]
) -> list[tuple[int, float, float, int]]:
    told: dict[tuple[int, float], tuple[float, int]] = {}
    for one in DEVICES:
        for name, series_id in one.series.items():
            if rng.random() < OMITTED or moods[series_id] == MUTE:
                continue
            values = SAID[one.kind][name]
            value = values[int(moods[series_id] * len(values))]
            for _ in range(rng.choice([1, 1, 1, 1, 1, 3])):
                measured_s = at_s - rng.choice([0, 0, 0, 1, 5, 20, 200])
                told[series_id, measured_s] = (value, _quality(rng))
    return [(*key, *row) for key, row in told.items()]


def _quality(rng: random.Random) -> int:
    return int(rng.choice([0] * 12 + [Quality.SENSOR_FAULT, Quality.LATE]))


def straight(entries: list[Learned]) -> list[Transition]:
    return fold(PLAN, PLAN.fresh_state(), entries).transitions


def with_rows(entry: Learned, rows: np.ndarray) -> Learned:
    if not isinstance(entry.content, Readings | Positions):
        return entry
    return replace(entry, content=entry.content.take(rows))


def count(entry: Learned) -> int:
    content = entry.content
    return len(content) if isinstance(content, Readings | Positions) else 0


few = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 2**32).map(random.Random)


@few
@given(seeds)
def test_a_restart_after_any_entry_and_any_batches_decide_the_same(
    rng: random.Random,
) -> None:
    entries = journal(rng)
    wanted = straight(entries)
    one_by_one: list[Transition] = []
    state = PLAN.fresh_state()
    for entry in entries:
        folded = step(PLAN, state, entry)
        one_by_one += folded.transitions
        state = folded.state
        if rng.random() < RESTARTS:
            state = read_back(written(state))
    assert one_by_one == wanted
    in_batches: list[Transition] = []
    state, left = PLAN.fresh_state(), entries
    while left:
        size = rng.randint(1, 9)
        before = written(state)
        folded = fold(PLAN, state, left[:size])
        assert written(state) == before  # a batch whose transaction fails comes again
        in_batches += folded.transitions
        state, left = folded.state, left[size:]
    assert in_batches == wanted


@few
@given(seeds)
def test_shuffled_and_doubled_rows_decide_the_same(rng: random.Random) -> None:
    entries = journal(rng)
    shuffled, doubled = [], []
    for entry in entries:
        rows = rng.sample(range(count(entry)), count(entry))
        shuffled.append(with_rows(entry, np.array(rows, np.intp)))
        again = rows + rng.sample(rows, len(rows) // 2)
        doubled.append(with_rows(entry, np.array(again, np.intp)))
    wanted = straight(entries)
    assert straight(shuffled) == wanted
    assert straight(doubled) == wanted


def test_journals_raise_alarms_of_half_the_rules() -> None:
    """Else the properties above would say little."""
    many = map(random.Random, range(20))
    raised = {one.rule.code for rng in many for one in straight(journal(rng))}
    assert len(raised) >= len(PLAN.rules) / 2, raised
