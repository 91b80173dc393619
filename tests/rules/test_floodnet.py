"""415 real street floods of New York's FloodNet, played to the rules as gauges.

Water comes back within a flood: 11 of the 200 events that reach 100 mm fall below 80 mm
and rise to 100 mm again, one of them twice. With an off-delay longer than that each of
them is one alarm; without one each rise is an alarm of its own, and still one case.
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import asyncpg
import numpy as np
import pytest

from cases.request import Hit
from rules.engine.fold import fold
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from store.registry.facts import move_version
from store.rules.versions import put_live
from store.telemetry.batch import Batch, Writer
from tests.rules.city_feed import NOON
from tests.rules.town import device, readings, source, us
from tests.rules.workers import fold_all
from vocabulary.device import DeviceKind
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US, datetime_from_us, us_from_datetime

FLOODS = (
    Path(__file__).parents[3]
    / "shared"
    / "realdata"
    / "timeseries"
    / "floodnet_events.ndjson.gz"
)
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FLOODS.exists(), reason="no real floods here"),
]

RULE = """
code: flood
name: {{zh: 积水, en: flood}}
kind: gauge
quantity: depth_mm
condition: {{type: threshold, above: 100, deadband: 20, severity: minor}}
off_delay_s: {off_delay_s}
files:
  type: event
  scheme: gbt30428.2-2013
  class_code: "0506"
  condition: road_ponding
  title: {{zh: 道路积水, en: Road ponding}}
reason: {{zh: "{{value}}", en: "{{value}}"}}
source: test
"""

LONG_S = 12 * 3600
"""An off-delay that no pause within one flood is as long as."""

REACHED, RISES = 200, 212
"""Floods that reach 100 mm; times that they do, counted by a plain loop."""


@dataclass(frozen=True)
class Flood:
    """One flood: where, and its depths."""

    sensor: str
    start_s: float
    at_s: list[float]
    depth_mm: list[float]

    @property
    def first_s(self) -> float | None:
        """Second of the first sample at or above 100 mm."""
        over = (t for t, d in zip(self.at_s, self.depth_mm, strict=True) if d >= 100)
        return next(over, None)

    def rises(self) -> int:
        """Count the rises to 100 mm with a deadband of 20, by a plain loop."""
        count, is_over = 0, False
        for depth in self.depth_mm:
            count += depth >= 100 and not is_over
            is_over = depth >= (80 if is_over else 100)
        return count


@pytest.fixture(scope="module")
def floods() -> list[Flood]:
    with gzip.open(FLOODS, "rt", encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines]
    return [
        Flood(
            event["sensor"],
            datetime.fromisoformat(event["start_local"] + "+00:00").timestamp(),
            event["t_s"],
            event["depth_mm"],
        )
        for event in events
    ]


def together(
    floods: list[Flood], *, every_s: float
) -> list[tuple[float, list[tuple[float, int, float]]]]:
    """Return (second, place, depth) of all floods as if they began at one time.

    They come in groups of those in the same `every_s` seconds, with their beginning.
    """
    samples = sorted(
        (at_s, place, depth)
        for place, flood in enumerate(floods)
        for at_s, depth in zip(flood.at_s, flood.depth_mm, strict=True)
    )
    groups = groupby(samples, key=lambda sample: sample[0] // every_s * every_s)
    return [(start_s, list(group)) for start_s, group in groups]


def raised(transitions: Iterable[Transition]) -> list[tuple[int, int]]:
    """Return device and sample time of what was raised."""
    found = [t for t in transitions if t.kind is Hit.RAISED]
    return sorted((t.device_id, t.measured_us) for t in found)


def test_the_plain_loop_counts_what_is_said_above(floods: list[Flood]) -> None:
    assert len(floods) == 415
    assert sum(flood.first_s is not None for flood in floods) == REACHED
    assert sum(flood.rises() for flood in floods) == RISES


def test_each_flood_is_one_alarm_at_its_first_sample_at_the_limit(
    floods: list[Flood],
) -> None:
    gauges = [device(i, DeviceKind.GAUGE, "depth_mm") for i in range(len(floods))]
    plan = compile_plan(source(gauges, RULE.format(off_delay_s=LONG_S)))
    entries = [
        readings(seq, at_s, [(10 * place, at_s, depth, 0) for _, place, depth in rows])
        for seq, (at_s, rows) in enumerate(together(floods, every_s=1), 1)
    ]
    transitions = fold(plan, plan.fresh_state(), entries).transitions
    assert raised(transitions) == [
        (place, us(flood.first_s))
        for place, flood in enumerate(floods)
        if flood.first_s is not None
    ]


def test_floods_of_one_gauge_one_after_the_other_are_alarms_of_their_own(
    floods: list[Flood],
) -> None:
    """Each flood comes as one late batch, and dries up afterwards."""
    by_start = sorted(floods, key=lambda flood: (flood.start_s, flood.sensor))
    sensors = sorted({flood.sensor for flood in floods})
    gauges = [device(i, DeviceKind.GAUGE, "depth_mm") for i in range(len(sensors))]
    plan = compile_plan(source(gauges, RULE.format(off_delay_s=0)))
    zero_s = us(0) / SECOND_US
    entries, expected = [], []
    for seq, flood in enumerate(by_start, 1):
        place, start_s = sensors.index(flood.sensor), flood.start_s - zero_s
        samples = [*zip(flood.at_s, flood.depth_mm, strict=True), (flood.at_s[-1], 0)]
        rows = [(10 * place, start_s + t, depth, 0) for t, depth in samples]
        entries.append(readings(seq, start_s + flood.at_s[-1], rows))
        if flood.first_s is not None:
            expected.append((seq, place, us(start_s + flood.first_s)))
    transitions = fold(plan, plan.fresh_state(), entries).transitions
    found = [t for t in transitions if t.kind is Hit.RAISED]
    assert len(found) == RISES
    first = [next(of_entry) for _, of_entry in groupby(found, key=lambda t: t.seq)]
    assert [(t.seq, t.device_id, t.measured_us) for t in first] == expected


@pytest.mark.db
@pytest.mark.parametrize(("off_delay_s", "alarms"), [(LONG_S, REACHED), (0, RISES)])
async def test_each_flood_files_exactly_one_case(
    pool: asyncpg.Pool,
    database_url: str,
    floods: list[Flood],
    off_delay_s: int,
    alarms: int,
) -> None:
    async with pool.acquire() as connection:
        await connection.execute(GAUGES)
        await move_version(connection)
        async with connection.transaction():
            rule = RULE.format(off_delay_s=off_delay_s)
            await put_live(connection, "flood", rule, author="me", at=NOON)
        await write_together(connection, floods)
    await fold_all(pool, database_url)
    cases = await pool.fetch(
        "SELECT device_id, measured_at, hit_count FROM case_file ORDER BY device_id"
    )
    assert [(case["device_id"], case["measured_at"]) for case in cases] == [
        (place, datetime_from_us(us_from_datetime(NOON) + int(first_s * SECOND_US)))
        for place, flood in enumerate(floods, 1)
        if (first_s := flood.first_s) is not None
    ]
    assert len(cases) == REACHED
    assert sum(case["hit_count"] for case in cases) == alarms
    assert await pool.fetchval("SELECT count(*) FROM alarm") == alarms
    linked = "SELECT count(DISTINCT case_id) FROM alarm WHERE case_id IS NOT NULL"
    assert await pool.fetchval(linked) == REACHED


GAUGES = """
INSERT INTO unit (id, code, kind, name_zh, name_en)
VALUES (1, 'STREET', 'subdistrict', '街道', 'street');
INSERT INTO grid_cell (id, code, name_zh, name_en, subdistrict_id, polygon, area_m2,
    initial_on)
VALUES (1, '990102001001001', '网格', 'cell', 1, '{"type": "Polygon", "coordinates":
    [[[111,35],[111.002,35],[111.002,35.002],[111,35]]]}', 9000, '2026-01-01');
INSERT INTO profile (id, code, kind, name_zh, name_en, quantities, expected_interval_s)
VALUES (1, 'gauge', 'gauge', '积水', 'gauge', '{depth_mm}', 63);
INSERT INTO gateway (id, code, transport, name_zh, name_en)
VALUES (1, 'GW', 'mqtt', '网关', 'gateway');
INSERT INTO device (id, code, profile_id, gateway_id, address, cell_id, lon, lat)
SELECT i, 'G-' || i, 1, 1, 'G-' || i, 1, 111.0011, 35.0005
FROM generate_series(1, 415) AS i;
INSERT INTO series (id, device_id, quantity)
SELECT i, i, 'depth_mm' FROM generate_series(1, 415) AS i;
"""
"""415 gauges; each has one series of its own number."""


async def write_together(
    connection: asyncpg.pool.PoolConnectionProxy, floods: list[Flood]
) -> None:
    """Write all floods as if they began at noon, a minute to an entry."""
    noon_us = us_from_datetime(NOON)
    writer = Writer()
    for start_s, rows in together(floods, every_s=60):
        at_us = noon_us + int(start_s + 60) * SECOND_US
        found = Readings(
            np.array([1 + place for _, place, _ in rows], np.int32),
            np.array([noon_us + int(at_s * SECOND_US) for at_s, _, _ in rows]),
            np.array([depth for _, _, depth in rows], np.float64),
            np.zeros(len(rows), np.int32),
            np.full(len(rows), at_us, np.int64),
        )
        batch = Batch(found, Positions.empty(), [], datetime_from_us(at_us))
        await writer.write(connection, batch)
