"""What the rules have made of a journal, to compare one database with another."""

import asyncpg

ALARMS = """
SELECT rule, rule_version, device_id, severity, raised_seq, raised_at, measured_at,
       value, threshold, cleared_seq, cleared_at, reason_zh, reason_en,
       case_id IS NULL AS has_no_case, handling, lead_id IS NULL AS has_no_lead
FROM alarm ORDER BY raised_seq, measured_at, rule, device_id
"""

CASES = """
SELECT number, subject_kind, subject_id, scheme, type, class_code, condition, device_id,
       unit_id, severity, stage, rule, opened_at, measured_at, last_hit_at, hit_count,
       recovered_at, reason_zh, shape, unstable_since, quiet_hits, parent_id IS NULL
FROM case_file ORDER BY number
"""

EVIDENCE = """
SELECT f.number, e.kind, e.taken_at, count(*)
FROM evidence e JOIN case_file f ON f.id = e.case_id
WHERE e.kind NOT IN ('samples_after', 'recovered')  -- copied some time after due
GROUP BY f.number, e.kind, e.taken_at ORDER BY f.number, e.kind, e.taken_at
"""

MEMBERS = """
SELECT f.number, m.device_id, a.rule, a.raised_seq, m.state, m.has_own, m.joined_at,
       m.left_at
FROM case_member m JOIN case_file f ON f.id = m.case_id
LEFT JOIN alarm a ON a.id = m.alarm_id
ORDER BY f.number, m.device_id, a.rule, a.raised_seq
"""

DOUBLED = """
SELECT count(*) FROM (
    SELECT 1 FROM alarm GROUP BY rule, device_id, raised_seq, measured_at
    HAVING count(*) > 1
    UNION ALL
    SELECT 1 FROM alarm WHERE cleared_seq IS NULL
    GROUP BY rule, device_id HAVING count(*) > 1
    UNION ALL
    SELECT 1 FROM case_file WHERE closed_at IS NULL
    GROUP BY subject_kind, subject_id, scheme, type, class_code, condition
    HAVING count(*) > 1
) AS doubled
"""

Outcome = dict[str, list[tuple[object, ...]]]


async def outcome_of(pool: asyncpg.Pool) -> Outcome:
    """Return everything the rules have written, but for the ids."""
    asked = {"alarms": ALARMS, "cases": CASES, "evidence": EVIDENCE, "members": MEMBERS}
    return {
        name: [tuple(row) for row in await pool.fetch(query)]
        for name, query in asked.items()
    }


async def doubled(pool: asyncpg.Pool) -> int:
    """Return how many alarms or open cases there are twice."""
    return int(await pool.fetchval(DOUBLED))
