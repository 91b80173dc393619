"""The messages that the broker has not acknowledged, on disk: SQLite, written through.

Every commit is on the disk when it returns (WAL, `synchronous=FULL`), so what was kept
survives a power cut; of a torn tail SQLite drops what was never committed. A file that
is damaged beyond that is set aside, never deleted, and a new one begun.

One thread uses it at a time; a second process is kept out.
"""

import logging
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from ingest.protocols.gezhi_json import UpMessage, encode
from vocabulary.times import us_from_datetime

log = logging.getLogger(__name__)

ROW_OCTETS = 64
"""What a message takes on disk beside its own octets, about."""

RESERVE_OCTETS = 16 * 1024 * 1024
"""Room on the disk that is left alone: removing messages takes some for a moment."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS waiting (
    seq      INTEGER PRIMARY KEY,   -- the message's number, also in its payload
    made_us  INTEGER NOT NULL,      -- when we made it, microseconds since 1970
    payload  BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS counter (next_seq INTEGER NOT NULL);
INSERT INTO counter SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM counter);
"""


class QueueInUseError(RuntimeError):
    """Another process has the queue."""


class DiskFullError(OSError):
    """There is no room on the disk, or it cannot be written; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One message that the broker has not acknowledged.

    Attributes:
        seq: Its number.
        payload: Its octets.
    """

    seq: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much waits.

    Attributes:
        messages: How many.
        octets: How much room they take, about.
        oldest_us: When the oldest was made, microseconds since 1970; None if none.
        next_seq: What the next message will be numbered.
    """

    messages: int
    octets: int
    oldest_us: int | None
    next_seq: int


class QueueFile:
    """An open queue.

    Args:
        path: Its file; made if absent.

    Raises:
        QueueInUseError: If another process has it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._connection = _opened(path)
        except sqlite3.DatabaseError as error:
            if _is_locked(error):
                raise QueueInUseError(f"another process has {path}") from error
            aside = _set_aside(path)
            log.error(  # noqa: TRY400 - the traceback tells an operator nothing
                "%s is damaged (%s); it is kept as %s, and a new queue begins. What "
                "waited in it is not sent: `sqlite3 %s .recover` may bring it back",
                path,
                error,
                aside,
                aside,
            )
            self._connection = _opened(path)

    def add(self, messages: Sequence[UpMessage], *, at: datetime) -> int:
        """Number messages and keep them; they are on the disk when this returns.

        Args:
            messages: Without numbers.
            at: When they are made, aware.

        Returns:
            Octets they take.

        Raises:
            DiskFullError: If they could not be kept; none of them is.
        """
        at_us = us_from_datetime(at)
        free = shutil.disk_usage(self._path.parent).free
        if free < RESERVE_OCTETS:
            raise DiskFullError(f"only {free} octets are free beside {self._path}")
        try:
            with self._connection:  # commits, or rolls back
                first = self._next_seq()
                rows = [
                    (seq, at_us, _payload(message, seq, at))
                    for seq, message in enumerate(messages, first)
                ]
                self._connection.executemany(
                    "INSERT INTO waiting (seq, made_us, payload) VALUES (?, ?, ?)", rows
                )
                self._connection.execute(
                    "UPDATE counter SET next_seq = ?", (first + len(rows),)
                )
        except sqlite3.OperationalError as error:  # full, read-only, broken
            raise DiskFullError(f"{self._path}: {error}") from error
        return sum(len(payload) + ROW_OCTETS for _, _, payload in rows)

    def remove(self, seqs: Sequence[int]) -> int:
        """Forget messages that the broker has; return the octets they took.

        Raises:
            DiskFullError: If the disk cannot be written; they will be sent again.
        """
        try:
            try:
                return self._remove(seqs)
            except sqlite3.OperationalError:
                # What is written is first written to the log beside the file; where
                # there is no room for that, the log is emptied into the file.
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return self._remove(seqs)
        except sqlite3.OperationalError as error:
            raise DiskFullError(f"{self._path}: {error}") from error

    def read(self, *, after: int, before: int | None, limit: int) -> list[Waiting]:
        """Return messages in the order of their numbers.

        Args:
            after: Only higher numbers.
            before: Only lower numbers; None for all.
            limit: How many at most.
        """
        rows = self._connection.execute(
            "SELECT seq, payload FROM waiting WHERE seq > ? AND seq < ?"
            " ORDER BY seq LIMIT ?",
            (after, 2**63 - 1 if before is None else before, limit),
        )
        return [Waiting(seq, payload) for seq, payload in rows]

    def first_made_since(self, at: datetime) -> int:
        """Return the number of the first message made since then; else the next one."""
        row = self._connection.execute(
            "SELECT min(seq) FROM waiting WHERE made_us >= ?", (us_from_datetime(at),)
        ).fetchone()
        return self._next_seq() if row[0] is None else int(row[0])

    def depth(self) -> Depth:
        """Return how much waits."""
        row = self._connection.execute(
            "SELECT count(*), coalesce(sum(length(payload)), 0), min(made_us)"
            " FROM waiting"
        ).fetchone()
        return Depth(
            messages=row[0],
            octets=row[1] + row[0] * ROW_OCTETS,
            oldest_us=row[2],
            next_seq=self._next_seq(),
        )

    def close(self) -> None:
        """Let others have the file."""
        self._connection.close()

    def _remove(self, seqs: Sequence[int]) -> int:
        taken = 0
        with self._connection:
            for seq in seqs:
                row = self._connection.execute(
                    "DELETE FROM waiting WHERE seq = ? RETURNING length(payload)",
                    (seq,),
                ).fetchone()
                taken += row[0] + ROW_OCTETS if row else 0
        return taken

    def _next_seq(self) -> int:
        return int(
            self._connection.execute("SELECT next_seq FROM counter").fetchone()[0]
        )


def _payload(message: UpMessage, seq: int, at: datetime) -> bytes:
    return encode(msgspec.structs.replace(message, seq=seq, sent_at=at))


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=0, check_same_thread=False)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # where fsync alone is no promise
        _check(connection)
        connection.executescript(_SCHEMA)  # also takes the lock
        with connection:
            connection.execute("UPDATE counter SET next_seq = next_seq")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _is_locked(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _set_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for ending in ("", "-wal", "-shm"):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    return aside
