"""What was learned too late to decide on an alarm, in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rules.bundle.tell_words import word
from rules.files.rule import Words
from store.alarms.corrections import CorrectionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """One correction of an alarm.

    Attributes:
        kind: would_have_raised, would_not_have_raised, other_severity, other_time or
            cannot_judge.
        severity: The worst it would have reached, or had.
        measured_at: Time of the sample that would have decided, or that did.
        late_at: Times of the samples that came too late.
        found_at: Journal time at which that was found.
        superseded_at: Since when more that came late makes it untrue; None if nothing
            does.
        superseded_by: The correction in its place; None if the decision stands.
        zh: 事后才知道什么.
        en: What is known since.
    """

    kind: str
    severity: str
    measured_at: datetime
    late_at: Sequence[datetime]
    found_at: datetime
    superseded_at: datetime | None
    superseded_by: int | None
    zh: str
    en: str


def later_of(row: CorrectionRow, zone: ZoneInfo) -> Later:
    """Return a correction with its words.

    Args:
        row: As it is stored.
        zone: Whose times are shown.
    """
    kind, severity, n = word(row.kind), word(row.severity), len(row.late_at)
    since = _untrue(row, zone)
    at = row.measured_at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
    return Later(
        kind=row.kind,
        severity=row.severity,
        measured_at=row.measured_at,
        late_at=row.late_at,
        found_at=row.found_at,
        superseded_at=row.superseded_at,
        superseded_by=row.superseded_by,
        zh=f"事后更正 {row.id}：{n} 条数据迟到，若按时到达，{at} {kind.zh}"
        f"（{severity.zh}）{since.zh}",
        en=f"later knowledge {row.id}: {n} samples came too late; with them it"
        f" {kind.en} at {at} ({severity.en}){since.en}",
    )


def _untrue(row: CorrectionRow, zone: ZoneInfo) -> Words:
    """Return since when a correction is untrue, and what is true instead."""
    if row.superseded_at is None:
        return Words("", "")
    at = row.superseded_at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
    if row.superseded_by is None:
        return Words(
            f"；{at} 撤回：更多迟到数据表明原判定成立",
            f"; withdrawn at {at}: with more that came late the decision stands",
        )
    return Words(
        f"；{at} 起以更正 {row.superseded_by} 为准",
        f"; replaced at {at} by {row.superseded_by}, as more came late",
    )
