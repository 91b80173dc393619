"""The triage file: groups, flapping and the storm budget, versioned like the rules."""

from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from store.connection import Connection
from store.journal.body import json_body
from store.journal.entries import Kind, append

SHIPPED = "shipped"
"""The author of the file that comes with the program."""

_NEWEST = (
    "SELECT version, source, author FROM triage_file ORDER BY version DESC LIMIT 1"
)

_NEWEST_AS_OF = (
    "SELECT version, source FROM triage_file WHERE $1::bigint IS NULL OR seq <= $1"
    " ORDER BY version DESC LIMIT 1"
)


async def triage_file(
    connection: Connection, *, as_of: int | None = None
) -> tuple[int, str] | None:
    """Return version and text of the triage file in force; None if there is none.

    Args:
        connection: Any.
        as_of: The journal entry up to which changes count; None for all of them.
    """
    row = await connection.fetchrow(_NEWEST_AS_OF, as_of)
    return None if row is None else (row["version"], row["source"])


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageRow:
    """One version of the triage file, without its text.

    Attributes:
        version: The newest is in force.
        author: Who answers for it.
        note: What they say has changed.
        created_at: When it was put in force.
    """

    version: int
    author: str
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageDetail:
    """One version of the triage file.

    Attributes:
        version: The newest is in force.
        author: Who answers for it.
        note: What they say has changed.
        created_at: When it was put in force.
        source: The YAML.
    """

    version: int
    author: str
    note: str
    created_at: datetime
    source: str


async def triage_versions(
    connection: Connection, *, before: int | None, limit: int
) -> list[TriageRow]:
    """Return versions of the triage file, newest first.

    Args:
        connection: Any.
        before: Only those of a smaller number.
        limit: Most rows.
    """
    rows = await connection.fetch(
        "SELECT version, author, note, created_at FROM triage_file"
        " WHERE $1::integer IS NULL OR version < $1 ORDER BY version DESC LIMIT $2",
        before,
        limit,
    )
    return [TriageRow(**row) for row in rows]


async def triage_version(
    connection: Connection, version: int | None
) -> TriageDetail | None:
    """Return a version of the triage file; None names the one in force."""
    row = await connection.fetchrow(
        "SELECT version, author, note, created_at, source FROM triage_file"
        " WHERE $1::integer IS NULL OR version = $1 ORDER BY version DESC LIMIT 1",
        version,
    )
    return None if row is None else TriageDetail(**row)


async def lock_triage(connection: Connection) -> int:
    """Wait until nobody else puts one in; return the newest version, 0 if none."""
    await connection.execute("LOCK TABLE triage_file IN SHARE ROW EXCLUSIVE MODE")
    newest = await connection.fetchval("SELECT max(version) FROM triage_file")
    return int(newest or 0)


async def put_triage_file(
    connection: Connection,
    source: str,
    *,
    author: str,
    at: datetime,
    note: str = "",
) -> int:
    """Put a checked triage file in force and tell the journal; return its version.

    Args:
        connection: In a transaction, which should commit soon after.
        source: The YAML.
        author: Who answers for it.
        at: Now.
        note: What has changed, and why.
    """
    version = await connection.fetchval(
        "INSERT INTO triage_file (version, source, author, created_at, note)"
        " SELECT coalesce(max(version), 0) + 1, $1, $2, $3, $4 FROM triage_file"
        " RETURNING version",
        source,
        author,
        at,
        note,
    )
    body = json_body({"triage": version})
    seq = await append(connection, Kind.RULES, body, at=at)
    await connection.execute(
        "UPDATE triage_file SET seq = $2 WHERE version = $1", version, seq
    )
    return int(version)


async def install_shipped_triage(connection: Connection, at: datetime) -> bool:
    """Put this release's triage file in force, unless a city has one of its own.

    Returns:
        Whether it was put in force now.
    """
    # Data; no code of it is imported.
    source = (resources.files("rules.triage") / "shipped.yaml").read_text("utf-8")
    newest = await connection.fetchrow(_NEWEST)
    if newest is not None and (
        newest["author"] != SHIPPED or newest["source"] == source
    ):
        return False
    await put_triage_file(connection, source, author=SHIPPED, at=at)
    return True
