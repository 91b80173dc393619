"""Rule files in the database: numbered versions, each at one stage of its life.

Of each rule at most one version is live and at most one on trial beside it. Every
change tells the journal, so that the fold takes it at a definite place.
"""

from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from store.connection import Connection
from store.journal.body import json_body
from store.journal.entries import Kind, append, head
from store.rules.triage_files import install_shipped_triage
from vocabulary.rule_stage import RuleStage

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

_INSERT = """
INSERT INTO rule (code, version, stage, source, author, created_at, note)
SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6
FROM rule WHERE code = $1 RETURNING version
"""

_STEP = """
INSERT INTO rule_step (code, version, from_stage, to_stage, author, taken_at, note)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

_TOLD = "UPDATE rule_step SET seq = $2 WHERE code = $1 AND seq IS NULL"

# What is put in at once is taken at once, at the first of its entries.
_AT_ONCE = """
WITH first AS (SELECT min(seq) AS seq FROM rule_step WHERE seq > $1),
triage AS (
    UPDATE triage_file t SET seq = first.seq FROM first WHERE t.seq > first.seq
)
UPDATE rule_step s SET seq = first.seq FROM first WHERE s.seq > first.seq
"""

_IS_HALTED = """EXISTS (SELECT FROM rule_halt h
    WHERE h.code = r.code AND h.version = r.version AND h.retry_at IS NOT NULL)"""

# A constant is put in, nothing that anybody says.
_JUDGING = f"""
SELECT r.code, r.version, r.source, r.stage FROM rule r
WHERE r.stage IN ('live', 'shadow') AND NOT {_IS_HALTED}
ORDER BY r.code COLLATE "C", r.version
"""  # noqa: S608

_JUDGING_AS_OF = f"""
SELECT r.code, r.version, r.source, s.to_stage AS stage
FROM rule r CROSS JOIN LATERAL (
    SELECT to_stage FROM rule_step
    WHERE code = r.code AND version = r.version AND seq <= $1 ORDER BY id DESC LIMIT 1
) s
WHERE s.to_stage IN ('live', 'shadow') AND NOT {_IS_HALTED}
ORDER BY r.code COLLATE "C", r.version
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class JudgingRule:
    """One version of a rule that judges.

    Attributes:
        code: The rule.
        version: Which version of it.
        source: The YAML as its author wrote it.
        stage: live, or shadow for one on trial.
    """

    code: str
    version: int
    source: str
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changes something about rules.

    Attributes:
        author: Who answers for it.
        at: When.
        note: What they say of it.
    """

    author: str
    at: datetime
    note: str = ""


async def live_rules(connection: Connection) -> list[JudgingRule]:
    """Return the live rules by ascending code."""
    found = await judging_rules(connection)
    return [rule for rule in found if rule.stage == RuleStage.LIVE]


async def judging_rules(
    connection: Connection, *, as_of: int | None = None
) -> list[JudgingRule]:
    """Return what is live or on trial and not halted, by ascending code and version.

    Args:
        connection: Any.
        as_of: The journal entry up to which changes count; None for all of them.
    """
    if as_of is None:
        rows = await connection.fetch(_JUDGING)
    else:
        rows = await connection.fetch(_JUDGING_AS_OF, as_of)
    return [JudgingRule(**row) for row in rows]


async def lock_rules(connection: Connection) -> None:
    """Wait until nobody else changes rules, until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", RULES_LOCK)


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
    change = Change(author=author, at=at)
    await _retire_live(connection, code, change)
    version = await _insert(connection, code, source, RuleStage.LIVE, change)
    await _tell(connection, code, version, at)
    return version


async def put_draft(
    connection: Connection, code: str, source: str, change: Change
) -> int:
    """Put a rule file in as a draft, tell the journal, and return its version.

    Args:
        connection: In a transaction, which should commit soon after.
        code: The rule.
        source: The YAML.
        change: Who does it.
    """
    version = await _insert(connection, code, source, RuleStage.DRAFT, change)
    await _tell(connection, code, version, change.at)
    return version


async def set_stage(
    connection: Connection, code: str, version: int, to: RuleStage, change: Change
) -> None:
    """Bring a version to a stage that may follow its own; tell the journal.

    A version that is live or on trial makes room for one that comes to that stage.

    Args:
        connection: In a transaction that holds `lock_rules` and should commit soon.
        code: The rule.
        version: Which; there is such a one.
        to: The stage.
        change: Who does it.
    """
    if to is RuleStage.LIVE:
        await _retire_live(connection, code, change)
    if to is RuleStage.SHADOW:
        await _step_all(connection, code, RuleStage.SHADOW, RuleStage.DRAFT, change)
    stage = await connection.fetchval(
        "SELECT stage FROM rule WHERE code = $1 AND version = $2", code, version
    )
    await _step(connection, code, version, RuleStage(stage), to, change)
    await _tell(connection, code, version, change.at)


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
        await lock_rules(connection)
        before = await head(connection)
        for name, source in sorted(files.items()):
            code, dot, kind = name.partition(".")
            if (dot, kind) == (".", "yaml") and await _install(
                connection, code, source, at
            ):
                installed.append(code)
        await install_shipped_triage(connection, at)
        await connection.execute(_AT_ONCE, before)
    return installed


async def _install(
    connection: Connection, code: str, source: str, at: datetime
) -> bool:
    known = await connection.fetchrow(_KNOWN, code, SHIPPED)
    if known is None or known["last_source"] == source:
        return False
    if known["is_overruled"]:
        change = Change(author=SHIPPED, at=at)
        await _insert(connection, code, source, RuleStage.DRAFT, change)
        return False
    await put_live(connection, code, source, author=SHIPPED, at=at)
    return True


async def _retire_live(connection: Connection, code: str, change: Change) -> None:
    await _step_all(connection, code, RuleStage.LIVE, RuleStage.RETIRED, change)


async def _step_all(
    connection: Connection,
    code: str,
    stage: RuleStage,
    to: RuleStage,
    change: Change,
) -> None:
    """Bring the version of a rule that is at a stage, if any, to another."""
    version = await connection.fetchval(
        "SELECT version FROM rule WHERE code = $1 AND stage = $2", code, stage
    )
    if version is not None:
        await _step(connection, code, version, stage, to, change)


async def _step(  # noqa: PLR0917 what it writes, in its order
    connection: Connection,
    code: str,
    version: int,
    stage: RuleStage,
    to: RuleStage,
    change: Change,
) -> None:
    await connection.execute(
        "UPDATE rule SET stage = $3 WHERE code = $1 AND version = $2", code, version, to
    )
    await connection.execute(
        _STEP, code, version, stage, to, change.author, change.at, change.note
    )


async def _insert(
    connection: Connection, code: str, source: str, stage: RuleStage, change: Change
) -> int:
    author, at, note = change.author, change.at, change.note
    version = await connection.fetchval(_INSERT, code, stage, source, author, at, note)
    await connection.execute(_STEP, code, version, None, stage, author, at, note)
    return int(version)


async def _tell(connection: Connection, code: str, version: int, at: datetime) -> None:
    body = json_body({"code": code, "version": version})
    seq = await append(connection, Kind.RULES, body, at=at)
    await connection.execute(_TOLD, code, seq)
