"""Rule files: YAML checked whole, every fault at once with its line and column.

The keys are in docs/rules.md; the shape of the result is `rule.Rule`.
"""

from collections.abc import Sequence
from functools import lru_cache

from cases.request import Severity
from rules.conditions import READERS
from rules.files.located import Fault, FileFaultsError, Section, read_section
from rules.files.problem import read_problem, read_words
from rules.files.reason import unknown_placeholders
from rules.files.rule import (
    ALWAYS_REFUSED,
    REFUSED_UNLESS_SAID,
    Condition,
    Rule,
    Words,
)
from rules.schedules import read_when
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality

PARSED_RULES = 512
"""Files remembered: to read the YAML is most of the time that a plan takes."""


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
        return _parsed(text, version)
    except FileFaultsError as error:
        raise RuleFileError(name, error.faults) from error


@lru_cache(maxsize=PARSED_RULES)
def _parsed(text: str, version: int) -> Rule:
    # The same files are compiled again whenever a device or another rule has changed.
    top = read_section(text)
    rule = rule_from(top, version)
    if top.faults:
        raise FileFaultsError(set(top.faults))
    return rule


def rule_from(top: Section, version: int) -> Rule:
    """Return the rule that a file says; what is wrong is noted in `top`."""
    gap_s = top.number("largest_gap_s", above=0) if top.has("largest_gap_s") else None
    rule = Rule(
        code=top.text("code", like=r"[a-z][a-z0-9]*(-[a-z0-9]+)*"),
        version=version,
        name=read_words(top.section("name")),
        kind=top.word("kind", DeviceKind),
        condition=_condition(top),
        on_delay_s=top.number("on_delay_s", low=0, default=0),
        off_delay_s=top.number("off_delay_s", low=0, default=0),
        largest_gap_s=gap_s,
        allowed_lateness_s=_seconds(top, "allowed_lateness_s"),
        when=read_when(top.section("when")) if top.has("when") else None,
        safety=top.flag("safety"),
        refuse=_refuse(top),
        files=read_problem(top.section("files")) if top.has("files") else None,
        reason=_reason(top.section("reason")),
        source=top.text("source"),
        safety_from=top.word("safety_from", Severity, default=Severity.MINOR),
    )
    top.done()
    return rule


def _condition(top: Section) -> Condition:
    section = top.section("condition")
    of_type = section.one_of("type", READERS)
    condition = READERS[of_type](top, section)
    if condition.quantity is None and top.has("quantity"):
        top.fault("quantity", f"{of_type} judges no quantity")
    section.done()
    return condition


def _seconds(top: Section, key: str) -> float | None:
    return top.number(key, low=0) if top.has(key) else None


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


def _reason(section: Section) -> Words:
    for key in ("zh", "en"):
        for what in unknown_placeholders(section.text(key)):
            section.fault(key, what)
    return read_words(section)
