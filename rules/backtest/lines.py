"""Alarms and cases that would have been, as rows of a database would hold them."""

from dataclasses import dataclass, field
from datetime import datetime

from store.alarms import AlarmKey, NewAlarm
from store.case_rows import ProblemKey


@dataclass(slots=True, kw_only=True)
class AlarmLine:
    """One alarm; changes while it stands.

    Attributes:
        id: Of this run.
        new: As it was raised.
        severity: As of now; when it was cleared, as it was last.
        cleared_seq: The entry that cleared it; None while it stands.
        cleared_at: That entry's time.
        handling: What became of it.
        window_id: The maintenance window that kept it back.
        lead_id: The alarm of the group or storm it belongs to.
        case_id: The case it filed or hit.
    """

    id: int
    new: NewAlarm
    severity: str
    cleared_seq: int | None = None
    cleared_at: datetime | None = None
    handling: str = "filed"
    window_id: int | None = None
    lead_id: int | None = None
    case_id: int | None = None

    @property
    def key(self) -> AlarmKey:
        """Rule, its version and the device."""
        return self.new.rule, self.new.rule_version, self.new.device_id

    def stands_at(self, seq: int) -> bool:
        """Tell whether it stood once the entry `seq` was folded."""
        is_raised = self.new.raised_seq <= seq
        return is_raised and (self.cleared_seq is None or self.cleared_seq > seq)


@dataclass(slots=True)
class MemberLine:
    """One device of a group's or storm's case.

    Attributes:
        has_own: Whether its alarm was filed alone as well.
        has_left: Whether its alarm has cleared.
    """

    has_own: bool
    has_left: bool = False


@dataclass(slots=True, kw_only=True)
class CaseLine:
    """One case; `number` is missing, for nobody hands numbers out to what was not.

    Attributes:
        id: Of this run.
        key: Its problem and subject.
        device_id: The device that told.
        unit_id: Whom it would be addressed to.
        rule: Code of the rule that opened it.
        rule_version: Its version.
        severity: The worst so far.
        title_zh: 案卷标题.
        title_en: Title.
        reason_zh: 为什么立案.
        reason_en: Why.
        opened_at: Journal time.
        measured_at: The deciding sample's own time.
        last_hit_at: When the problem was last seen.
        hit_count: How often.
        quiet_hits: How often without telling anybody.
        recovered_at: When the sensor said it was over, if it still says so.
        unstable_since: Since when its alarm comes and goes.
        shape: single, group or storm.
        parent_id: The group's or storm's case it turned out to be of.
        closed_at: When it ended; None while it is open.
        stage: How it ended; empty while it is open.
        reopened_at: When it went on last, after it had been closed.
        reopen_count: How often it went on.
        alarms: Its alarms that stand, and those that the last entries cleared.
        members: By device and alarm, 0 for none.
    """

    id: int
    key: ProblemKey
    device_id: int
    unit_id: int
    rule: str
    rule_version: int
    severity: str
    title_zh: str
    title_en: str
    reason_zh: str
    reason_en: str
    opened_at: datetime
    measured_at: datetime
    last_hit_at: datetime
    hit_count: int = 1
    quiet_hits: int = 0
    recovered_at: datetime | None = None
    unstable_since: datetime | None = None
    shape: str = "single"
    parent_id: int | None = None
    closed_at: datetime | None = None
    stage: str = ""
    reopened_at: datetime | None = None
    reopen_count: int = 0
    alarms: dict[int, AlarmLine] = field(default_factory=dict)
    members: dict[tuple[int, int], MemberLine] = field(default_factory=dict)
