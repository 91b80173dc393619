"""Alarms and cases that would have been, as rows of a database would hold them."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from store.alarms.raised import AlarmKey, NewAlarm
from store.cases.rows import LockedCase, NewCase, NewStep, ProblemKey


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
        state: bad or unknown, when it joined.
        has_own: Whether its alarm was filed alone as well.
        joined_at: Since when it is one.
        left_at: When its alarm cleared; None while it stands.
    """

    state: str
    has_own: bool
    joined_at: datetime
    left_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class CaseLine:
    """One case; `number` is missing, for nobody hands numbers out to what was not.

    Attributes:
        id: Of this run.
        key: Its problem and subject.
        device_id: The device that told.
        cell_id: The grid cell it lies in, if any.
        lon: Degrees east, WGS-84, if known.
        lat: Degrees north, WGS-84, if known.
        unit_id: Whom it is addressed to.
        unit_reason: Which routing rule chose the unit.
        simulated: Whether a simulator caused it.
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
        stage: Where it stands.
        worker: Whom the unit assigned; empty if nobody.
        steps: How it came there.
        rework_at: Since when it is said to be done while it is not over.
        closed_at: When it ended; None while it is open.
        is_assumed: Whether nobody is known to have closed it: its sensors said that it
            was over.
        reopened_at: When it went on last, after it had been closed.
        reopen_count: How often it went on.
        repeat_of: The solved case of the same problem before it.
        repeat_count: How many there were.
        alarms: Its alarms that stand, and those that the last entries cleared.
        members: By device and alarm, 0 for none.
    """

    id: int
    key: ProblemKey
    device_id: int
    cell_id: int | None
    lon: float | None
    lat: float | None
    unit_id: int
    unit_reason: str
    simulated: bool
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
    stage: str = ""
    worker: str = ""
    steps: list[NewStep] = field(default_factory=list)
    rework_at: datetime | None = None
    closed_at: datetime | None = None
    is_assumed: bool = False
    reopened_at: datetime | None = None
    reopen_count: int = 0
    repeat_of: int | None = None
    repeat_count: int = 0
    alarms: dict[int, AlarmLine] = field(default_factory=dict)
    members: dict[tuple[int, int], MemberLine] = field(default_factory=dict)

    def take(self, step: NewStep) -> None:
        """Write a step down, never before an earlier one."""
        before = [each.taken_at for each in self.steps[-1:]]
        self.steps.append(replace(step, taken_at=max([step.taken_at, *before])))

    def locked(self) -> LockedCase:
        """Return it as `cases` knows one; it has no number."""
        return LockedCase(
            id=self.id,
            number="",
            type=self.key.type,
            class_code=self.key.class_code,
            condition=self.key.condition,
            stage=self.stage,
            unit_id=self.unit_id,
            worker=self.worker,
            cell_id=self.cell_id,
            lon=self.lon,
            lat=self.lat,
            severity=self.severity,
            title_zh=self.title_zh,
            title_en=self.title_en,
            reason_zh=self.reason_zh,
            reason_en=self.reason_en,
            recovered_at=self.recovered_at,
            closed_at=self.closed_at,
            simulated=self.simulated,
            rule=self.rule,
            unit_reason=self.unit_reason,
        )


def opened_line(case_id: int, new: NewCase, *, repeat_count: int) -> CaseLine:
    """Return the line of a case that was just opened, without its steps."""
    found = new.finding
    return CaseLine(
        id=case_id,
        key=new.key,
        device_id=new.device_id,
        cell_id=new.cell_id,
        lon=new.lon,
        lat=new.lat,
        unit_id=new.unit_id,
        unit_reason=new.unit_reason,
        simulated=new.simulated,
        rule=new.rule,
        rule_version=new.rule_version,
        severity=found.severity,
        title_zh=found.title_zh,
        title_en=found.title_en,
        reason_zh=found.reason_zh,
        reason_en=found.reason_en,
        opened_at=new.opened_at,
        measured_at=new.measured_at,
        last_hit_at=new.opened_at,
        shape=new.shape,
        stage=new.stage,
        repeat_of=new.repeat_of,
        repeat_count=repeat_count,
    )
