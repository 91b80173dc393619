"""The rules, devices and windows there are, as a plan's source."""

import logging
from datetime import datetime

from devices.registry.snapshot import Snapshot
from rules.conditions.fence_keys import geofences_of
from rules.files.rule_file import RuleFileError, parse_rule
from rules.plan.plan_source import PlanSource, RuleText
from rules.plan.subject import subjects_of
from rules.triage.maintenance import Maintenance
from rules.triage.settings import TriageFileError, read_settings
from store.cases.splits import lasting_splits
from store.connection import Connection
from store.registry.facts import registry_version
from store.rules.triage_files import triage_file
from store.rules.versions import JudgingRule, judging_rules
from store.rules.windows import windows_from
from vocabulary.times import us_from_datetime

log = logging.getLogger(__name__)


async def current_source(
    connection: Connection,
    snapshot: Snapshot,
    *,
    at: datetime,
    time_zone: str,
    as_of: int | None = None,
) -> PlanSource:
    """Return the rules that are live and the devices that are registered now.

    Args:
        connection: Any.
        snapshot: The registry.
        at: Maintenance windows that are over by then are left out.
        time_zone: The city's IANA zone.
        as_of: The entry up to which changes of rules count; None for all of them.
    """
    judging = await judging_rules(connection, as_of=as_of)
    rules = [rule for rule in judging if _is_sound(rule)]
    parsed = [parse_rule(rule.source, version=rule.version) for rule in rules]
    return PlanSource(
        rules=tuple(map(_text, rules)),
        subjects=subjects_of(snapshot),
        registry_version=snapshot.version,
        time_zone=time_zone,
        triage=_sound_triage(await triage_file(connection, as_of=as_of)),
        windows=await _windows(connection, at),
        splits=tuple(await lasting_splits(connection)),
        geofences=geofences_of(parsed, snapshot.geofences.values()),
        programmes=tuple(snapshot.programmes.values()),
        pipes=snapshot.pipes,
    )


async def is_current(
    connection: Connection, source: PlanSource, at: datetime, as_of: int | None
) -> bool:
    """Tell cheaply whether rules, windows and the registry are what they were.

    Args:
        connection: Any.
        source: What they were.
        at: Maintenance windows that are over by then do not count.
        as_of: The entry up to which changes of rules count; None for all of them.
    """
    judging = await judging_rules(connection, as_of=as_of)
    rules = [(rule.code, rule.version, rule.stage) for rule in judging]
    version = await registry_version(connection)
    at_us = us_from_datetime(at)
    lasting = tuple(w for w in source.windows if w.until_us > at_us)
    return (
        version == source.registry_version
        and rules == [(text.code, text.version, text.stage) for text in source.rules]
        and _sound_triage(await triage_file(connection, as_of=as_of)) == source.triage
        and await _windows(connection, at) == lasting
        and tuple(await lasting_splits(connection)) == source.splits
    )


async def _windows(connection: Connection, at: datetime) -> tuple[Maintenance, ...]:
    return tuple(
        Maintenance(
            id=window.id,
            from_us=us_from_datetime(window.from_at),
            until_us=us_from_datetime(window.until_at),
            component_id=window.component_id,
            circuit_id=window.circuit_id,
            gateway_id=window.gateway_id,
            device_id=window.device_id,
            cell_id=window.cell_id,
            rule=window.rule,
            safety=window.safety,
        )
        for window in await windows_from(connection, at)
    )


def _sound_triage(found: tuple[int, str] | None) -> RuleText | None:
    """Return the triage file, if there is one that this release understands."""
    if found is None:
        return None
    version, source = found
    try:
        read_settings(source, version=version)
    except TriageFileError as error:
        log.error("rules: left out the triage file: %s", error)  # noqa: TRY400 its own words say it
        return None
    return RuleText("triage", version, source)


def _text(rule: JudgingRule) -> RuleText:
    return RuleText(rule.code, rule.version, rule.source, rule.stage)


def _is_sound(rule: JudgingRule) -> bool:
    """Tell whether this release understands a rule; a bad one must not stop others."""
    try:
        parse_rule(rule.source, version=rule.version, name=rule.code)
    except RuleFileError as error:
        log.error("rules: left out %s: %s", rule.code, error)  # noqa: TRY400 its own words say it
        return False
    return True
