"""The JSON of a case's evidence, field by field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Named:
    """Something registered, by its names."""

    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandBody:
    """A command as it stood when its lack of effect was filed.

    `steps` are time, state, actor and detail, oldest first.
    """

    id: str
    number: int
    device: str
    order: Mapping[str, object]
    state: str
    asked_by: str
    asked_at: datetime
    effect: Mapping[str, object] | None
    heard_value: float | None
    heard_at: datetime | None
    steps: Sequence[tuple[datetime, str, str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleBody:
    """The rule that decided, as it then was, and what it decided on."""

    rule: str
    rule_version: int
    source: str
    safety: bool
    device: str
    quantity: str | None
    value: float | None
    threshold: float | None
    severity: str
    measured_at: datetime
    reason_zh: str
    reason_en: str
    command: CommandBody | None  # that it is about, if it is about one


@dataclass(frozen=True, slots=True, kw_only=True)
class HitBody:
    """What became of an alarm later."""

    hit: str
    rule: str
    rule_version: int
    severity: str
    value: float | None
    threshold: float | None
    measured_at: datetime
    reason_zh: str
    reason_en: str
    command: CommandBody | None  # that it is about, if it is about one


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectBody:
    """What the case is about, as it was then registered."""

    kind: str
    code: str
    name_zh: str
    name_en: str
    address_zh: str
    maintainer: str | None
    owner: str | None
    authority: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryBody:
    """Where it is and whose it is, and why theirs."""

    subject: SubjectBody
    cell: Named | None
    unit: Named
    unit_reason: str
    unit_reason_zh: str
    unit_reason_en: str
    considered: list[tuple[str, str | None]]
    registry_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplesBody:
    """Samples around the decision; `columns` names what each sample holds."""

    what: str
    device_id: int
    quantity: str | None
    unit: str
    after: datetime
    until: datetime
    left_off: bool
    columns: tuple[str, ...]
    samples: Sequence[tuple[datetime | float | None, ...]]
