"""What a case's own sensors say against closing it."""

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection
from store.journal.cursor import RULES

MOST_NAMED = 5
"""Most alarms that are named to somebody who closes a case; one is enough to look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingAlarm:
    """An alarm of a case that stands.

    Attributes:
        rule: Code of its rule.
        device_code: The device that tells.
        raised_at: Since when, by the journal.
        reason_zh: 为什么.
        reason_en: Why.
    """

    rule: str
    device_code: str
    raised_at: datetime
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorFacts:
    """What is known of a case's own sensors.

    Attributes:
        stands: Whether any alarm of the case stands.
        recovered: Whether the last of them cleared.
        is_silent: Whether a device of such an alarm is not heard now.
    """

    stands: bool
    recovered: bool
    is_silent: bool


@dataclass(frozen=True, slots=True)
class StepPlace:
    """Where in the journal a step is taken, and what is so there.

    Attributes:
        seq: The last entry that the rules have dealt with.
        stands: Whether any alarm of the case stood once they had.
    """

    seq: int
    stands: bool


# One statement sees both as they are at one moment: whatever a transaction of the rules
# raises, clears or withdraws, it moves their cursor as well.
_PLACE = """
SELECT coalesce((SELECT seq FROM cursor WHERE consumer = $2 AND shard = $3), 0) AS seq,
    EXISTS (SELECT FROM alarm WHERE case_id = $1 AND cleared_seq IS NULL) AS stands
"""


# An alarm without a value is one of silence; those of groups have none either.
_SENSOR = """
SELECT EXISTS (SELECT FROM alarm a WHERE a.case_id = f.id AND a.cleared_seq IS NULL)
        AS stands,
    f.recovered_at IS NOT NULL AS recovered,
    EXISTS (
        SELECT FROM alarm s
        WHERE s.cleared_seq IS NULL AND s.value IS NULL AND s.handling <> 'shadow'
            AND s.rule NOT LIKE '%:%' AND s.case_id IS DISTINCT FROM f.id
            AND (s.device_id = f.device_id OR s.device_id IN
                (SELECT a.device_id FROM alarm a WHERE a.case_id = f.id))) AS is_silent
FROM case_file f WHERE f.id = $1
"""


async def sensor_facts(connection: Connection, case_id: int) -> SensorFacts:
    """Return what is known of a case's own sensors; the case must be there."""
    row = await connection.fetchrow(_SENSOR, case_id)
    if row is None:
        raise AssertionError(f"there is no case {case_id}")
    return SensorFacts(**row)


async def step_place(
    connection: Connection, case_id: int, *, shard: int = 0
) -> StepPlace:
    """Return where in the journal a step on a case is taken now."""
    row = await connection.fetchrow(_PLACE, case_id, RULES, shard)
    if row is None:
        raise AssertionError("a SELECT without FROM gives one row")
    return StepPlace(**row)


async def standing_alarms(connection: Connection, case_id: int) -> list[StandingAlarm]:
    """Return the alarms of a case that stand, the oldest first, a few at most."""
    rows = await connection.fetch(
        "SELECT a.rule, d.code AS device_code, a.raised_at, a.reason_zh, a.reason_en"
        " FROM alarm a JOIN device d ON d.id = a.device_id"
        " WHERE a.case_id = $1 AND a.cleared_seq IS NULL ORDER BY a.id LIMIT $2",
        case_id,
        MOST_NAMED,
    )
    return [StandingAlarm(**row) for row in rows]


async def mark_rework(connection: Connection, case_id: int, at: datetime) -> None:
    """Write down since when a case is said to be done while an alarm of its stands."""
    await connection.execute(
        "UPDATE case_file SET rework_at = coalesce(rework_at, $2) WHERE id = $1",
        case_id,
        at,
    )


async def unmark_rework(connection: Connection, case_id: int) -> None:
    """Write down that the work was taken up again."""
    query = "UPDATE case_file SET rework_at = NULL WHERE id = $1"
    await connection.execute(query, case_id)
