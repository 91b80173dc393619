"""Rows of cases and their steps, as they are written and locked."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKey:
    """One problem on one subject; `case_one_open` keeps it to one open case.

    Attributes:
        subject_kind: component, device, vehicle or cell.
        subject_id: That one's id.
        scheme: The numbering of `class_code`.
        type: component (部件) or event (事件).
        class_code: Four digits.
        condition: The filing condition, as a word.
    """

    subject_kind: str
    subject_id: int
    scheme: str
    type: str
    class_code: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found, as the case shows it.

    Attributes:
        severity: minor, major or critical.
        title_zh: 案卷标题.
        title_en: Title of the case.
        reason_zh: 为什么立案.
        reason_en: Why.
    """

    severity: str
    title_zh: str
    title_en: str
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case about to be opened.

    Attributes:
        number: 19 digits.
        key: The problem and its subject.
        finding: What was found.
        device_id: The device that told.
        cell_id: The grid cell; None outside the grid.
        lon: Degrees east, WGS-84; None if nobody knows.
        lat: Degrees north, WGS-84; None if nobody knows.
        unit_id: Who has to act.
        unit_reason: Which routing rule chose it.
        stage: The state it is opened in.
        rule: Code of the rule.
        rule_version: Its version.
        opened_at: Journal time.
        measured_at: The deciding sample's own time.
        simulated: Whether a simulator caused it.
        shape: single, group or storm.
        repeat_of: The solved case of the same problem before it, if any.
    """

    number: str
    key: ProblemKey
    finding: Finding
    device_id: int
    cell_id: int | None
    lon: float | None
    lat: float | None
    unit_id: int
    unit_reason: str
    stage: str
    rule: str
    rule_version: int
    opened_at: datetime
    measured_at: datetime
    simulated: bool
    shape: str = "single"
    repeat_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedCase:
    """A case that nobody else can change until the transaction ends.

    Attributes:
        id: `case_file.id`.
        number: 19 digits.
        type: component or event.
        class_code: Four digits.
        condition: The filing condition.
        stage: Where it stands.
        unit_id: Who has to act.
        worker: Whom they assigned; empty if nobody.
        cell_id: The grid cell, if any.
        lon: Degrees east, WGS-84, if known.
        lat: Degrees north, WGS-84, if known.
        severity: The worst so far.
        title_zh: 案卷标题.
        title_en: Title.
        reason_zh: 为什么立案.
        reason_en: Why.
        recovered_at: When the sensor said it was over, if it still says so.
        closed_at: When it was closed, if it is.
        simulated: Whether a simulator caused it.
        rule: Code of the rule that opened it.
        unit_reason: Which routing rule chose the unit.
    """

    id: int
    number: str
    type: str
    class_code: str
    condition: str
    stage: str
    unit_id: int
    worker: str
    cell_id: int | None
    lon: float | None
    lat: float | None
    severity: str
    title_zh: str
    title_en: str
    reason_zh: str
    reason_en: str
    recovered_at: datetime | None
    closed_at: datetime | None
    simulated: bool
    rule: str
    unit_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """A step about to be written down.

    Attributes:
        taken_at: When; raised to the latest earlier step's time if it is before it.
        move: What was done.
        from_stage: Where the case stood; None for the first step.
        to_stage: Where it stands since.
        actor: `rules`, or the name of a person's token.
        role: What they acted as.
        unit_id: Whose case it is after the step.
        worker: Who is assigned after the step; empty if nobody.
        note: Reason or result, in words.
        seq: The journal's entry that decided on it; of a person's, the last entry that
            the rules had dealt with. None if that was not kept.
    """

    taken_at: datetime
    move: str
    from_stage: str | None
    to_stage: str
    actor: str
    role: str
    unit_id: int
    worker: str
    note: str
    seq: int | None
