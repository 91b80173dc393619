"""Where a backtest's entries come from: the journal, or stored samples laid out anew.

From the journal the entries are the very ones that were folded. Beyond its retention
they are made of stored samples, each at its own time as if nothing had been late: one
entry for each step in which there was something, and one without anything for each
other step, so that silence, schedules and whatever waits see time pass. What devices
were told is an entry at its own time, as in the journal.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import numpy as np

from rules.engine.entry import learned_from, wanted_of
from rules.engine.learned import CommandWord, Content, Learned
from store.commands.stored import StoredMove, stored_moves
from store.connection import Connection
from store.journal.entries import read
from store.telemetry.stored import stored_positions, stored_readings
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US, us_from_datetime

BATCH_ENTRIES = 1000
"""Entries folded in one go."""

STRETCH = timedelta(minutes=10)
"""Of stored samples so much is read at once."""

STEP_US = SECOND_US
"""Time between two synthetic entries."""


@dataclass(frozen=True, slots=True)
class Part:
    """Entries that follow each other.

    Attributes:
        entries: In order.
        samples: How many readings and fixes they hold.
        until: Up to which time they reach.
    """

    entries: list[Learned]
    samples: int
    until: datetime


async def from_journal(
    connection: Connection, *, after: int, until_seq: int, shard: int = 0
) -> AsyncIterator[Part]:
    """Yield the journal's own entries, those after one number up to another."""
    while after < until_seq:
        limit = min(BATCH_ENTRIES, until_seq - after)
        found = await read(connection, after=after, limit=limit, shard=shard)
        if not found:
            return
        after = found[-1].seq
        samples = sum(entry.row_count for entry in found)
        yield Part(list(map(learned_from, found)), samples, found[-1].received_at)


async def from_samples(
    connection: Connection,
    *,
    since: datetime,
    until: datetime,
    step_us: int = STEP_US,
    heard_before: datetime | None = None,
    seq: int = 0,
) -> AsyncIterator[Part]:
    """Yield entries made of what was measured from one time to another.

    Args:
        connection: Only read from.
        since: From when.
        until: Up to when.
        step_us: One entry tells what was measured in so long.
        heard_before: What came later is left out; None for nothing.
        seq: Number of the entry before.
    """
    while since < until:
        end = min(since + STRETCH, until)
        readings = await stored_readings(connection, since, end, heard_before)
        positions = await stored_positions(connection, since, end, heard_before)
        words = words_of(await stored_moves(connection, since, end))
        stretch = us_from_datetime(since), us_from_datetime(end)
        entries = list(
            laid_out(
                readings, positions, stretch, words=words, seq=seq, step_us=step_us
            )
        )
        yield Part(entries, len(readings) + len(positions), end)
        seq, since = seq + len(entries), end


Rows = TypeVar("Rows", Readings, Positions)

TimedWord = tuple[int, CommandWord]
"""When something was said of a command, microseconds since 1970, and what."""


def words_of(moves: Iterable[StoredMove]) -> list[TimedWord]:
    """Return what the journal's entries of some commands say, in their order."""
    return [
        (
            us_from_datetime(move.at),
            CommandWord(
                device_id=move.device_id,
                number=move.number,
                turn=move.turn,
                state=move.state,
                wanted=None
                if move.effect is None
                else wanted_of(move.effect.quantity, move.effect.low, move.effect.high),
                is_read=move.is_read,
            ),
        )
        for move in moves
    ]


def laid_out(
    readings: Readings,
    positions: Positions,
    stretch: tuple[int, int],
    *,
    words: Sequence[TimedWord] = (),
    seq: int,
    step_us: int,
) -> Iterator[Learned]:
    """Yield entries for samples in the order of their times.

    Args:
        readings: By their time.
        positions: By theirs.
        stretch: From when to when, microseconds since 1970.
        words: On commands, by their time, within the stretch.
        seq: Number of the entry before.
        step_us: One entry tells what was measured in so long; it is learned at the end.
    """
    since_us, until_us = stretch
    ends = np.arange(since_us, until_us, step_us, dtype=np.int64) + step_us
    said_us = np.array([at_us for at_us, _ in words], np.int64)
    # A step is cut where something is said: samples before it are told before it.
    ends = np.union1d(np.minimum(ends, until_us), said_us)
    cut_words = np.searchsorted(said_us, ends, side="right")
    cut_readings = np.searchsorted(readings.measured_us, ends)
    cut_positions = np.searchsorted(positions.fixed_us, ends)
    at_reading = at_position = at_word = 0
    cuts = cut_readings.tolist(), cut_positions.tolist(), cut_words.tolist()
    for end_us, to_reading, to_position, to_word in zip(
        ends.tolist(), *cuts, strict=True
    ):
        said: list[Content] = []
        if to_reading > at_reading:
            said.append(rows_of(readings, at_reading, to_reading))
        if to_position > at_position:
            said.append(rows_of(positions, at_position, to_position))
        said += [word for _, word in words[at_word:to_word]]
        for content in said or [None]:
            seq += 1
            yield Learned(seq, end_us, content)
        at_reading, at_position, at_word = to_reading, to_position, to_word


def rows_of(rows: Rows, start: int, stop: int) -> Rows:
    """Return some rows of columns; they are views."""
    names = type(rows).__dataclass_fields__
    return type(rows)(**{name: getattr(rows, name)[start:stop] for name in names})
