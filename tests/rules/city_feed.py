"""The sample city in a database, and a stream of what its devices might say."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import numpy as np

import simulators
from devices.registry.load import import_city
from devices.registry.snapshot import Snapshot, load_snapshot
from store.connection import Connection
from store.journal.body import edge_body
from store.journal.entries import Kind, append
from store.rules.versions import install_shipped
from store.telemetry.batch import Batch, Writer
from vocabulary.device import Device, DeviceKind
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US, us_from_datetime

CITY = Path(simulators.__path__[0]) / "sample_city"
NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)

TABLES = {
    "reading": "SELECT * FROM reading",
    "position": 'SELECT * FROM "position"',
    "journal": "SELECT * FROM journal",
}
"""What is copied to fold the same journal again."""

LEVELS: Mapping[str, tuple[float, ...]] = {
    "tilt_deg": (2, 3, 2, 20, 70),
    "depth_mm": (0, 20, 160, 300, 450),
    "pressure_kpa": (320, 330, 310, 100, 650),
    "power_w": (98, 97, 99, 0),
    "voltage_v": (230, 228, 231, 0),
    "contactor_on": (1, 1, 1, 1, 0),
}
"""What a quantity may be for a while."""

SPELL_TICKS = 150
"""How long it stays that, on average."""


async def install_city(connection: Connection) -> Snapshot:
    """Import the sample city and the shipped rules."""
    await import_city(connection, CITY, dry_run=False, at=NOON)
    await install_shipped(connection, NOON)
    return await load_snapshot(connection)


@dataclass
class Feed:
    """A city that talks: one batch every second of its own time."""

    snapshot: Snapshot
    rng: random.Random
    now: datetime = NOON
    mood: dict[int, float] = field(default_factory=dict)
    writer: Writer = field(default_factory=Writer)

    async def write(self, connection: Connection) -> None:
        """Write one batch; now and then a tick or an edge that went down or up."""
        self.now += timedelta(seconds=self.rng.choices([1, 7], [30, 1])[0])
        kind = self.rng.choices(["rows", "tick", "edge"], [20, 2, 1])[0]
        if kind == "tick":
            await append(connection, Kind.TICK, b"", at=self.now)
        elif kind == "edge":
            body = edge_body(
                edge="mqtt", gateway="", up=self.rng.random() < 0.7, detail=""
            )
            await append(connection, Kind.EDGE, body, at=self.now)
        else:
            batch = Batch(self._readings(), self._positions(), [], self.now)
            await self.writer.write(connection, batch)

    def _readings(self) -> Readings:
        rows = [
            (series_id, self._level(series_id, LEVELS[quantity]))
            for series_id, (device_id, quantity) in self.snapshot.series.items()
            if quantity in LEVELS and self._speaks(device_id)
        ]
        late_us = self.rng.choices([0, 3 * SECOND_US], [9, 1])[0]
        n = len(rows)
        at_us = us_from_datetime(self.now)
        return Readings(
            np.array([row[0] for row in rows], np.int32),
            np.full(n, at_us - late_us, np.int64),
            np.array([row[1] for row in rows], np.float64),
            np.zeros(n, np.int32),
            np.full(n, at_us, np.int64),
        )

    def _positions(self) -> Positions:
        devices = [d for d in self._vehicles() if self._speaks(d.id)]
        n = len(devices)
        at_us = us_from_datetime(self.now)
        away = [self._level(-d.id, (0, 0, 0, 0.03)) for d in devices]
        speed = [self._level(-1000 - d.id, (20, 30, 90)) for d in devices]
        return Positions(
            device_id=np.array([d.id for d in devices], np.int32),
            fixed_us=np.full(n, at_us, np.int64),
            lon_e7=np.array([int((111.0 + a) * 1e7) for a in away], np.int32),
            lat_e7=np.full(n, int(35.02 * 1e7), np.int32),
            speed_kmh=np.array(speed, np.float32),
            course_deg=np.full(n, np.nan, np.float32),
            altitude_m=np.full(n, np.nan, np.float32),
            satellites=np.full(n, 9, np.int16),
            hdop=np.full(n, 1, np.float32),
            inputs=np.zeros(n, np.int32),
            quality=np.zeros(n, np.int32),
            received_us=np.full(n, at_us, np.int64),
        )

    def _vehicles(self) -> Iterator[Device]:
        return (
            d for d in self.snapshot.devices.values() if d.kind is DeviceKind.VEHICLE
        )

    def _level(self, key: int, levels: tuple[float, ...]) -> float:
        if key not in self.mood or self.rng.random() < 1 / SPELL_TICKS:
            self.mood[key] = self.rng.choice(levels)
        return self.mood[key]

    def _speaks(self, device_id: int) -> bool:
        """Tell whether a device says anything now; some are silent for long."""
        return device_id % 10 != 3 and self.rng.random() < 0.2


async def journal_to(source: asyncpg.Pool, target: asyncpg.Pool) -> None:
    """Copy the journal, and the rows it tells of, from one database to another."""
    for table, query in TABLES.items():
        rows = await source.fetch(query)
        async with target.acquire() as connection:
            await connection.copy_records_to_table(table, records=map(tuple, rows))
    head = await source.fetchrow("SELECT seq, received_at FROM journal_head")
    await target.execute(
        "UPDATE journal_head SET seq = $1, received_at = $2", *(head or ())
    )
