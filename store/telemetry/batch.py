"""Writing what was heard: rows, refusals and journal in one transaction, each row once.

Rows newer than all that is known of their series are copied straight in. The others
(late, from the future, or any once a copy has met a row that was there before) go
through a temporary table that leaves out what is stored. Only new rows reach the
journal.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeAlias

import asyncpg
import numpy as np
from numpy.typing import NDArray

from store.connection import Connection
from store.journal.body import positions_body, readings_body
from store.journal.entries import Kind, append
from store.quarantine.refused import quarantine
from store.telemetry.rows import Rows
from store.telemetry.table import (
    POSITION,
    READING,
    Table,
    copy_in,
    insert_unstored,
    newest_us,
)
from store.telemetry.watermark import NOTHING_YET, Watermarks, first_of_each, late_rows
from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.reading import Readings
from vocabulary.refusal import Refusal

Beside: TypeAlias = Callable[[Connection], Awaitable[None]]
"""What else belongs into a batch's transaction; runs again when that is tried again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction stores.

    Attributes:
        readings: In order of arrival.
        positions: In order of arrival.
        refusals: What was not taken in.
        received_at: The time of the journal entries.
    """

    readings: Readings
    positions: Positions
    refusals: Sequence[Refusal]
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a batch.

    Attributes:
        readings_stored: New ones.
        readings_repeated: Those that came twice, or were stored before.
        positions_stored: New ones.
        positions_repeated: Those that came twice, or were stored before.
        last_seq: The last journal entry made; 0 if nothing was new.
    """

    readings_stored: int
    readings_repeated: int
    positions_stored: int
    positions_repeated: int
    last_seq: int


class Writer:
    """Writes batches, one after the other; remembers what is newest of each series."""

    def __init__(self) -> None:
        self._readings = _Lane(READING)
        self._positions = _Lane(POSITION)

    async def write(
        self,
        connection: Connection,
        batch: Batch,
        *,
        shard: int = 0,
        beside: Beside | None = None,
    ) -> Written:
        """Store a batch and commit; what is stored already is left out.

        May be called again with the same batch when it failed, also when nobody knows
        whether the commit had gone through.

        Args:
            connection: Not in a transaction.
            batch: What was heard.
            shard: Whose journal it goes into.
            beside: What to do between the rows and the journal, in the transaction.
        """
        try:
            return await self._write(connection, batch, shard, beside, is_sure=True)
        except asyncpg.UniqueViolationError:
            # Another worker stored some of it: ours know too little.
            self._readings.forget(batch.readings)
            self._positions.forget(batch.positions)
            return await self._write(connection, batch, shard, beside, is_sure=False)

    async def _write(
        self,
        connection: Connection,
        batch: Batch,
        shard: int,
        beside: Beside | None,
        *,
        is_sure: bool,
    ) -> Written:
        readings = await self._readings.plan(connection, batch.readings)
        positions = await self._positions.plan(connection, batch.positions)
        seq = 0
        async with connection.transaction():
            new_readings = await self._readings.store(
                connection, readings, is_sure=is_sure
            )
            new_positions = await self._positions.store(
                connection, positions, is_sure=is_sure
            )
            await quarantine(connection, batch.refusals, at=batch.received_at)
            if beside is not None:
                await beside(connection)
            # The journal's head is a lock: nothing may stand between it and the commit.
            for kind, rows, body in (
                (Kind.READINGS, len(new_readings), readings_body(new_readings)),
                (Kind.POSITIONS, len(new_positions), positions_body(new_positions)),
            ):
                if rows:
                    seq = await append(
                        connection,
                        kind,
                        body,
                        at=batch.received_at,
                        row_count=rows,
                        shard=shard,
                    )
        self._readings.learn(readings)
        self._positions.learn(positions)
        return Written(
            readings_stored=len(new_readings),
            readings_repeated=len(batch.readings) - len(new_readings),
            positions_stored=len(new_positions),
            positions_repeated=len(batch.positions) - len(new_positions),
            last_seq=seq,
        )


@dataclass(frozen=True, slots=True)
class _Plan(Generic[Rows]):
    rows: Rows  # no two with one key; the late ones flagged
    is_new: NDArray[np.bool_]  # surely, as far as this worker knows
    moves: NDArray[np.bool_]  # may move the watermark


class _Lane(Generic[Rows]):
    """The way of rows into one table."""

    def __init__(self, table: Table[Rows]) -> None:
        self._table: Table[Rows] = table
        self._marks = Watermarks()

    async def plan(self, connection: Connection, rows: Rows) -> _Plan[Rows]:
        """Decide which rows are repeats, late or surely new."""
        rows = rows.take(first_of_each(*self._table.key(rows)))
        ids, times_us = self._table.ids(rows), self._table.times_us(rows)
        await self._ask(connection, ids)
        newest = self._marks.of(ids)
        moves = (rows.quality & Quality.FUTURE) == 0
        late = late_rows(ids, times_us, newest, moves)
        flags = np.where(late, np.int32(Quality.LATE), np.int32(0))
        flagged = replace(rows, quality=rows.quality | flags)
        return _Plan(flagged, (times_us > newest) & moves, moves)

    async def store(
        self, connection: Connection, plan: _Plan[Rows], *, is_sure: bool
    ) -> Rows:
        """Store what is new of a plan and return it, in order of arrival."""
        is_new = plan.is_new if is_sure else np.zeros(len(plan.rows), np.bool_)
        unsure = np.flatnonzero(~is_new)
        if len(unsure) < len(plan.rows):
            await copy_in(connection, self._table, plan.rows.take(is_new))
        if len(unsure) == 0:
            return plan.rows
        was_new = await insert_unstored(connection, self._table, plan.rows.take(unsure))
        is_new = is_new.copy()
        is_new[unsure[was_new]] = True
        return plan.rows.take(is_new)

    def learn(self, plan: _Plan[Rows]) -> None:
        """Raise the watermarks to what is committed now."""
        ids, times_us = self._table.ids(plan.rows), self._table.times_us(plan.rows)
        self._marks.raise_to(ids[plan.moves], times_us[plan.moves])

    def forget(self, rows: Rows) -> None:
        """Ask again what is newest of these series."""
        self._marks.forget(self._table.ids(rows))

    async def _ask(self, connection: Connection, ids: NDArray[np.int32]) -> None:
        unknown = self._marks.unknown(ids)
        if len(unknown) == 0:
            return
        found = await newest_us(connection, self._table, unknown)
        newest = [found.get(asked, NOTHING_YET) for asked in unknown.tolist()]
        self._marks.raise_to(unknown, np.array(newest, np.int64))
