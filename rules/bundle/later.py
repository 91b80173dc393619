"""What was learned too late to decide on an alarm, in words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rules.bundle.tell_words import word
from store.corrections import CorrectionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """One correction of an alarm.

    Attributes:
        kind: would_have_raised, would_not_have_raised, other_severity or other_time.
        severity: The worst it would have reached, or had.
        measured_at: Time of the sample that would have decided, or that did.
        late_at: Times of the samples that came too late.
        found_at: Journal time at which that was found.
        zh: 事后才知道什么.
        en: What is known since.
    """

    kind: str
    severity: str
    measured_at: datetime
    late_at: Sequence[datetime]
    found_at: datetime
    zh: str
    en: str


def later_of(row: CorrectionRow, zone: ZoneInfo) -> Later:
    """Return a correction with its words.

    Args:
        row: As it is stored.
        zone: Whose times are shown.
    """
    kind, severity, n = word(row.kind), word(row.severity), len(row.late_at)
    at = row.measured_at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
    return Later(
        kind=row.kind,
        severity=row.severity,
        measured_at=row.measured_at,
        late_at=row.late_at,
        found_at=row.found_at,
        zh=f"事后更正：{n} 条数据迟到，若按时到达，{at} {kind.zh}（{severity.zh}）",
        en=f"later knowledge: {n} samples came too late; with them it"
        f" {kind.en} at {at} ({severity.en})",
    )
