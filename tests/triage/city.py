"""The sample city in a database, where many devices speak in one entry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg
import numpy as np

from devices.registry.snapshot import Snapshot
from store.journal.entries import Kind, append
from store.rules.triage_files import put_triage_file
from store.telemetry.batch import Batch, Writer
from tests.rules.city_feed import NOON
from tests.rules.workers import fold_all
from vocabulary.device import DeviceKind
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime


@dataclass
class City:
    """The sample city, its clock at noon."""

    pool: asyncpg.Pool
    dsn: str
    snapshot: Snapshot
    writer: Writer = field(default_factory=Writer)

    def at(self, second: float) -> datetime:
        return NOON + timedelta(seconds=second)

    def codes(self, kind: DeviceKind, *, gateway: str = "") -> list[str]:
        """Return the codes of a kind's devices, of one gateway if asked."""
        return sorted(
            d.code
            for d in self.snapshot.devices.values()
            if d.kind is kind and gateway in ("", d.gateway)
        )

    def device_id(self, code: str) -> int:
        return next(d.id for d in self.snapshot.devices.values() if d.code == code)

    async def say(
        self, second: float, values: Mapping[str, Mapping[str, float]]
    ) -> None:
        """Write one entry of several devices' readings."""
        rows = [
            (self.snapshot.series_id(self.device_id(code), name), value)
            for code, said in values.items()
            for name, value in said.items()
        ]
        us, n = us_from_datetime(self.at(second)), len(rows)
        readings = Readings(
            np.array([row[0] for row in rows], np.int32),
            np.full(n, us, np.int64),
            np.array([row[1] for row in rows], np.float64),
            np.zeros(n, np.int32),
            np.full(n, us, np.int64),
        )
        batch = Batch(readings, Positions.empty(), [], self.at(second))
        async with self.pool.acquire() as connection:
            await self.writer.write(connection, batch)

    async def say_all(self, second: float, codes: Iterable[str], **said: float) -> None:
        """Let many devices say the same."""
        await self.say(second, dict.fromkeys(codes, said))

    async def tick(self, start: int, end: int) -> None:
        """Let time pass, a tick each second."""
        async with self.pool.acquire() as connection:
            for second in range(start, end):
                await append(connection, Kind.TICK, b"", at=self.at(second))

    async def triage_by(self, text: str, second: float) -> None:
        """Put a triage file of the city's own in force."""
        async with self.pool.acquire() as connection, connection.transaction():
            await put_triage_file(connection, text, author="me", at=self.at(second))

    async def fold(self) -> None:
        """Run a new worker over all there is."""
        await fold_all(self.pool, self.dsn)

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        """Return what a query finds."""
        return [tuple(row) for row in await self.pool.fetch(query)]
