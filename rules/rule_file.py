"""Rule files: YAML checked whole, every fault at once with its line and column.

The keys are in docs/rules.md; the shape of the result is `rule.Rule`.
"""

import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import pairwise

from cases.request import CaseType, Problem, Severity
from rules.located import Fault, FileFaultsError, Section, read_section
from rules.reason import unknown_placeholders
from rules.rule import (
    Condition,
    Grade,
    Hears,
    Outside,
    Overspeed,
    Rule,
    Side,
    Silence,
    Threshold,
    Whose,
    Words,
)
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity

OF_COMPONENT = "of_component"
"""As a class code: that of the component which the device watches."""

ALWAYS_REFUSED = Quality.FUTURE
"""A sample from the future is never judged, whatever a rule says."""

REFUSED_UNLESS_SAID = Quality.FUTURE | Quality.OUT_OF_RANGE | Quality.SENSOR_FAULT
"""What a rule without a list of its own refuses."""


class RuleFileError(ValueError):
    """A rule file is wrong.

    Attributes:
        name: The file or rule.
        faults: Everything that is wrong, in the order of the file.
    """

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(f"{name}:{fault}" for fault in faults))
        self.name = name
        self.faults = tuple(faults)


class _ConditionType(StrEnum):
    THRESHOLD = "threshold"
    OVERSPEED = "overspeed"
    GEOFENCE = "geofence"
    SILENCE = "silence"


def parse_rule(text: str, *, version: int, name: str = "rule") -> Rule:
    """Return the rule that a file says.

    Args:
        text: The YAML.
        version: The version it is or would be stored as.
        name: What to call the file in errors.

    Raises:
        RuleFileError: If anything is wrong with it.
    """
    try:
        top = read_section(text)
    except FileFaultsError as error:
        raise RuleFileError(name, error.faults) from error
    rule = _rule(top, version)
    if top.faults:
        raise RuleFileError(name, sorted(set(top.faults)))
    return rule


def _rule(top: Section, version: int) -> Rule:
    kind = top.word("kind", DeviceKind)
    condition = _condition(top, kind)
    on_delay_s, off_delay_s, largest_gap_s = _delays(top, condition)
    rule = Rule(
        code=top.text("code", like=r"[a-z][a-z0-9]*(-[a-z0-9]+)*"),
        version=version,
        name=_words(top.section("name")),
        kind=kind,
        condition=condition,
        on_delay_s=on_delay_s,
        off_delay_s=off_delay_s,
        largest_gap_s=largest_gap_s,
        safety=top.flag("safety"),
        refuse=_refuse(top),
        files=_problem(top.section("files")) if top.has("files") else None,
        reason=_reason(top.section("reason")),
        source=top.text("source"),
    )
    top.done()
    return rule


def _condition(top: Section, kind: DeviceKind) -> Condition:
    section = top.section("condition")
    of_type = section.word("type", _ConditionType)
    condition = _READERS[of_type](top, section)
    if isinstance(condition, Overspeed | Outside) and kind is not DeviceKind.VEHICLE:
        top.fault("kind", f"{of_type} judges vehicles, not {kind}")
    if not isinstance(condition, Threshold) and top.has("quantity"):
        top.fault("quantity", f"{of_type} judges no quantity")
    section.done()
    return condition


def _threshold(top: Section, section: Section) -> Threshold:
    quantity = top.word("quantity", Quantity)
    grades, is_above = _grades(section)
    return Threshold(
        quantity=quantity,
        is_above=is_above,
        grades=grades,
        deadband=section.number("deadband", low=0, default=0),
        sides=tuple(_side(side) for side in section.sections("while")),
    )


def _grades(section: Section) -> tuple[tuple[Grade, ...], bool]:
    ways = [key for key in ("above", "below", "grades") if section.has(key)]
    if len(ways) != 1:
        section.fault("type", "needs exactly one of above, below and grades")
    if "grades" not in ways:
        limit = _limit(section)
        severity = section.word("severity", Severity)
        return (Grade(limit, severity),), section.has("above")
    grades = tuple(_grade(grade) for grade in section.sections("grades"))
    steps = [later.at - sooner.at for sooner, later in pairwise(grades)]
    is_above = all(step > 0 for step in steps)
    if not steps or not (is_above or all(step < 0 for step in steps)):
        section.fault("grades", "must be two or more, all rising or all falling")
    return grades, is_above


def _grade(section: Section) -> Grade:
    grade = Grade(section.number("at"), section.word("severity", Severity))
    section.done()
    return grade


def _limit(section: Section) -> float:
    """Return the one limit of `above` or `below`; the caller has checked for both."""
    key = "below" if section.has("below") else "above"
    return section.number(key) if section.has(key) else math.nan


def _side(section: Section) -> Side:
    if section.has("above") == section.has("below"):
        section.fault("quantity", "needs exactly one of above and below")
    side = Side(
        of=section.word("of", Whose),
        quantity=section.word("quantity", Quantity),
        limit=_limit(section),
        is_above=section.has("above"),
    )
    section.done()
    return side


def _overspeed(_top: Section, section: Section) -> Overspeed:
    return Overspeed(
        default_kmh=section.number("above", above=0),
        margin_kmh=section.number("margin_kmh", low=0, default=0),
        deadband=section.number("deadband", low=0, default=0),
        severity=section.word("severity", Severity),
    )


def _geofence(_top: Section, section: Section) -> Outside:
    return Outside(
        band_m=section.number("band_m", low=0),
        severity=section.word("severity", Severity),
    )


def _silence(_top: Section, section: Section) -> Silence:
    if section.has("silence_s") == section.has("missed_reports"):
        section.fault("type", "needs exactly one of silence_s and missed_reports")
    seconds, reports = (
        section.number(key, above=0) if section.has(key) else None
        for key in ("silence_s", "missed_reports")
    )
    return Silence(
        silence_s=seconds,
        missed_reports=reports,
        hears=section.word("hears", Hears, default=Hears.LINK),
        severity=section.word("severity", Severity),
    )


_READERS: dict[_ConditionType, Callable[[Section, Section], Condition]] = {
    _ConditionType.THRESHOLD: _threshold,
    _ConditionType.OVERSPEED: _overspeed,
    _ConditionType.GEOFENCE: _geofence,
    _ConditionType.SILENCE: _silence,
}
"""How the condition of each type is read."""


def _delays(top: Section, condition: Condition) -> tuple[float, float, float | None]:
    keys = ("on_delay_s", "off_delay_s", "largest_gap_s")
    if isinstance(condition, Silence):
        for key in filter(top.has, keys):
            top.fault(key, "silence has no delays: its own time is the delay")
        return 0, 0, None
    on_delay_s, off_delay_s = (top.number(key, low=0, default=0) for key in keys[:2])
    gap_s = top.number(keys[2], above=0) if top.has(keys[2]) else None
    return on_delay_s, off_delay_s, gap_s


def _refuse(top: Section) -> Quality:
    if not top.has("quality"):
        return REFUSED_UNLESS_SAID
    bits = {bit.name.lower(): bit for bit in Quality if bit.name}
    section = top.section("quality")
    refused = ALWAYS_REFUSED
    for word in section.word_list("refuse", bits):
        refused |= bits[word]
    section.done()
    return refused


def _problem(section: Section) -> Problem:
    case_type = section.word("type", CaseType)
    code = section.text("class_code", like=rf"[0-9]{{4}}|{OF_COMPONENT}")
    if code == OF_COMPONENT and case_type is not CaseType.COMPONENT:
        section.fault("class_code", "only a component's case has its component's class")
    title = _words(section.section("title"))
    problem = Problem(
        type=case_type,
        scheme=section.text("scheme"),
        class_code=None if code == OF_COMPONENT else code,
        condition=section.text("condition", like=r"[a-z]+(_[a-z]+)*"),
        title_zh=title.zh,
        title_en=title.en,
    )
    section.done()
    return problem


def _reason(section: Section) -> Words:
    for key in ("zh", "en"):
        for what in unknown_placeholders(section.text(key)):
            section.fault(key, what)
    return _words(section)


def _words(section: Section) -> Words:
    words = Words(section.text("zh"), section.text("en"))
    section.done()
    return words
