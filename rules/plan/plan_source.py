"""What a plan is compiled from: rule files and devices, to be written down and read."""

from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from rules.plan.subject import Subject
from rules.triage.maintenance import Maintenance
from vocabulary.lighting import LampProgramme
from vocabulary.registry_facts import GeofenceFacts, PipeFacts

FORMAT = 3
"""Of the written form, and of what compiling makes of it."""


LIVE, SHADOW = "live", "shadow"
"""Stages of rules that judge; only a live one's alarms are filed."""


class RuleText(msgspec.Struct, frozen=True):
    """One version of a rule file.

    Attributes:
        code: The rule.
        version: Its version.
        source: The YAML as its author wrote it.
        stage: live, or shadow for a rule on trial.
    """

    code: str
    version: int
    source: str
    stage: str = LIVE


def live_last(texts: Iterable[RuleText]) -> list[RuleText]:
    """Return rules so that of a rule's versions the live one comes last."""
    return sorted(texts, key=lambda text: text.stage == LIVE)


class PlanSource(msgspec.Struct, frozen=True):
    """What a plan is compiled from; can be written down and read back.

    Attributes:
        rules: Live rules and those on trial, by ascending code and version.
        subjects: Devices, by ascending id.
        registry_version: Of the registry they were read from.
        time_zone: The city's IANA zone, for rules that speak of local times.
        triage: The triage file in force, if any.
        windows: Maintenance windows that were not over, by ascending id.
        splits: Rule, version and device of alarms that stand for no group any more.
        geofences: Those that the rules name, by ascending id.
        programmes: Lamp programmes, by ascending code.
        pipes: Water mains, by ascending code.
    """

    rules: tuple[RuleText, ...]
    subjects: tuple[Subject, ...]
    registry_version: int
    time_zone: str = "Asia/Shanghai"
    triage: RuleText | None = None
    windows: tuple[Maintenance, ...] = ()
    splits: tuple[tuple[str, int, int], ...] = ()
    geofences: tuple[GeofenceFacts, ...] = ()
    programmes: tuple[LampProgramme, ...] = ()
    pipes: tuple[PipeFacts, ...] = ()


class PlanSourceError(ValueError):
    """A written plan's source is not of this release."""


def source_written(source: PlanSource) -> bytes:
    """Return a plan's source as octets; equal sources give equal octets."""
    return msgspec.json.encode(source)


def source_pieces(source: PlanSource) -> list[bytes]:
    """Return what `source_written` does, cut before each field's octets.

    A change leaves most pieces as they were: rules come and go without the devices.
    """
    names = source.__struct_fields__
    parts = [
        f'"{name}":'.encode() + msgspec.json.encode(getattr(source, name))
        for name in names
    ]
    return [b"{" + parts[0], *(b"," + part for part in parts[1:]), b"}"]


def source_from(octets: bytes) -> PlanSource:
    """Return the plan's source that `source_written` gave.

    Raises:
        PlanSourceError: If this release cannot read it.
    """
    try:
        return msgspec.json.decode(octets, type=PlanSource)
    except msgspec.DecodeError as error:
        raise PlanSourceError(f"not a plan's source: {error}") from error


def plan_key(source: PlanSource) -> str:
    """Return what tells the plans of different sources and releases apart."""
    digest = blake2b(source_written(source), digest_size=16)
    return f"{FORMAT}:{digest.hexdigest()}"
