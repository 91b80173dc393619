"""Rules put in place of others in a plan's source. Pure."""

from dataclasses import dataclass

import msgspec

from rules.conditions.fence_keys import geofences_of
from rules.files.rule_file import parse_rule
from rules.plan.plan_source import PlanSource, RuleText
from vocabulary.registry_facts import GeofenceFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is tried.

    Attributes:
        rules: Rules that take the place of those of the same code.
        with_live: Whether the other rules judge too, as they did; else only these.
        geofences: All that are registered now, for rules that name others than those
            before them did.
    """

    rules: tuple[RuleText, ...]
    with_live: bool
    geofences: tuple[GeofenceFacts, ...]


def source_with(source: PlanSource, tried: Tried) -> PlanSource:
    """Return a source with what is tried in it; the same if that is nothing.

    Raises:
        RuleFileError: If this release does not understand a rule.
    """
    if tried.with_live and not tried.rules:
        return source
    codes = {text.code for text in tried.rules}
    others = [text for text in source.rules if text.code not in codes]
    texts = [*tried.rules, *(others if tried.with_live else ())]
    texts.sort(key=lambda text: (text.code, text.version))
    parsed = [
        parse_rule(text.source, version=text.version, name=text.code) for text in texts
    ]
    fences = {fence.id: fence for fence in tried.geofences}
    fences |= {fence.id: fence for fence in source.geofences}
    return msgspec.structs.replace(
        source, rules=tuple(texts), geofences=geofences_of(parsed, fences.values())
    )
