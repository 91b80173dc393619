"""A rule that breaks again and again, and people who work on its case meanwhile."""

from dataclasses import dataclass, field

import asyncpg

from cases.move_table import Move, Role
from cases.moves import move
from cases.refusal import StepRefusedError
from rules.worker.taking import Worker, take
from rules.worker.work import begun, parts_of
from store.connection import Connection
from store.journal.entries import read
from store.rules.faults import try_rule_again
from store.rules.versions import lock_rules, put_live
from tests.backtest.turns import Gated
from tests.rules.city_feed import NOON
from tests.rules.workers import ZONE
from tests.triage.city import City

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

CYCLE_S = 200_000
"""Of the journal's time, from one halt to the next."""

OPEN_CASE = "SELECT id FROM case_file WHERE closed_at IS NULL ORDER BY id LIMIT 1"


@dataclass
class Workshop:
    """A worker in this process, and a point whose rule breaks in every cycle."""

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
        self.worker = await begun(self.line, shard=0, time_zone=ZONE)

    async def say(self, kpa: float) -> None:
        self.second += 1
        await self.city.say(self.second, {"PR-0001": {"pressure_kpa": kpa}})

    async def take_all(self) -> None:
        """Take whatever is in the journal."""
        while True:
            after = self.worker.position.state.seq
            async with self.city.pool.acquire() as connection:
                entries = await read(connection, after=after, limit=100)
            if not entries:
                return
            for part in parts_of(entries):
                self.worker = await take(self.worker, part)

    async def make_steep(self) -> None:
        """Let both alarms of the case stand, then the worse one alone."""
        self.second += CYCLE_S
        async with self.city.pool.acquire() as connection:
            at = self.city.at(self.second)
            async with connection.transaction():
                await try_rule_again(connection, "steep", 1, at=at)
        for kpa in 300, 800, 1500:
            await self.say(kpa)
        await self.take_all()

    async def close_case(self, connection: Connection) -> None:
        """Close the open case, if there is one."""
        case_id = await self.city.pool.fetchval(OPEN_CASE)
        if case_id is None:
            return
        try:
            await move(
                connection,
                case_id,
                Move.FORCE_CLOSE,
                actor="Li",
                role=Role.SUPERVISOR,
                unit_id=None,
                note="as it is",
                at=self.city.at(self.second),
            )
        except StepRefusedError:
            return
