"""How far dropping what is old has come: its clock, and a row for all that has days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Who needs what would go otherwise.

    Attributes:
        who: A consumer's name, or in words.
        shard: Which journal; 0 for what has none.
        from_seq: The first entry that it needs; 0 if it is about no entry.
        at: That entry's time; None if it is about none.
    """

    who: str
    shard: int = 0
    from_seq: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRow:
    """What became of one kind of thing.

    Attributes:
        what: Its name.
        keep_days: How many days of it are kept; None for ever.
        kept_from: All since then is there; None if nothing was dropped.
        chunks: Chunks dropped so far.
        rows: Rows deleted one by one so far.
        dropped_at: When that was, by the clock of retention.
        holding: Who needs what would go otherwise.
        failure: Why the last run left something; empty if it did not.
    """

    what: str
    keep_days: int | None
    kept_from: datetime | None
    chunks: int
    rows: int
    dropped_at: datetime | None
    holding: Sequence[Holding]
    failure: str


@dataclass(frozen=True, slots=True)
class ClockRow:
    """The clock of retention: what it says, what the journal and this machine said."""

    at: datetime
    told_at: datetime
    ran_at: datetime


_SAVE_CLOCK = """
INSERT INTO retention_clock (at, told_at, ran_at) VALUES ($1, $2, $3)
ON CONFLICT (one) DO UPDATE
SET at = excluded.at, told_at = excluded.told_at, ran_at = excluded.ran_at
"""

_BEGIN = """
INSERT INTO retention (what, keep_days) VALUES ($1, $2)
ON CONFLICT (what) DO UPDATE SET keep_days = excluded.keep_days
"""

_NOTE = """
UPDATE retention SET holding = $2, failure = $3 WHERE what = $1
"""

_DROPPED = """
UPDATE retention SET chunks = chunks + $2, rows = rows + $3, dropped_at = $4,
    kept_from = greatest(kept_from, $5)
WHERE what = $1
"""


async def retention_clock(connection: Connection) -> ClockRow | None:
    """Return the clock of retention; None before its first look."""
    row = await connection.fetchrow("SELECT at, told_at, ran_at FROM retention_clock")
    return None if row is None else ClockRow(**row)


async def save_retention_clock(connection: Connection, clock: ClockRow) -> None:
    """Keep what the clock says."""
    await connection.execute(_SAVE_CLOCK, clock.at, clock.told_at, clock.ran_at)


async def note_days(connection: Connection, what: str, keep_days: int | None) -> None:
    """Note how many days of something are kept."""
    await connection.execute(_BEGIN, what, keep_days)


async def note_look(
    connection: Connection, what: str, *, holding: Sequence[Holding], failure: str
) -> None:
    """Note who needs what would go otherwise, and why a run left something."""
    body = orjson.dumps(list(holding), option=orjson.OPT_UTC_Z).decode()
    await connection.execute(_NOTE, what, body, failure)


async def note_dropped(
    connection: Connection,
    what: str,
    *,
    at: datetime,
    chunks: int = 0,
    rows: int = 0,
    kept_from: datetime | None = None,
) -> None:
    """Note what went, in the transaction in which it does."""
    await connection.execute(_DROPPED, what, chunks, rows, at, kept_from)


async def retention_rows(connection: Connection) -> list[RetentionRow]:
    """Return what became of everything, by name."""
    rows = await connection.fetch(
        "SELECT what, keep_days, kept_from, chunks, rows, dropped_at, holding, failure"
        ' FROM retention ORDER BY what COLLATE "C"'
    )
    return [
        RetentionRow(**{**row, "holding": _holdings(row["holding"])}) for row in rows
    ]


async def kept_from(connection: Connection, what: str) -> datetime | None:
    """Return since when all of something is there; None if nothing was dropped."""
    found: datetime | None = await connection.fetchval(
        "SELECT kept_from FROM retention WHERE what = $1", what
    )
    return found


async def samples_kept_from(connection: Connection) -> datetime | None:
    """Return since when all readings and fixes are there; None if none were dropped."""
    found: datetime | None = await connection.fetchval(
        "SELECT max(kept_from) FROM retention WHERE what IN ('readings', 'positions')"
    )
    return found


def _holdings(text: str) -> list[Holding]:
    return [
        Holding(
            who=each["who"],
            shard=each["shard"],
            from_seq=each["from_seq"],
            at=None if each["at"] is None else datetime.fromisoformat(each["at"]),
        )
        for each in orjson.loads(text)
    ]
