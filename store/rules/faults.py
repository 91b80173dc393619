"""What the rules process went on without, and the rules that are halted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from store.connection import Connection
from store.journal.body import json_body
from store.journal.entries import Kind, append

MOST_FAULTS = 1000
"""Most kinds of faults that are kept; of more, those not seen for longest go."""

LONGEST_REASON = 500
"""Characters of a reason that are kept."""

FIRST_WAIT = timedelta(minutes=10)
"""Journal time until a rule that broke is tried again; doubled each time it breaks."""

LONGEST_WAIT = timedelta(days=1)
"""Most journal time between two tries."""


class FaultKind(StrEnum):
    """What could not be done; stored in `rules_fault.what`."""

    ENTRY = "entry"  # a journal entry could not be read, or not be judged by any rule
    RULE = "rule"  # a rule broke and is halted, or its late samples are left out
    PLAN = "plan"  # rules and devices of now make no plan: those of before go on
    TRIAGE = "triage"  # alarms of an entry were filed one by one, without triage
    ALARM = "alarm"  # alarms of an entry could not be stored
    CASE = "case"  # a case could not be filed, or its evidence not be kept


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFault:
    """Something that could not be done.

    Attributes:
        what: Which kind of thing.
        reason: Why, in the error's own words.
        seq: The journal entry at which.
        at: That entry's time.
        rule: Code of the rule it is about; empty if about none.
        rule_version: Its version; 0 if about none.
    """

    what: FaultKind
    reason: str
    seq: int
    at: datetime
    rule: str = ""
    rule_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRow:
    """Something that could not be done, as often as it could not.

    Attributes:
        what: `FaultKind`.
        rule: Code of the rule it is about; empty if about none.
        rule_version: Its version; 0 if about none.
        reason: Why.
        first_seq: The first journal entry at which.
        first_at: That entry's time.
        last_seq: The last one.
        last_at: Its time.
        count: How often.
    """

    what: str
    rule: str
    rule_version: int
    reason: str
    first_seq: int
    first_at: datetime
    last_seq: int
    last_at: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltRow:
    """A version of a rule that broke and does not judge.

    Attributes:
        code: The rule.
        version: Its version.
        reason: What broke.
        since_seq: The journal entry at which.
        since_at: That entry's time.
        retry_at: Journal time when it is tried again.
        failures: How often it broke.
    """

    code: str
    version: int
    reason: str
    since_seq: int
    since_at: datetime
    retry_at: datetime
    failures: int


_NOTE = """
INSERT INTO rules_fault (shard, what, rule, rule_version, reason, first_seq, first_at,
                         last_seq, last_at, count)
VALUES ($1, $2, $3, $4, $5, $6, $7, $6, $7, 1)
ON CONFLICT (shard, what, rule, rule_version, reason)
DO UPDATE SET last_seq = excluded.last_seq, last_at = excluded.last_at,
              count = rules_fault.count + 1
"""

_TRIM = """
DELETE FROM rules_fault WHERE id IN
    (SELECT id FROM rules_fault ORDER BY last_at DESC, id DESC OFFSET $1)
"""

_HALT = """
INSERT INTO rule_halt (code, version, reason, since_seq, since_at, retry_at, failures)
VALUES ($1, $2, $3, $4, $5, $5::timestamptz + $6::interval, 1)
ON CONFLICT (code, version) DO UPDATE
SET reason = excluded.reason, since_seq = excluded.since_seq,
    since_at = excluded.since_at, failures = rule_halt.failures + 1,
    retry_at = excluded.since_at
        + least($6::interval * 2 ^ least(rule_halt.failures, 20), $7::interval)
"""


async def note_faults(
    connection: Connection, faults: Iterable[NewFault], *, shard: int = 0
) -> None:
    """Write down what could not be done, in the caller's transaction."""
    for fault in faults:
        # What cannot be stored as text must not stop us from saying so.
        reason = fault.reason.replace("\0", "␀")[:LONGEST_REASON]
        await connection.execute(
            _NOTE,
            shard,
            fault.what,
            fault.rule,
            fault.rule_version,
            reason,
            fault.seq,
            fault.at,
        )
        await connection.execute(_TRIM, MOST_FAULTS)


async def faults(connection: Connection, *, limit: int = MOST_FAULTS) -> list[FaultRow]:
    """Return what could not be done, the newest first."""
    rows = await connection.fetch(
        "SELECT what, rule, rule_version, reason, first_seq, first_at, last_seq,"
        " last_at, count FROM rules_fault ORDER BY last_at DESC, id DESC LIMIT $1",
        limit,
    )
    return [FaultRow(**row) for row in rows]


async def fault_counts(connection: Connection) -> dict[str, int]:
    """Return how often each kind of thing could not be done."""
    rows = await connection.fetch(
        "SELECT what, sum(count)::bigint AS count FROM rules_fault GROUP BY what"
    )
    return {row["what"]: row["count"] for row in rows}


async def unwritten_between(
    connection: Connection, since: datetime, until: datetime
) -> int:
    """Return how many alarms and cases could not be written in a stretch, at most."""
    return int(
        await connection.fetchval(
            "SELECT coalesce(sum(count), 0) FROM rules_fault"
            " WHERE what IN ('alarm', 'case') AND first_at < $2 AND last_at >= $1",
            since,
            until,
        )
    )


async def halt_rule(connection: Connection, fault: NewFault) -> None:
    """Let a version of a rule that broke judge no more until it is tried again."""
    await connection.execute(
        _HALT,
        fault.rule,
        fault.rule_version,
        fault.reason.replace("\0", "␀")[:LONGEST_REASON],
        fault.seq,
        fault.at,
        FIRST_WAIT,
        LONGEST_WAIT,
    )


async def halted_rules(connection: Connection) -> list[HaltRow]:
    """Return the versions that are halted, of those that would judge, by code."""
    rows = await connection.fetch(
        "SELECT h.code, h.version, h.reason, h.since_seq, h.since_at, h.retry_at,"
        " h.failures FROM rule_halt h JOIN rule r USING (code, version)"
        " WHERE h.retry_at IS NOT NULL AND r.stage IN ('live', 'shadow')"
        ' ORDER BY h.code COLLATE "C", h.version'
    )
    return [HaltRow(**row) for row in rows]


async def next_try(connection: Connection) -> datetime | None:
    """Return the journal time when a halted rule is tried again; None if none is."""
    found: datetime | None = await connection.fetchval(
        "SELECT min(retry_at) FROM rule_halt"
    )
    return found


async def try_again(connection: Connection, now: datetime) -> int:
    """Let rules judge whose time to be tried again has come; return how many."""
    rows = await connection.fetch(
        "UPDATE rule_halt SET retry_at = NULL WHERE retry_at <= $1 RETURNING code", now
    )
    return len(rows)


async def try_rule_again(
    connection: Connection, code: str, version: int, *, at: datetime
) -> bool:
    """Let a halted rule judge now and tell the journal; False if it is not halted.

    The transaction should end with it.
    """
    found = await connection.fetchval(
        "UPDATE rule_halt SET retry_at = NULL"
        " WHERE code = $1 AND version = $2 AND retry_at IS NOT NULL RETURNING code",
        code,
        version,
    )
    if found is None:
        return False
    body = json_body({"code": code, "version": version})
    await append(connection, Kind.RULES, body, at=at)
    return True
