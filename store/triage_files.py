"""The triage file: groups, flapping and the storm budget, versioned like the rules."""

from datetime import datetime
from importlib import resources

from store.connection import Connection
from store.journal import Kind, append
from store.journal_body import json_body

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


async def put_triage_file(
    connection: Connection, source: str, *, author: str, at: datetime
) -> int:
    """Put a checked triage file in force and tell the journal; return its version.

    Args:
        connection: In a transaction, which should commit soon after.
        source: The YAML.
        author: Who answers for it.
        at: Now.
    """
    version = await connection.fetchval(
        "INSERT INTO triage_file (version, source, author, created_at)"
        " SELECT coalesce(max(version), 0) + 1, $1, $2, $3 FROM triage_file"
        " RETURNING version",
        source,
        author,
        at,
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
