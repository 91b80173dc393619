"""Rule files in the database: numbered versions, at most one of each rule live."""

from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from store.connection import Connection
from store.journal import Kind, append
from store.journal_body import json_body
from store.triage_files import install_shipped_triage

SHIPPED = "shipped"
"""The author of the rules that come with a release."""

RULES_LOCK = int.from_bytes(b"rulefile")
"""Advisory lock held while rules are put in."""

_KNOWN = """
SELECT coalesce(max(version), 0) AS newest,
       (array_agg(source ORDER BY version DESC)
        FILTER (WHERE author = $2))[1] AS last_source,
       coalesce(bool_or(stage = 'live' AND author <> $2), false) AS is_overruled
FROM rule WHERE code = $1
"""


@dataclass(frozen=True, slots=True)
class LiveRule:
    """One rule that is live.

    Attributes:
        code: The rule.
        version: Which version of it.
        source: The YAML as its author wrote it.
    """

    code: str
    version: int
    source: str


async def live_rules(connection: Connection) -> list[LiveRule]:
    """Return the live rules by ascending code."""
    rows = await connection.fetch(
        "SELECT code, version, source FROM rule WHERE stage = 'live'"
        ' ORDER BY code COLLATE "C"'
    )
    return [LiveRule(row["code"], row["version"], row["source"]) for row in rows]


async def put_live(
    connection: Connection, code: str, source: str, *, author: str, at: datetime
) -> int:
    """Put a checked rule file in as the live version of its rule; tell the journal.

    Args:
        connection: In a transaction, which should commit soon after.
        code: The rule.
        source: The YAML.
        author: Who answers for it.
        at: Now.

    Returns:
        Its version; the live version before it is retired.
    """
    await connection.execute(
        "UPDATE rule SET stage = 'retired' WHERE code = $1 AND stage = 'live'", code
    )
    version = await _insert(connection, code, source, author, "live", at)
    body = json_body({"code": code, "version": version})
    await append(connection, Kind.RULES, body, at=at)
    return version


async def install_shipped(connection: Connection, at: datetime) -> list[str]:
    """Put in the rules of this release that are new or changed since the last one.

    Where a city runs a version of its own the new one is left as a draft, and a rule
    that a city has retired stays retired until the release changes it.

    Returns:
        Codes of the rules that were put in live.
    """
    folder = resources.files("rules") / "shipped"  # data; no code of it is imported
    files = {f.name: f.read_text("utf-8") for f in folder.iterdir()}
    installed = []
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", RULES_LOCK)
        for name, source in sorted(files.items()):
            code, dot, kind = name.partition(".")
            if (dot, kind) == (".", "yaml") and await _install(
                connection, code, source, at
            ):
                installed.append(code)
        await install_shipped_triage(connection, at)
    return installed


async def _install(
    connection: Connection, code: str, source: str, at: datetime
) -> bool:
    known = await connection.fetchrow(_KNOWN, code, SHIPPED)
    if known is None or known["last_source"] == source:
        return False
    if known["is_overruled"]:
        await _insert(connection, code, source, SHIPPED, "draft", at)
        return False
    await put_live(connection, code, source, author=SHIPPED, at=at)
    return True


async def _insert(  # noqa: PLR0917 the table's columns in their order
    connection: Connection,
    code: str,
    source: str,
    author: str,
    stage: str,
    at: datetime,
) -> int:
    version = await connection.fetchval(
        "INSERT INTO rule (code, version, stage, source, author, created_at)"
        " SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5"
        " FROM rule WHERE code = $1 RETURNING version",
        code,
        stage,
        source,
        author,
        at,
    )
    return int(version)
