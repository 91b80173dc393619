"""Whether the rules keep up with the journal, and what they went on without."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from store.connection import Connection

RECENT = timedelta(days=1)
"""So long, in journal time, a fault is news."""

_STANDING = """
SELECT h.seq - coalesce(c.seq, 0) AS behind,
    (SELECT count(*) FROM rule_halt JOIN rule r USING (code, version)
     WHERE retry_at IS NOT NULL AND r.stage IN ('live', 'shadow')) AS halted,
    (SELECT coalesce(sum(count), 0)::bigint FROM rules_fault
     WHERE last_at > h.received_at - $1::interval) AS recent_faults,
    (SELECT max(last_at) FROM rules_fault) AS last_fault_at
FROM journal_head h
LEFT JOIN cursor c ON c.consumer = 'rules' AND c.shard = h.shard
WHERE h.shard = 0
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesStanding:
    """How the rules process stands.

    Attributes:
        behind: Entries of the journal that it has not taken yet.
        halted: Versions of rules that broke and do not judge.
        recent_faults: How often it left something out, of the kinds that were seen
            within the last day of the journal.
        last_fault_at: Journal time of the last one; None if there was none.
    """

    behind: int
    halted: int
    recent_faults: int
    last_fault_at: datetime | None


async def rules_standing(connection: Connection) -> RulesStanding:
    """Return how the rules process stands."""
    row = await connection.fetchrow(_STANDING, RECENT)
    if row is None:
        raise AssertionError("the journal has a head")
    return RulesStanding(**row)
