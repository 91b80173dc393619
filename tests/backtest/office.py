"""People who work on cases: each takes some move that is theirs, whatever it is."""

import random
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from cases.move_table import TABLE, Move, Role
from cases.moves import move
from cases.refusal import StepRefusedError
from cases.stage import SOLVED, Stage
from store.connection import Connection

OPEN = "SELECT id, stage FROM case_file WHERE closed_at IS NULL ORDER BY id"


@dataclass
class Office:
    """Supervision, command and departments.

    Attributes:
        rng: Chance.
        taken: How often each move was made.
    """

    rng: random.Random
    taken: dict[Move, int]

    async def work(self, pool: asyncpg.Pool, at: datetime, *, rounds: int = 2) -> None:
        """Let people go through the open cases, and leave about half of them alone."""
        async with pool.acquire() as connection:
            for _ in range(rounds):
                for row in await connection.fetch(OPEN):
                    if self.rng.random() < 0.5:
                        await self.step(connection, row["id"], Stage(row["stage"]), at)

    async def step(
        self, connection: Connection, case_id: int, stage: Stage, at: datetime
    ) -> None:
        """Let somebody take some step on a case."""
        ways = [
            (each, min(way.roles - {Role.RULES}), way.to)
            for (where, each), way in TABLE.items()
            if where is stage and way.roles != {Role.RULES}
        ]
        # Cases are closed often: what comes after is what a backtest can get wrong.
        ways += [way for way in ways if way[2] in SOLVED] * 3
        each, role, _ = self.rng.choice(ways)
        units = await connection.fetch("SELECT id FROM unit ORDER BY id")
        try:
            await move(
                connection,
                case_id,
                each,
                actor="Li",
                role=role,
                unit_id=None,
                note="as it is",
                at=at,
                to_unit_id=self.rng.choice(units)["id"],
                worker="Wang",
            )
        except StepRefusedError:
            return
        self.taken[each] = self.taken.get(each, 0) + 1
