"""A city of which everything changes that the fold must hear of, while it talks."""

import random
import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg

from devices.registry.load import import_city
from devices.registry.snapshot import load_snapshot
from rules.worker.resume import CONSUMER
from store.cases.splits import split_case
from store.connection import Connection
from store.journal.cursor import cursor_of
from store.rules.triage_files import put_triage_file, triage_file
from store.rules.versions import (
    Change,
    JudgingRule,
    live_rules,
    lock_rules,
    put_draft,
    put_live,
    set_stage,
)
from store.rules.windows import NewWindow, end_window, insert_window
from tests.backtest.office import Office
from tests.rules.city_feed import CITY, NOON, Feed
from tests.rules.workers import fold_all, moved_past, worker
from tests.triage.city import City
from vocabulary.rule_stage import RuleStage

TALK = 45
"""Batches between two changes."""

CHANGED = ("cover-opened", "cover-tilted", "ponding", "vehicle-overspeed")
"""Rules that are edited, and retired at last."""

ON_TRIAL = """
code: cover-a-little-off
name: {zh: 井盖微倾, en: Cover a little off}
kind: cover
quantity: tilt_deg
condition: {type: threshold, above: 15, severity: minor}
on_delay_s: 3
off_delay_s: 3
files:
  type: component
  scheme: gbt30428.2-2013
  class_code: of_component
  condition: cover_loose
  title: {zh: 井盖松动, en: Cover loose}
reason: {zh: "{device} {value}", en: "{device} {value}"}
source: none
"""


STEEP = """
code: steep
name: {zh: 陡变, en: Steep}
kind: pressure
quantity: pressure_kpa
condition: {type: rate, window_s: 2, above: 500, deadband: 5, severity: minor}
files:
  type: component
  scheme: gbt30428.2-2013
  class_code: of_component
  condition: steep
  title: {zh: 陡变, en: Steep}
reason: {zh: "{device} {value}", en: "{device} {value}"}
source: none
"""
"""A rule that breaks on values whose difference is no number."""


@dataclass
class ChangingCity:
    """The sample city, and what people do to its rules and devices.

    Args:
        city: With the shipped rules, nothing said yet.
        rng: Chance.
        folder: To write changed city folders to.
        in_step: Whether the worker takes each change at once, or all at the end.
    """

    city: City
    rng: random.Random
    folder: Path
    in_step: bool
    feed: Feed = field(init=False)
    office: Office = field(init=False)

    def __post_init__(self) -> None:
        self.feed = Feed(self.city.snapshot, self.rng)
        self.office = Office(self.rng, {})

    async def live(self, pool: asyncpg.Pool) -> None:
        """Let it talk, and change everything in between."""
        changes = (
            self._import_more,
            self._edit_rules,
            self._try_a_rule,
            self._put_windows,
            self._split_what_is_many,
            self._take_it_live,
            self._change_triage,
            self._break_a_rule,
            self._end_windows,
            self._retire_rules,
        )
        for change in changes:
            await self._talk(pool)
            async with pool.acquire() as connection:
                await change(connection)
            if self.in_step:
                await self._cut_a_worker_short(pool)
                await fold_all(pool, self.city.dsn)
                await self.office.work(pool, self.feed.now, rounds=1)
        await self._talk(pool)
        await fold_all(pool, self.city.dsn)

    async def _talk(self, pool: asyncpg.Pool) -> None:
        async with pool.acquire() as connection:
            for _ in range(TALK):
                await self.feed.write(connection)

    async def _cut_a_worker_short(self, pool: asyncpg.Pool) -> None:
        """Let a worker begin with what there is, and hang up amid it.

        To the database that is what a kill is, without a process to be started.
        """
        async with pool.acquire() as connection:
            cursor = await cursor_of(connection, CONSUMER)
        async with worker(self.city.dsn):
            await moved_past(pool, cursor)

    async def _break_a_rule(self, connection: Connection) -> None:
        """Let a rule raise an alarm and break on it; it is tried again, and breaks."""
        async with connection.transaction():
            await lock_rules(connection)
            await put_live(connection, "steep", STEEP, author="me", at=self.feed.now)
        for pause_s, said in (1, 300), (1, 1500), (1, 1e308), (1, -1e308), (900, 300):
            self.feed.now += timedelta(seconds=pause_s)
            second = (self.feed.now - NOON).total_seconds()
            await self.city.say(second, {"PR-0001": {"pressure_kpa": said}})

    async def _import_more(self, connection: Connection) -> None:
        """Register two covers; vehicles may go half as fast; others mend the lamps."""
        shutil.copytree(CITY, self.folder)
        devices = self.folder / "devices.csv"
        rows = devices.read_text("utf-8").splitlines()
        covers = [row for row in rows if row.startswith("MH-")][:2]
        for place, row in enumerate(covers):
            cells = row.split(",")
            cells[0], cells[3] = f"MH-9{place:03}", f"new/{place}"
            rows.append(",".join(cells))
        devices.write_text("\n".join(rows) + "\n", "utf-8")
        components = self.folder / "components.csv"
        text = components.read_text("utf-8")
        components.write_text(text.replace(",lamp-care,", ",lighting,"), "utf-8")
        vehicles = self.folder / "vehicles.csv"
        text = vehicles.read_text("utf-8")
        vehicles.write_text(text.replace(",40.0", ",20.0"), "utf-8")
        await import_city(connection, self.folder, dry_run=False, at=self.feed.now)
        self.feed.snapshot = await load_snapshot(connection)

    async def _edit_rules(self, connection: Connection) -> None:
        """Put in new versions of some rules; some of their alarms are pending."""
        async with connection.transaction():
            await lock_rules(connection)
            for rule in await self._some_rules(connection):
                text = f"{rule.source}\n# looked at\n"
                await put_live(
                    connection, rule.code, text, author="me", at=self.feed.now
                )

    async def _some_rules(self, connection: Connection) -> list[JudgingRule]:
        live = await live_rules(connection)
        return [rule for rule in live if rule.code in CHANGED]

    async def _try_a_rule(self, connection: Connection) -> None:
        change = Change(author="me", at=self.feed.now)
        async with connection.transaction():
            await lock_rules(connection)
            code = "cover-a-little-off"
            await put_draft(connection, code, ON_TRIAL, change)
            await set_stage(connection, code, 1, RuleStage.SHADOW, change)

    async def _take_it_live(self, connection: Connection) -> None:
        change = Change(author="me", at=self.feed.now)
        async with connection.transaction():
            await lock_rules(connection)
            await set_stage(connection, "cover-a-little-off", 1, RuleStage.LIVE, change)

    async def _retire_rules(self, connection: Connection) -> None:
        """Retire rules of which alarms stand."""
        change = Change(author="me", at=self.feed.now)
        async with connection.transaction():
            await lock_rules(connection)
            for rule in await self._some_rules(connection):
                await set_stage(
                    connection, rule.code, rule.version, RuleStage.RETIRED, change
                )

    async def _put_windows(self, connection: Connection) -> None:
        cabinet = self.city.device_id("CB-0001")
        for covers in ({"rule": "circuit-burning"}, {"circuit_id": cabinet}):
            window = NewWindow(
                **covers,
                safety=True,
                from_at=self.feed.now,
                until_at=self.feed.now + timedelta(hours=1),
                reason="works",
                owner="me",
            )
            async with connection.transaction():
                await insert_window(connection, window, at=self.feed.now)

    async def _end_windows(self, connection: Connection) -> None:
        for window_id in (1, 2):
            async with connection.transaction():
                await end_window(connection, window_id, by="me", at=self.feed.now)

    async def _split_what_is_many(self, connection: Connection) -> None:
        """Split every group and storm that stands; nothing if the worker lags."""
        rows = await connection.fetch(
            "SELECT id FROM case_file WHERE shape <> 'single' ORDER BY id"
        )
        for row in rows:
            async with connection.transaction():
                await split_case(
                    connection,
                    row["id"],
                    reason="two things",
                    by="me",
                    at=self.feed.now,
                )

    async def _change_triage(self, connection: Connection) -> None:
        """Let a storm begin at once."""
        found = await triage_file(connection)
        assert found is not None
        text = found[1].replace("budget: 10", "budget: 2")
        assert text != found[1]
        async with connection.transaction():
            await put_triage_file(connection, text, author="me", at=self.feed.now)
