"""What a rule asks of the cases: one hit on one device, and the problem it files."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is; `SEVERITIES` has them in rising order."""

    MINOR = "minor"  # 一般
    MAJOR = "major"  # 较重
    CRITICAL = "critical"  # 紧急


SEVERITIES: tuple[Severity, ...] = (Severity.MINOR, Severity.MAJOR, Severity.CRITICAL)
"""Every severity, least first."""


class Hit(StrEnum):
    """What became of an alarm."""

    RAISED = "raised"
    ESCALATED = "escalated"
    EASED = "eased"
    CLEARED = "cleared"


class CaseType(StrEnum):
    """The two kinds of matter that digital urban management knows."""

    COMPONENT = "component"  # 部件
    EVENT = "event"  # 事件


class Shape(StrEnum):
    """How many alarms a case is made of; stored in `case_file.shape`."""

    SINGLE = "single"
    GROUP = "group"  # many below one thing
    STORM = "storm"  # more than a rule may file in a minute


class Mark(StrEnum):
    """What is special about a hit."""

    NONE = "none"
    UNSTABLE = "unstable"  # one raise too many: its alarm comes and goes
    QUIET = "quiet"  # another one meanwhile: counted, not told
    SETTLED = "settled"  # it no longer comes and goes
    LEFT = "left"  # a member of something that still stands has cleared


class MemberState(StrEnum):
    """What is known of a member; stored in `case_member.state`."""

    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong, in the words of a class table.

    Two rules with the same problem on the same subject share one case.

    Attributes:
        type: Component or 事件; it decides the order of routing.
        scheme: The class table the code is from; unused where `class_code` is None.
        class_code: Four digits; None takes scheme and class of the watched component.
        condition: The filing condition (立案条件), as a word.
        title_zh: 案卷标题.
        title_en: Title of the case.
    """

    type: CaseType
    scheme: str
    class_code: str | None
    condition: str
    title_zh: str
    title_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingRequest:
    """One hit of one rule on one device.

    Attributes:
        rule: Code of the rule.
        rule_version: Which version of it decided.
        rule_source: That version's file, as its author wrote it.
        alarm_id: `alarm.id`; one alarm is raised, changes and clears under one id.
        safety: Whether the rule is a matter of safety.
        kind: What became of the alarm.
        files: The problem to file.
        severity: How bad it is now.
        device_id: `device.id`.
        quantity: What was judged; None for positions and for silence.
        seq: The journal entry that decided.
        at: That entry's time, aware: the only "now" of a filing.
        measured_at: The deciding sample's own time, aware.
        value: Of the deciding sample, in the quantity's unit; None for silence.
        threshold: What it was held against, in the same unit.
        lon: Degrees east, WGS-84, where the device was; None to take the registry's.
        lat: Degrees north, WGS-84; None to take the registry's.
        reason_zh: 为什么立案, for people.
        reason_en: Why, for people.
        shape: Whether it is one alarm's, a group's or a storm's.
        subject: Kind and id of what it is about; None for what the device watches.
        mark: What is special about it.
        command: Number of the command it is about; None if it is about none.
    """

    rule: str
    rule_version: int
    rule_source: str
    alarm_id: int
    safety: bool
    kind: Hit
    files: Problem
    severity: Severity
    device_id: int
    quantity: str | None
    seq: int
    at: datetime
    measured_at: datetime
    value: float | None
    threshold: float | None
    lon: float | None
    lat: float | None
    reason_zh: str
    reason_en: str
    shape: Shape = Shape.SINGLE
    subject: tuple[str, int] | None = None
    mark: Mark = Mark.NONE
    command: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One device of a group or a storm.

    Attributes:
        device_id: `device.id`.
        alarm_id: Its alarm; 0 where none speaks for it.
        state: What is known of it.
        has_own: Whether its alarm was filed alone before, so that it is only linked.
    """

    device_id: int
    alarm_id: int
    state: MemberState
    has_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """Members for the case of a group or a storm.

    Attributes:
        lead: The alarm that the group or storm stands by; filed again if its case is
            closed by now.
        members: Who joins.
        alone: The members' own hits, to be filed if the group cannot be; of those
            that were not filed yet and whose rules file something.
        severity: At least so bad is the case from now on; None leaves it.
    """

    lead: FilingRequest
    members: tuple[Member, ...]
    alone: tuple[FilingRequest, ...] = ()
    severity: Severity | None = None
