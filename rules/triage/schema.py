"""The JSON Schema of triage files, made of what their reader asks for."""

import json
from collections.abc import Mapping

from rules.files.schema import object_schema
from rules.files.sketch import Json, explored
from rules.triage.settings import settings_from

WORDS: Mapping[str, str] = {
    "flapping": "When an alarm that comes and goes is one case marked unstable.",
    "flapping.more_than": "So many raises of one alarm are still none.",
    "flapping.within_s": "In this time, by the samples' own clock.",
    "flapping.settled_s": "It has settled after so long without a raise.",
    "storm": "How many cases a rule may file in one sub-district and minute.",
    "storm.budget": "So many; more are one storm case.",
    "storm.worst": "So many of a storm's members are filed alone as well.",
    "storm.worst_after_s": "Chosen so long after the storm began.",
    "storm.quiet_s": "A storm takes members until none has come for so long.",
    "groups": "When many alarms below one thing are one alarm on that thing.",
    "groups.code": "The group's name: lower case, digits, hyphens.",
    "groups.name": "Its name for people.",
    "groups.over": "What the members hang from.",
    "groups.of": "Rules whose alarms are members, with blanks between them.",
    "groups.unknown": "Rules whose alarms count, but stay what they are.",
    "groups.cause": "Rules whose alarm on the upstream itself explains the members.",
    "groups.joins": "Rules whose alarms join a group that stands, and open none.",
    "groups.share": "Of the children that must be bad or unknown; at most 1.",
    "groups.least": "Fewest members.",
    "groups.within_s": "So long a member waits before it is filed alone.",
    "groups.links_s": "Members filed alone up to so long before are linked.",
    "groups.lists_all": "Children without an alarm are listed as unknown.",
    "groups.even": "Over mains: all points lose about as much.",
    "groups.severity": "How bad it is.",
    "groups.files": "The case it files.",
    "groups.files.type": "component (部件) or event (事件).",
    "groups.files.class_code": "Four digits in quotes, or of_component.",
    "groups.reason": "Why, for people; may name {upstream}, {bad}, {of} and others.",
}
"""Keep each to one line: an editor shows it beside the key."""


def triage_schema_text() -> str:
    """Return the schema as it is kept beside the rules: `gezhi triage schema`."""
    return json.dumps(triage_schema(), ensure_ascii=False, indent=2) + "\n"


def triage_schema() -> dict[str, Json]:
    """Return the schema (draft 2020-12)."""
    runs = list(explored(lambda top: settings_from(top, 1), {}))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:gezhi:triage-file",
        "title": "Gezhi triage file",
        "description": "What is not filed alarm by alarm: groups, flapping, storms.",
        **object_schema((), runs, WORDS),
    }
