"""Rules as they are listed and shown: versions, the steps of their life, on trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.cases.rows import ProblemKey
from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One version of one rule, without its text.

    Attributes:
        code: The rule.
        version: Its version.
        stage: draft, shadow, live or retired.
        author: Who wrote it.
        note: What they say has changed.
        created_at: When it was put in.
    """

    code: str
    version: int
    stage: str
    author: str
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step of a version's life.

    Attributes:
        from_stage: Before; None when it was put in.
        to_stage: After.
        author: Who took it.
        taken_at: When.
        note: What they say of it.
    """

    from_stage: str | None
    to_stage: str
    author: str
    taken_at: datetime
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionDetail:
    """One version with its text and its life.

    Attributes:
        code: The rule.
        version: Its version.
        stage: draft, shadow, live or retired.
        author: Who wrote it.
        note: What they say has changed.
        created_at: When it was put in.
        source: The YAML as its author wrote it.
        steps: Its life, oldest first.
    """

    code: str
    version: int
    stage: str
    author: str
    note: str
    created_at: datetime
    source: str
    steps: Sequence[StepRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCase:
    """A case that was filed, as far as a trial is compared with it.

    Attributes:
        id: `case_file.id`.
        key: Its problem and subject.
        rule: Code of the rule that opened it.
        unit_id: The unit it was addressed to.
        stage: Where it stands.
        opened_at: When it was opened.
        closed_at: When it ended; None while it is open.
    """

    id: int
    key: ProblemKey
    rule: str
    unit_id: int
    stage: str
    opened_at: datetime
    closed_at: datetime | None


_VERSION = "code, version, stage, author, note, created_at"


async def versions(
    connection: Connection, code: str, *, before: int | None, limit: int
) -> list[VersionRow]:
    """Return versions of a rule, newest first.

    Args:
        connection: Any.
        code: The rule.
        before: Only those with a smaller number.
        limit: Most rows.
    """
    rows = await connection.fetch(
        f"SELECT {_VERSION} FROM rule WHERE code = $1"  # noqa: S608 our own words
        " AND ($2::integer IS NULL OR version < $2) ORDER BY version DESC LIMIT $3",
        code,
        before,
        limit,
    )
    return [VersionRow(**row) for row in rows]


async def newest_versions(
    connection: Connection, *, stage: str | None = None
) -> list[VersionRow]:
    """Return every version that is not retired, or all at one stage, by code."""
    rows = await connection.fetch(
        f"SELECT {_VERSION} FROM rule"  # noqa: S608 our own words
        " WHERE CASE WHEN $1::text IS NULL THEN stage <> 'retired' ELSE stage = $1 END"
        ' ORDER BY code COLLATE "C", version',
        stage,
    )
    return [VersionRow(**row) for row in rows]


async def version_of(
    connection: Connection, code: str, version: int
) -> VersionDetail | None:
    """Return one version; None if there is none."""
    row = await connection.fetchrow(
        f"SELECT {_VERSION}, source FROM rule"  # noqa: S608 our own words
        " WHERE code = $1 AND version = $2",
        code,
        version,
    )
    if row is None:
        return None
    steps = await connection.fetch(
        "SELECT from_stage, to_stage, author, taken_at, note FROM rule_step"
        " WHERE code = $1 AND version = $2 ORDER BY id",
        code,
        version,
    )
    return VersionDetail(**row, steps=[StepRow(**step) for step in steps])


async def cases_between(
    connection: Connection, since: datetime, until: datetime, *, limit: int
) -> list[FoundCase]:
    """Return the cases that were open at any time of a stretch, by their opening."""
    rows = await connection.fetch(
        "SELECT id, subject_kind, subject_id, scheme, type, class_code, condition,"
        " rule, unit_id, stage, opened_at, closed_at FROM case_file"
        " WHERE opened_at < $2 AND (closed_at IS NULL OR closed_at >= $1)"
        " ORDER BY opened_at, id LIMIT $3",
        since,
        until,
        limit,
    )
    names = ("id", "rule", "unit_id", "stage", "opened_at", "closed_at")
    return [
        FoundCase(
            key=ProblemKey(**{n: row[n] for n in ProblemKey.__dataclass_fields__}),
            **{name: row[name] for name in names},
        )
        for row in rows
    ]
