"""What a backtest stands on: the journal where it reaches, stored samples before it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.backtest.found import Ask
from rules.backtest.sources import Part, from_journal, from_samples
from store.connection import Connection
from store.journal.kept import Kept, seq_before
from store.retention.state import samples_kept_from

MADE_UP = 1 << 40
"""Entries made of stored samples are numbered from so far before the journal's on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Which part of a stretch comes from what.

    Attributes:
        begun: Where the stretch begins, warm-up included.
        until: Where it ends.
        journal_from: From here on it is the journal's own entries; None if none are.
        after: The entry before the first of them; 0 if there are none.
        until_seq: The last of them; 0 if there are none.
        samples_gone_until: Of what was measured before, some is not stored any more.
    """

    begun: datetime
    until: datetime
    journal_from: datetime | None = None
    after: int = 0
    until_seq: int = 0
    samples_gone_until: datetime | None = None

    @property
    def is_exact(self) -> bool:
        """Whether all of it are the journal's own entries."""
        return self.journal_from == self.begun


async def ground_of(
    connection: Connection, kept: Kept, ask: Ask, *, until: datetime, shard: int
) -> Ground:
    """Return which part of a stretch comes from what.

    Args:
        connection: Only read from.
        kept: What is left of the journal.
        ask: What was asked.
        until: Where the stretch ends.
        shard: Which journal.
    """
    begun = ask.since - ask.warm_up
    # Where nothing was dropped there was nothing to be known before the journal.
    reaches = kept.oldest_seq == 1 or begun >= kept.oldest_at
    gone_until = await samples_kept_from(connection)
    if gone_until is not None and gone_until <= begun:
        gone_until = None
    if ask.readings or (not reaches and until <= kept.oldest_at):
        return Ground(begun=begun, until=until, samples_gone_until=gone_until)
    # Of what came at that very moment a part may have been in what was dropped.
    joint = begun if reaches else kept.oldest_at + timedelta(microseconds=1)
    return Ground(
        begun=begun,
        until=until,
        journal_from=joint,
        after=await seq_before(connection, kept, joint, shard=shard),
        until_seq=await seq_before(connection, kept, until, shard=shard),
        samples_gone_until=None if reaches else gone_until,
    )


async def parts_of(
    connection: Connection, ground: Ground, *, step_us: int, shard: int
) -> AsyncIterator[Part]:
    """Yield a stretch's entries: made of stored samples, then the journal's own.

    Args:
        connection: Only read from.
        ground: Which part comes from what.
        step_us: Of stored samples one entry tells so long a time.
        shard: Which journal.
    """
    joint = ground.journal_from
    if joint is None or joint > ground.begun:
        parts = from_samples(
            connection,
            since=ground.begun,
            until=joint or ground.until,
            step_us=step_us,
            # What came after the joint is told by the journal.
            heard_before=joint,
            seq=0 if joint is None else ground.after - MADE_UP,
        )
        async for part in parts:
            yield part
    async for part in from_journal(
        connection, after=ground.after, until_seq=ground.until_seq, shard=shard
    ):
        yield part
