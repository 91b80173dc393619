"""Whatever fences a city draws and however its vehicles drive: as plain loops say."""

import json
import math
import random
from dataclasses import dataclass

import msgspec
import numpy as np
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.engine.fold import fold, step
from rules.engine.learned import Learned
from rules.engine.state import read_back, written
from rules.plan.compile import compile_plan
from rules.plan.plan_source import PlanSource, RuleText
from tests.fences.yard import rule, source
from tests.rules.oracle import Oracle, Said, said, same
from tests.rules.oracle_yard import TooClose
from tests.rules.town import tick, us
from vocabulary.geometry import metres_per_degree
from vocabulary.position import Positions
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape

PLACES = [(111.0, 35.0), (179.9991, -18.0), (-180.0, 51.0), (0.0003, 0.0002)]
"""Where yards are; two of them across the date line, one across the prime meridian."""

REACH_M = 350
TRUCKS = 2
LATE_S = 40
END_S = 200

INPUTS = "[{bit: 1, is: on}, {bit: 0, is: off}]"
CONDITIONS = [
    "type: geofence, band_m: 20, band_accuracies: 2",
    "type: geofence, fences: kind a, band_m: 0",
    "type: geofence, fences: all, band_m: 10, inputs: {bit: 1, is: on}",
    "type: geofence, is: inside, fences: all, band_m: 5, dwell_s: 20",
    "type: geofence, is: inside, fences: kind a, band_m: 2, band_accuracies: 1",
    f"type: geofence, is: inside, fences: 'F-3, F-4', band_m: 12, inputs: {INPUTS}",
    "type: crossing, fences: all, band_m: 15",
    "type: crossing, fences: kind a, band_m: 3, band_accuracies: 2",
    "type: stop, fences: kind a, near_m: 30, stop_s: 15, band_m: 10",
    "type: stop, near_m: 60, stop_s: 20, band_accuracies: 2, inputs: {bit: 0, is: off}",
    "type: speed_inside, fences: all, above: 30, deadband: 5",
    "type: speed_inside, fences: kind b, above: 20, band_m: 8",
    "type: late, fences: kind a, since: '16:01', by: '16:02'",
    "type: late, since: '16:01', by: '16:03', band_m: 15, band_accuracies: 4",
]
"""Second 0 is 16:00 in Shanghai."""


@dataclass(frozen=True)
class Yard:
    """Fences around a place; everything in metres."""

    lon: float
    lat: float
    rng: random.Random

    def degrees(self, east_m: float, north_m: float) -> tuple[float, float]:
        east, north = metres_per_degree(self.lat)
        lon = self.lon + east_m / east
        return (lon + 180) % 360 - 180, self.lat + north_m / north

    def fence(self, number: int, kind: str) -> GeofenceFacts:
        shape = self.rng.choice([*GeofenceShape])
        radius_m = None if shape is GeofenceShape.POLYGON else self.rng.uniform(8, 80)
        drawn = self._drawn(shape)
        in_degrees = shapely.transform(
            drawn, lambda at: np.array([self.degrees(*one) for one in at])
        )
        return GeofenceFacts(
            id=number,
            code=f"F-{number}",
            name_zh=f"围栏{number}",
            name_en=f"fence {number}",
            shape=shape,
            geometry=json.dumps(json.loads(shapely.to_geojson(in_degrees))),
            radius_m=radius_m,
            kind=kind,
        )

    def _spot(self) -> tuple[float, float]:
        return self.rng.uniform(-200, 200), self.rng.uniform(-200, 200)

    def _drawn(self, shape: GeofenceShape) -> shapely.geometry.base.BaseGeometry:
        if shape is GeofenceShape.CIRCLE:
            return shapely.Point(self._spot())
        if shape is GeofenceShape.CORRIDOR:
            return shapely.LineString([self._spot() for _ in range(3)])
        return self._polygon()

    def _polygon(self) -> shapely.geometry.base.BaseGeometry:
        """A star of any form, with a hole or in two parts."""
        parts = []
        for _ in range(self.rng.choice([1, 1, 2])):
            east_m, north_m = self._spot()
            turns = sorted(self.rng.uniform(0, math.tau) for _ in range(7))
            ring = [
                (east_m + reach * math.cos(turn), north_m + reach * math.sin(turn))
                for turn in turns
                for reach in [self.rng.uniform(30, 150)]
            ]
            hole = shapely.box(east_m - 25, north_m - 20, east_m + 20, north_m + 25)
            star = shapely.Polygon(ring).buffer(0)
            parts.append(star - hole if self.rng.random() < 0.6 else star)
        return shapely.unary_union(parts)


def town(rng: random.Random, lateness: str) -> tuple[Yard, PlanSource]:
    """Draw fences, and rules with every condition on them."""
    yard = Yard(*rng.choice(PLACES), rng)
    fences = [yard.fence(number, rng.choice("ab")) for number in range(2, 6)]
    fences.append(yard.fence(6, "a"))  # or nobody would be asked about that kind
    texts = sorted(
        rule(
            condition,
            f"largest_gap_s: {rng.choice([12, 25])}",
            f"on_delay_s: {rng.choice([0, 0, 8])}",
            f"off_delay_s: {rng.choice([0, 10])}",
            lateness,
            code=f"r{number:02}",
        )
        for number, condition in enumerate(CONDITIONS)
    )
    own = yard.fence(1, "own")
    return yard, source(texts, fences, own=own, trucks=TRUCKS)


@dataclass(frozen=True)
class Heard:
    """One fix of one truck, as it is told."""

    at_s: float
    device_id: int
    lon_e7: int
    lat_e7: int
    speed_kmh: float
    hdop: float
    inputs: int
    quality: int


def drives(rng: random.Random, yard: Yard) -> list[Heard]:
    """Draw how trucks drive, stand about and drift, with gaps and doubtful fixes."""
    found = []
    for device_id in range(1, TRUCKS + 1):
        at_s, east_m, north_m = rng.uniform(0, 9), *(rng.uniform(-250, 250),) * 2
        pace_m = 0.0
        while at_s < END_S:
            pace_m = rng.choice([pace_m, pace_m, pace_m, 0.0, 4.0, 90.0])
            east_m = max(-REACH_M, min(REACH_M, east_m + rng.gauss(0, pace_m)))
            north_m = max(-REACH_M, min(REACH_M, north_m + rng.gauss(0, pace_m)))
            lon, lat = yard.degrees(east_m + rng.gauss(0, 6), north_m + rng.gauss(0, 6))
            found.append(
                Heard(
                    round(at_s, 3),
                    device_id,
                    round(lon * 1e7),
                    round(lat * 1e7),
                    rng.choice([math.nan, 0.0, 4.0, 9.9, 10.0, 24.0, 30.0, 60.0]),
                    rng.choice([math.nan, 0.0, 0.7, 3.0]),
                    rng.choice([0, 2, 2, 2, 3]),
                    rng.choice([0] * 16 + [1 << n for n in range(10)]),
                )
            )
            at_s += (
                rng.choice([1, 3, 5, 5, 5, 5, 12, 25]) if rng.random() < 0.95 else 60
            )
    return sorted(found, key=lambda one: one.at_s)


def entry(seq: int, at_s: float, heard: list[Heard]) -> Learned:
    if not heard:
        return tick(seq, at_s)
    n = len(heard)
    fixed_us = np.array([us(one.at_s) for one in heard], np.int64)
    return Learned(
        seq,
        us(at_s),
        Positions(
            device_id=np.array([one.device_id for one in heard], np.int32),
            fixed_us=fixed_us,
            lon_e7=np.array([one.lon_e7 for one in heard], np.int32),
            lat_e7=np.array([one.lat_e7 for one in heard], np.int32),
            speed_kmh=np.array([one.speed_kmh for one in heard], np.float32),
            course_deg=np.full(n, np.nan, np.float32),
            altitude_m=np.full(n, np.nan, np.float32),
            satellites=np.full(n, -1, np.int16),
            hdop=np.array([one.hdop for one in heard], np.float32),
            inputs=np.array([one.inputs for one in heard], np.int32),
            quality=np.array([one.quality for one in heard], np.int32),
            received_us=fixed_us,
        ),
    )


def journal(
    arrived: list[tuple[float, Heard]], rng: random.Random, end_s: float
) -> list[Learned]:
    """Cut what arrived into entries anywhere, with ticks between and to the end."""
    entries: list[Learned] = []
    left, at_s = sorted(arrived, key=lambda one: one[0]), 0.0
    while left or at_s < end_s:
        at_s += rng.choice([0.5, 2, 5, 30])
        size = sum(arrived_s <= at_s for arrived_s, _ in left)
        part, left = [one for _, one in left[:size]], left[size:]
        rng.shuffle(part)
        entries.append(entry(len(entries) + 1, at_s, part))
    return entries


def surely(made: PlanSource, heard: list[Heard]) -> list[Heard]:
    """Leave out the fixes that are too close to some border to be asked about."""
    while True:
        oracle = Oracle.of(unheld(made))
        for place, one in enumerate(heard):
            try:
                oracle.step(entry(place + 1, one.at_s, [one]))
            except TooClose:
                heard = heard[:place] + heard[place + 1 :]
                break
        else:
            return heard


def unheld(made: PlanSource) -> PlanSource:
    """Return the same rules without a lateness."""
    said = f"allowed_lateness_s: {LATE_S}"
    texts = (
        RuleText(
            text.code, text.version, text.source.replace(said, "allowed_lateness_s: 0")
        )
        for text in made.rules
    )
    return msgspec.structs.replace(made, rules=tuple(texts))


def engine(made: PlanSource, entries: list[Learned], rng: random.Random) -> list[Said]:
    """Fold entries, written down and read back between some of them."""
    plan = compile_plan(made)
    state, found = plan.fresh_state(), []
    for one in entries:
        folded = step(plan, state, one)
        state = folded.state
        found += folded.transitions
        if rng.random() < 0.2:
            state = read_back(written(state))
    assert found == fold(plan, plan.fresh_state(), entries).transitions
    return [said(one) for one in found]


def loop(made: PlanSource, entries: list[Learned]) -> list[Said]:
    oracle = Oracle.of(made)
    return [one for entry in entries for one in oracle.step(entry)]


many = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
seeds = st.integers(0, 2**32).map(random.Random)


@many
@given(seeds)
def test_fences_of_any_form_and_drives_of_any_kind_agree_with_plain_loops(
    rng: random.Random,
) -> None:
    yard, made = town(rng, "allowed_lateness_s: 0")
    heard = surely(made, drives(rng, yard))
    entries = journal([(one.at_s, one) for one in heard], rng, END_S)
    assert same(engine(made, entries, rng), loop(made, entries))


@many
@given(seeds)
def test_fixes_late_and_doubled_within_the_lateness_agree_with_plain_loops(
    rng: random.Random,
) -> None:
    yard, made = town(rng, f"allowed_lateness_s: {LATE_S}")
    heard = surely(made, drives(rng, yard))
    arrived = [
        (one.at_s + rng.uniform(0, LATE_S), one)
        for one in heard
        for _ in range(rng.choice([1, 1, 1, 2]))
    ]
    entries = journal(arrived, rng, END_S + 2 * LATE_S)
    found = engine(made, entries, rng)
    assert same(found, loop(made, entries))
    in_order = entries_in_order(heard)
    plain = loop(unheld(made), in_order)
    at_their_times = [one._replace(seq=0) for one in found]
    assert same(sorted(at_their_times), sorted(one._replace(seq=0) for one in plain))


def entries_in_order(heard: list[Heard]) -> list[Learned]:
    return [entry(seq, one.at_s, [one]) for seq, one in enumerate(heard, 1)]


def test_drives_raise_alarms_of_every_condition() -> None:
    """Else the properties above would say little."""
    raised: set[str] = set()
    for seed in range(12):
        rng = random.Random(seed)  # noqa: S311 not a secret
        yard, made = town(rng, "allowed_lateness_s: 0")
        entries = entries_in_order(surely(made, drives(rng, yard)))
        raised |= {one.rule for one in loop(made, entries)}
    assert raised == {f"r{number:02}" for number in range(len(CONDITIONS))}


ZONES = ["Asia/Shanghai", "Europe/Berlin"]
DAYS = 3
CLOCKS_CHANGE_S = -146 * 86_400
"""About when clocks go back in Berlin in the year before second 0 of these tests."""


def hour(rng: random.Random) -> str:
    return f"{rng.randrange(24):02}:{rng.choice([0, 15, 30, 59]):02}"


def days_of(rng: random.Random, yard: Yard, begin_s: float) -> list[Heard]:
    """Draw some days of a truck that comes and goes, heard every few minutes."""
    found, at_s, place_m = [], begin_s, (0.0, 0.0)
    while at_s < begin_s + DAYS * 86_400:
        if rng.random() < 0.1:
            place_m = rng.uniform(-300, 300), rng.uniform(-300, 300)
        lon, lat = yard.degrees(*place_m)
        hdop, inputs = rng.choice([math.nan, 0.7, 3.0]), rng.choice([2, 2, 2, 0])
        lon_e7, lat_e7 = round(lon * 1e7), round(lat * 1e7)
        found.append(Heard(at_s, 1, lon_e7, lat_e7, 0.0, hdop, inputs, 0))
        at_s += rng.choice([300, 600, 900, 900, 900, 1800, 7200])
    return found


@many
@given(seeds, st.sampled_from(ZONES))
def test_who_is_late_agrees_with_a_plain_loop_over_days(
    rng: random.Random, zone: str
) -> None:
    yard = Yard(*rng.choice(PLACES), rng)
    begin_s = rng.choice([0.0, CLOCKS_CHANGE_S])
    texts = [
        rule(
            f"type: late, since: '{since}', by: '{by}', band_m: {band_m}, "
            f"band_accuracies: {accuracies}, inputs: {{bit: 1, is: on}}",
            "largest_gap_s: 1800",
            code=f"r{number}",
        )
        for number in range(6)
        for since, by in [(hour(rng), hour(rng))]
        if since != by
        for band_m, accuracies in [(rng.choice([0, 20]), rng.choice([0, 4]))]
    ]
    made = source(texts, [], own=yard.fence(1, "own"))
    made = msgspec.structs.replace(made, time_zone=zone)
    entries = entries_in_order(surely(made, days_of(rng, yard, begin_s)))
    assert same(engine(made, entries, rng), loop(made, entries))
