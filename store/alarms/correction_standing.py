"""Corrections that stand, those that do no longer, and what was looked at for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A correction that nothing has made untrue yet.

    Attributes:
        id: `correction.id`.
        kind: As in `NewCorrection`, like all below.
        alarm_id: The alarm it is about; None where there was none.
        case_id: Its case.
        measured_at: Time of the sample that would have decided, or that did.
        cleared_at: Time of the sample that would have ended it.
        severity: The worst it would have reached, or had.
        value: Of the sample that would have decided.
        late_at: Times of the late samples it was found with, ascending.
    """

    id: int
    kind: str
    alarm_id: int | None
    case_id: int | None
    measured_at: datetime
    cleared_at: datetime | None
    severity: str
    value: float | None
    late_at: list[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """How a correction came to stand no longer.

    Attributes:
        id: `correction.id`.
        why: replaced or withdrawn.
        by: The correction that stands in its place.
        at: Journal time.
        late_at: Times of the late samples that made it untrue.
    """

    id: int
    why: str
    by: int | None
    at: datetime
    late_at: Sequence[datetime]


async def known_late(
    connection: Connection, rule: str, device_id: int, since: datetime, until: datetime
) -> list[datetime]:
    """Return the times of late samples of a stretch that were looked at before."""
    rows = await connection.fetch(
        "SELECT measured_at FROM correction_late WHERE rule = $1 AND device_id = $2"
        " AND measured_at BETWEEN $3 AND $4 ORDER BY measured_at",
        rule,
        device_id,
        since,
        until,
    )
    return [row["measured_at"] for row in rows]


async def remember_late(
    connection: Connection,
    rule: str,
    device_id: int,
    times: Sequence[datetime],
    *,
    keep_since: datetime,
) -> None:
    """Remember late samples that are looked at; those of long ago are forgotten."""
    await connection.execute(
        "DELETE FROM correction_late"
        " WHERE rule = $1 AND device_id = $2 AND measured_at < $3",
        rule,
        device_id,
        keep_since,
    )
    await connection.execute(
        "INSERT INTO correction_late (rule, device_id, measured_at)"
        " SELECT $1, $2, unnest($3::timestamptz[]) ON CONFLICT DO NOTHING",
        rule,
        device_id,
        list(times),
    )


async def standing_corrections(
    connection: Connection, rule: str, device_id: int, since: datetime, until: datetime
) -> list[Standing]:
    """Return the corrections that stand on late samples of a stretch, or reach into it.

    That samples cannot be judged any more says nothing that could become untrue.

    Args:
        connection: In the transaction that writes what comes of it.
        rule: Code of the rule.
        device_id: The device.
        since: From when.
        until: Up to when.
    """
    rows = await connection.fetch(
        "SELECT id, kind, alarm_id, case_id, measured_at, cleared_at, severity, value,"
        " late_at FROM correction"
        " WHERE rule = $1 AND device_id = $2 AND superseded_at IS NULL"
        " AND kind <> 'cannot_judge'"
        " AND late_at[1] <= $4"
        " AND greatest(late_at[cardinality(late_at)],"
        "     coalesce(cleared_at, 'infinity')) >= $3 ORDER BY id",
        rule,
        device_id,
        since,
        until,
    )
    return [Standing(**row) for row in rows]


async def new_ids(connection: Connection, count: int) -> list[int]:
    """Return numbers for corrections that are to be written."""
    rows = await connection.fetch(
        "SELECT nextval(pg_get_serial_sequence('correction', 'id')) AS id"
        " FROM generate_series(1, $1)",
        count,
    )
    return [row["id"] for row in rows]


async def supersede(connection: Connection, gone: Sequence[Superseded]) -> None:
    """Let corrections stand no longer; before those in their place are written."""
    await connection.executemany(
        "UPDATE correction SET superseded_at = $2, superseded_by = $3,"
        " superseded_why = $4, superseded_late_at = $5 WHERE id = $1",
        [(one.id, one.at, one.by, one.why, list(one.late_at)) for one in gone],
    )
