"""A week of the sample city in some thousand entries, and people who close cases."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg

from cases.move_table import Move
from store.journal.entries import Kind, append
from tests.backtest.office import Office
from tests.rules.city_feed import NOON, Feed
from tests.rules.workers import fold_all
from tests.triage.city import City

DAYS = 8
BUSY = 70
"""Batches of a day, most of them in its first minutes."""


@dataclass
class Week:
    """A week, folded by the worker day by day."""

    city: City
    rng: random.Random
    feed: Feed = field(init=False)
    office: Office = field(init=False)

    def __post_init__(self) -> None:
        self.feed = Feed(self.city.snapshot, self.rng)
        self.office = Office(random.Random(3), {})  # noqa: S311 not a secret

    @property
    def now(self) -> datetime:
        return self.feed.now

    @property
    def moves(self) -> set[Move]:
        """What people have done so far."""
        return set(self.office.taken)

    async def live(self, pool: asyncpg.Pool) -> None:
        """Let the week pass, and the rules and dispatch work on it."""
        for day in range(DAYS):
            await self._talk(pool, NOON + timedelta(days=day))
            if day % 2:  # people are quicker than the rules
                await self.office.work(pool, self.feed.now)
            await fold_all(pool, self.city.dsn)
            await self.office.work(pool, self.feed.now)

    async def _talk(self, pool: asyncpg.Pool, day: datetime) -> None:
        """Let the city talk: a busy stretch, then a word every now and then."""
        self.feed.now = max(self.feed.now, day)
        async with pool.acquire() as connection:
            for _ in range(BUSY):
                await self.feed.write(connection)
            for _ in range(30):
                pause_s = self.rng.choice([20, 60, 1200])
                self.feed.now += timedelta(seconds=pause_s)
                await append(connection, Kind.TICK, b"", at=self.feed.now)
                await self.feed.write(connection)
