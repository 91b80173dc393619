"""The triage file: groups, flapping and the storm budget, as YAML checked whole."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from cases.request import Problem, Severity
from rules.files.located import Fault, FileFaultsError, Section, read_section
from rules.files.problem import read_problem, read_words
from rules.files.reason import unknown_placeholders
from rules.files.rule import Words

PLACEHOLDERS = frozenset({"upstream", "bad", "unknown", "of", "within_s"})
"""What a group's reason may name."""

OF_BURST = frozenset({"metres", "start", "certainty", "runner_up"})
"""What the reason of a burst may name as well."""


READ_FILES = 16
"""Files remembered: the one in force is asked for at every change of anything."""


class Over(StrEnum):
    """What the members of a group hang from."""

    UPSTREAM = "upstream"  # the device above: a lamp's cabinet
    GATEWAY = "gateway"  # whoever speaks for them
    MAINS = "mains"  # the water main whose burst they feel


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """When the alarms of many are one alarm on what they hang from.

    Attributes:
        code: Its name.
        name: Its name for people.
        over: What the members hang from.
        of: Codes of the rules whose alarms are members.
        unknown: Codes of rules whose alarms count, but stay what they are.
        cause: Codes of rules whose alarm on the upstream itself explains the members.
        joins: Codes of rules whose alarms join a group that stands, and open none.
        share: Of the children that must be bad or unknown.
        least: Fewest members.
        within_s: In this time; so long a member waits before it is filed alone.
        links_s: Members that were filed alone up to so long before are linked.
        lists_all: Whether children without an alarm are listed as unknown members.
        even: Over mains: whether all must have lost about as much.
        severity: How bad it is.
        files: The problem it files.
        reason: Why, with `{placeholders}`.
    """

    code: str
    name: Words
    over: Over
    of: tuple[str, ...]
    unknown: tuple[str, ...]
    cause: tuple[str, ...]
    joins: tuple[str, ...] = ()
    share: float
    least: int
    within_s: float
    links_s: float
    lists_all: bool
    even: bool = False
    severity: Severity
    files: Problem
    reason: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Flapping:
    """When an alarm that comes and goes is unstable.

    Attributes:
        more_than: So many raises are still none.
        within_s: In this time, by the samples' own clock.
        settled_s: It has settled after so long without a raise.
    """

    more_than: int
    within_s: float
    settled_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """How many cases a rule may file in one area and minute.

    Attributes:
        budget: So many; more make one storm case.
        worst: So many of the storm's members are filed alone as well.
        worst_after_s: Chosen so long after the storm began.
        quiet_s: A storm takes members until none has come for so long.
    """

    budget: int
    worst: int
    worst_after_s: float
    quiet_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A triage file.

    Attributes:
        version: Of the file.
        groups: In the order in which they are asked.
        flapping: None if nothing is ever unstable.
        storm: None if there is no budget.
    """

    version: int = 0
    groups: tuple[Group, ...] = ()
    flapping: Flapping | None = None
    storm: Storm | None = None


class TriageFileError(ValueError):
    """A triage file is wrong.

    Attributes:
        faults: Everything that is wrong, in the order of the file.
    """

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("\n".join(f"triage:{fault}" for fault in faults))
        self.faults = faults


def read_settings(text: str, *, version: int) -> Settings:
    """Return what a triage file says.

    Raises:
        TriageFileError: If anything is wrong with it.
    """
    try:
        return _read(text, version)
    except FileFaultsError as error:
        raise TriageFileError(error.faults) from error


@lru_cache(maxsize=READ_FILES)
def _read(text: str, version: int) -> Settings:
    # Whenever a rule or a device has changed, the same file is looked at again.
    top = read_section(text)
    settings = settings_from(top, version)
    if top.faults:
        raise FileFaultsError(set(top.faults))
    return settings


def settings_from(top: Section, version: int) -> Settings:
    """Return what a triage file says; what is wrong is noted in `top`."""
    settings = Settings(
        version=version,
        groups=tuple(_group(section) for section in top.sections("groups")),
        flapping=_flapping(top.section("flapping")) if top.has("flapping") else None,
        storm=_storm(top.section("storm")) if top.has("storm") else None,
    )
    top.done()
    codes = [group.code for group in settings.groups]
    if len(set(codes)) < len(codes):
        top.fault("groups", "two groups have the same code")
    return settings


def _group(section: Section) -> Group:
    share = section.number("share", above=0, default=0.5)
    if share > 1:
        section.fault("share", "is a part of the children: at most 1")
    group = Group(
        code=section.text("code", like=r"[a-z][a-z0-9]*(-[a-z0-9]+)*"),
        name=read_words(section.section("name")),
        over=section.word("over", Over),
        of=tuple(section.text("of").replace(",", " ").split()),
        unknown=_codes(section, "unknown"),
        cause=_codes(section, "cause"),
        joins=_codes(section, "joins"),
        share=share,
        least=_whole(section, "least", default=3),
        within_s=section.number("within_s", above=0),
        links_s=section.number("links_s", low=0, default=600),
        lists_all=section.flag("lists_all"),
        even=section.flag("even"),
        severity=section.word("severity", Severity),
        files=read_problem(section.section("files")),
        reason=read_words(section.section("reason")),
    )
    _check_reason(section, group)
    section.done()
    return group


def _check_reason(section: Section, group: Group) -> None:
    """Note what a reason names that nobody will be able to tell."""
    is_burst = group.over is Over.MAINS and not group.even
    known = PLACEHOLDERS | OF_BURST if is_burst else PLACEHOLDERS
    for key, text in (("zh", group.reason.zh), ("en", group.reason.en)):
        for what in unknown_placeholders(text, known):
            section.fault("reason", f"{key}: {what}")


def _flapping(section: Section) -> Flapping:
    flapping = Flapping(
        more_than=_whole(section, "more_than", default=4),
        within_s=section.number("within_s", above=0),
        settled_s=section.number("settled_s", above=0),
    )
    if flapping.settled_s < flapping.within_s:
        section.fault("settled_s", "must be at least within_s")
    section.done()
    return flapping


def _storm(section: Section) -> Storm:
    storm = Storm(
        budget=_whole(section, "budget", default=20),
        worst=_whole(section, "worst", default=3, low=0),
        worst_after_s=section.number("worst_after_s", above=0, default=60),
        quiet_s=section.number("quiet_s", above=0, default=300),
    )
    section.done()
    return storm


def _whole(section: Section, key: str, *, default: int, low: int = 1) -> int:
    number = section.number(key, low=low, default=default)
    if number != number or number % 1:  # noqa: PLR0124 NaN stands for a fault noted
        section.fault(key, "must be a whole number")
        return default
    return int(number)


def _codes(section: Section, key: str) -> tuple[str, ...]:
    if not section.has(key):
        return ()
    # Rules come and go; a group may name one that this city does not have.
    return tuple(section.text(key).replace(",", " ").split())
