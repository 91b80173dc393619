"""What came late says in words since when it is untrue, and what is true instead."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rules.bundle.later import later_of
from store.alarms.corrections import CorrectionRow

AT = datetime(2026, 11, 21, 4, tzinfo=UTC)
ROW = CorrectionRow(
    id=7,
    kind="would_not_have_raised",
    rule="deep",
    rule_version=1,
    device_id=4,
    device_code="G-4",
    alarm_id=3,
    case_id=None,
    measured_at=AT,
    cleared_at=None,
    severity="minor",
    value=1.0,
    late_at=[AT],
    found_at=AT,
    superseded_at=None,
    superseded_by=None,
    superseded_why=None,
    superseded_late_at=None,
)


def test_a_correction_says_whether_it_is_still_true() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    stands = later_of(ROW, zone)
    assert stands.en.startswith("later knowledge 7:")
    assert stands.en.endswith("12:00:00+08:00 (minor)")
    gone = later_of(replace(ROW, superseded_at=AT, superseded_why="withdrawn"), zone)
    assert "; withdrawn at 2026-11-21 12:00:00+08:00" in gone.en
    assert "撤回" in gone.zh
    other = later_of(replace(ROW, superseded_at=AT, superseded_by=9), zone)
    assert "; replaced at 2026-11-21 12:00:00+08:00 by 9" in other.en
    assert "以更正 9 为准" in other.zh
