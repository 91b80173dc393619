"""Cases whose problem came back: the earlier ones, and reopening them."""

from datetime import datetime

import asyncpg

from store.cases.filed import OF_PROBLEM, problem_parts
from store.cases.rows import LockedCase, ProblemKey
from store.connection import Connection

_LAST_ENDED = f"""{OF_PROBLEM} AND closed_at IS NOT NULL
ORDER BY closed_at DESC, id DESC LIMIT 1 FOR NO KEY UPDATE
"""

_LAST_SOLVED = """
SELECT id FROM case_file
WHERE subject_kind = $1 AND subject_id = $2 AND scheme = $3 AND type = $4
    AND class_code = $5 AND condition = $6
    AND closed_at IS NOT NULL AND stage IN ('closed', 'forced_close')
ORDER BY closed_at DESC, id DESC LIMIT 1
"""

# What it said when it was closed is no longer so; the steps still tell.
_REOPEN = """
UPDATE case_file SET stage = $2, closed_at = NULL, worker = '', rework_at = NULL,
    unstable_since = NULL, reopened_at = $3, reopen_count = reopen_count + 1
WHERE id = $1 AND closed_at IS NOT NULL
"""


async def lock_last_ended(connection: Connection, key: ProblemKey) -> LockedCase | None:
    """Return the case of a problem that ended last, locked; None if none has."""
    row = await connection.fetchrow(_LAST_ENDED, *problem_parts(key))
    return LockedCase(**row) if row else None


async def last_solved(connection: Connection, key: ProblemKey) -> int | None:
    """Return the id of the last case of a problem that was closed as solved, if any."""
    case_id: int | None = await connection.fetchval(_LAST_SOLVED, *problem_parts(key))
    return case_id


async def reopen(
    connection: Connection, case_id: int, stage: str, at: datetime
) -> bool:
    """Let a closed case go on; False if its problem has another open one by now.

    The index `case_one_open` decides that, as it does for new cases.
    """
    try:
        async with connection.transaction():
            done = await connection.execute(_REOPEN, case_id, stage, at)
    except asyncpg.UniqueViolationError:
        return False
    return done == "UPDATE 1"
