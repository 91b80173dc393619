"""What the tests of triage ask of the database, and what an open cover says."""

CASES = """
SELECT subject_kind, condition, rule, shape, hit_count FROM case_file ORDER BY id
"""

HANDLINGS = """
SELECT handling, count(*) FROM alarm GROUP BY handling ORDER BY handling
"""

MEMBERS = """
SELECT state, has_own, left_at IS NOT NULL AS has_left, count(*) FROM case_member
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""

OPEN = {"tilt_deg": 60.0, "cover_open": 1.0}
