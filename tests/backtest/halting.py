"""A rule that breaks again and again, and people who work on its case meanwhile."""

import random
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta

from cases.move_table import Move, Role
from cases.moves import move
from cases.refusal import StepRefusedError
from cases.stage import Stage
from rules.worker.taking import Worker, take
from rules.worker.work import begun, parts_of
from store.connection import Connection
from store.journal.entries import read
from store.rules.faults import try_rule_again
from store.rules.versions import Change, lock_rules, put_live, set_stage
from tests.backtest.office import Office
from tests.backtest.past import apart, backtest_of, backtested, live_of
from tests.backtest.turns import Gated
from tests.rules.city_feed import NOON
from tests.rules.workers import ZONE
from tests.triage.city import City
from vocabulary.rule_stage import RuleStage

RULE = """
code: {code}
name: {{zh: 压, en: Pressure}}
kind: pressure
quantity: pressure_kpa
condition: {{{condition}}}
files:
  type: component
  scheme: gbt30428.2-2013
  class_code: of_component
  condition: odd
  title: {{zh: 压力异常, en: Odd pressure}}
reason: {{zh: "{{device}} {{value}}", en: "{{device}} {{value}}"}}
source: none
"""
"""Every rule of this text files the same problem."""

LITTLE = RULE.format(
    code="little", condition="type: threshold, below: 1000, severity: minor"
)

STEEP = RULE.format(
    code="steep",
    condition="type: rate, window_s: 2, above: 500, deadband: 5, severity: major",
)
"""Worse; breaks on values whose difference is no number."""

LATER_S = 200_000
"""Until no case is reopened any more."""

POINTS = ("PR-0001", "PR-0002")

SAID = (300.0, 800.0, 1200.0, 1500.0, 1e308, -1e308)
"""What a point may say; the rule breaks on a change to or from the last two."""

STANDING = """
SELECT id, stage FROM case_file WHERE closed_at IS NULL ORDER BY id
"""

STEEPS = "SELECT version, stage FROM rule WHERE code = 'steep' ORDER BY version DESC"


@dataclass
class Workshop:
    """A worker in this process, and points whose rule breaks now and then."""

    city: City
    line: Gated
    worker: Worker = field(init=False)
    second: float = 0.0

    async def open(self) -> None:
        """Put the rules in and begin."""
        async with self.city.pool.acquire() as connection, connection.transaction():
            await lock_rules(connection)
            for code, text in ("little", LITTLE), ("steep", STEEP):
                await put_live(connection, code, text, author="me", at=NOON)
        await self.begin()

    async def begin(self) -> None:
        """Go on with a new worker."""
        self.worker = await begun(self.line, shard=0, time_zone=ZONE)

    async def say(self, kpa: float, *points: str) -> None:
        """Let points say the same a second later; the first one if none is named."""
        self.second += 1
        said = {code: {"pressure_kpa": kpa} for code in points or POINTS[:1]}
        await self.city.say(self.second, said)

    async def take_all(self, most: int = 100) -> None:
        """Take whatever is in the journal, at most so many entries at once."""
        while True:
            after = self.worker.position.state.seq
            async with self.city.pool.acquire() as connection:
                entries = await read(connection, after=after, limit=most)
            if not entries:
                return
            for part in parts_of(entries):
                self.worker = await take(self.worker, part)

    async def make_steep(self) -> None:
        """Let a new case stand by the rule that is going to break alone."""
        self.second += LATER_S
        async with self.city.pool.acquire() as connection:
            await self.try_again(connection)
        for kpa in 300, 800, 1500:
            await self.say(kpa)
        await self.take_all()

    async def try_again(self, connection: Connection) -> None:
        """Let the rule judge again that broke, if one did."""
        at = self.city.at(self.second)
        async with connection.transaction():
            await try_rule_again(connection, "steep", await _version(connection), at=at)

    async def edit(self, connection: Connection) -> None:
        """Put another version of that rule in."""
        at = self.city.at(self.second)
        async with connection.transaction():
            await lock_rules(connection)
            await put_live(connection, "steep", STEEP, author="me", at=at)

    async def retire(self, connection: Connection) -> None:
        """Retire that rule, if it is live."""
        change = Change(author="me", at=self.city.at(self.second))
        async with connection.transaction():
            await lock_rules(connection)
            newest = await connection.fetchrow(STEEPS)
            if newest is not None and newest["stage"] == RuleStage.LIVE:
                await set_stage(
                    connection, "steep", newest["version"], RuleStage.RETIRED, change
                )

    async def close_case(self, connection: Connection) -> None:
        """Close the first open case, whatever its sensors say."""
        found = await self.city.pool.fetchrow(STANDING)
        if found is None:
            return
        try:
            await move(
                connection,
                found["id"],
                Move.FORCE_CLOSE,
                actor="Li",
                role=Role.SUPERVISOR,
                unit_id=None,
                note="as it is",
                at=self.city.at(self.second),
            )
        except StepRefusedError:  # somebody was quicker
            return

    async def work(self, connection: Connection, office: Office) -> None:
        """Take some step on each open case."""
        for row in await self.city.pool.fetch(STANDING):
            stage = Stage(row["stage"])
            await office.step(connection, row["id"], stage, self.city.at(self.second))

    def somebody(
        self, connection: Connection, office: Office
    ) -> Coroutine[object, object, None]:
        """Return something that somebody may do, most often on a case."""
        alone = self.close_case, self.try_again, self.edit, self.retire
        if office.rng.random() < 0.4:
            return self.work(connection, office)
        return office.rng.choices(alone, [4, 3, 2, 1])[0](connection)

    async def happen(self, rng: random.Random) -> None:
        """Let some time pass and some points say something."""
        self.second += rng.choice([0, 5, 700, LATER_S])
        for _ in range(rng.randint(1, 5)):
            points = rng.choice([POINTS[:1], POINTS[1:], POINTS])
            await self.say(rng.choice(SAID), *points)
        if rng.random() < 0.1:
            await self.begin()


async def _version(connection: Connection) -> int:
    return int(await connection.fetchval(STEEPS))


async def is_reproduced(workshop: Workshop) -> None:
    """Hold what was live against a backtest, row by row."""
    alarms, cases = await live_of(workshop.city.pool)
    until = workshop.city.at(workshop.second) + timedelta(days=1)
    found = await backtest_of(workshop.city.pool, "live", since=NOON, until=until)
    new_alarms, new_cases = backtested(found)
    assert apart(cases, new_cases) == []
    assert apart(alarms, new_alarms) == []
