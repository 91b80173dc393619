"""The JSON Schema of rule files and their readers say the same."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import rules
from rules.conditions import READERS
from rules.files.located import Fault
from rules.files.rule_file import RuleFileError, parse_rule
from rules.files.schema import schema_text
from rules.files.schema_words import WORDS
from rules.trial.suite import rule_text
from tests.rules.timeline import cases_in
from tests.rules.town import SHIPPED

KEPT = Path(rules.__file__).parent / "rule.schema.json"
TIMELINES = Path(__file__).parents[1] / "rules"
SCHEMA: dict[str, Any] = json.loads(schema_text())
CHECK = Draft202012Validator(SCHEMA)


def texts() -> list[str]:
    """Return every rule file that is shipped or that a timeline has."""
    named = [
        rule for p in TIMELINES.glob("*.toml") for c in cases_in(p) for rule in c.rules
    ]
    found = {rule_text(rule, TIMELINES) for rule in named}
    return sorted(found | {path.read_text("utf-8") for path in SHIPPED.glob("*.yaml")})


def plain(node: yaml.Node | None) -> object:
    """Return a YAML text as an editor sees it: the core schema of YAML 1.2."""
    if isinstance(node, yaml.MappingNode):
        return {key.value: plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    assert isinstance(node, yaml.ScalarNode)
    text = str(node.value)
    if node.style is None:
        if text in ("true", "false"):
            return text == "true"
        try:
            return float(text)
        except ValueError:
            return text
    return text


def document(text: str) -> dict[str, object]:
    found = plain(yaml.compose(text, Loader=yaml.SafeLoader))
    assert isinstance(found, dict)
    return found


def accepts(content: object) -> bool:
    """Tell whether the reader accepts what a JSON document says."""
    try:
        parse_rule(json.dumps(content), version=1)
    except RuleFileError:
        return False
    return True


def test_the_schema_is_one_and_is_kept_as_the_readers_say_it() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert KEPT.read_text("utf-8") == schema_text(), (
        "the readers of rule files have changed:"
        " gezhi rules schema > rules/rule.schema.json"
    )


@pytest.mark.parametrize("text", texts(), ids=lambda text: text.split()[1])
def test_every_rule_there_is_validates(text: str) -> None:
    parse_rule(text, version=1)
    assert [error.message for error in CHECK.iter_errors(document(text))] == []


@pytest.mark.parametrize("text", texts(), ids=lambda text: text.split()[1])
def test_a_key_too_much_or_too_little_is_wrong_for_both(text: str) -> None:
    for place, key in keys_in(document(text)):
        changed = document(text)
        at(changed, place)["no_such_key"] = 1
        assert not CHECK.is_valid(changed), place
        assert not accepts(changed)
        changed = document(text)
        del at(changed, place)[key]
        if not CHECK.is_valid(changed):
            assert not accepts(changed), [e.message for e in CHECK.iter_errors(changed)]


def keys_in(
    value: object, place: tuple[str | int, ...] = ()
) -> list[tuple[tuple[str | int, ...], str]]:
    """Return every key of every mapping, and the place of that mapping."""
    if isinstance(value, list):
        return [k for n, one in enumerate(value) for k in keys_in(one, (*place, n))]
    if not isinstance(value, dict):
        return []
    deeper = [k for key, one in value.items() for k in keys_in(one, (*place, key))]
    return [*((place, key) for key in value), *deeper]


def at(content: object, place: tuple[str | int, ...]) -> dict[str, object]:
    for step in place:
        assert isinstance(content, dict | list)
        content = content[step]  # type: ignore[index] # the place is of this very document
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize("word", READERS)
def test_every_key_of_the_schema_is_one_for_the_reader(word: str) -> None:
    """Each key with no other, with one other, or with all: once the reader takes it."""
    properties = SCHEMA["properties"]
    condition = next(
        one
        for one in properties["condition"]["anyOf"]
        if one["properties"]["type"]["enum"] == [word]
    )
    refused = next(
        one["then"].get("properties", {})
        for one in SCHEMA["allOf"]
        if one["if"]["properties"]["condition"]["properties"]["type"]["const"] == word
    )
    kept = {k: one for k, one in properties.items() if refused.get(k) is not False}
    whole = {"type": "object", "properties": {**kept, "condition": condition}}
    for place, mapping in mappings_in(whole):
        keys = list(mapping["properties"])
        for key in keys:
            others = [[], *([other] for other in keys), keys]
            assert any(
                not is_unknown(whole, place, mapping, {key, *other}) for other in others
            ), (place, key)


def mappings_in(
    schema: dict[str, Any], place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yield every mapping of a schema, and the keys that lead there."""
    schema = schema.get("anyOf", [schema])[0]
    if schema.get("type") == "object":
        yield place, schema
        for key, one in schema["properties"].items():
            yield from mappings_in(one, (*place, key))


def is_unknown(
    whole: dict[str, Any],
    place: tuple[str, ...],
    mapping: dict[str, Any],
    keys: set[str],
) -> bool:
    """Tell whether the reader does not know some keys of a mapping, others required."""
    content = sample(whole)
    required = {*mapping.get("required", ()), *keys}
    part = at(content, place)
    for key in list(part):
        if key not in required:
            del part[key]
    where = ".".join(place)
    return any(
        fault.where in {f"{where}.{key}".strip(".") for key in keys}
        and "is not a key here" in fault.what
        for fault in faults_of(json.dumps(content))
    )


def faults_of(text: str) -> Sequence[Fault]:
    try:
        parse_rule(text, version=1)
    except RuleFileError as error:
        return error.faults
    return ()


def sample(schema: object) -> object:  # noqa: PLR0911 one for each kind of schema
    """Return something that a schema allows, with all that it may have."""
    assert isinstance(schema, dict)
    if "$ref" in schema:
        return "tilt_deg"
    if "enum" in schema:
        return schema["enum"][-1]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    match schema["type"]:
        case "object":
            return {key: sample(one) for key, one in schema["properties"].items()}
        case "number":
            least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
            return max(least, 1)
        case "boolean":
            return True
        case _:
            return {"zh": "a"}.get(schema.get("pattern", "zh"), "text")


def test_every_key_that_is_described_is_there() -> None:
    text = schema_text()
    assert [words for words in WORDS.values() if words not in text] == []


SOUND = """\
code: cover-opened
name: {zh: 井盖开启, en: Cover opened}
kind: cover
quantity: tilt_deg
condition:
  type: threshold
  above: 30
  severity: critical
on_delay_s: 0
safety: true
files:
  type: component
  scheme: gbt30428.2-2013
  class_code: of_component
  condition: cover_missing_or_displaced
  title: {zh: 井盖缺失或开启, en: Cover missing or open}
reason: {zh: "{device}", en: "{device}"}
source: test
"""

FAULTY = (
    ("above: 30", "above: thirty"),
    ("kind: cover", "kind: manhole"),
    ("severity: critical", "severity: terrible"),
    ("on_delay_s: 0", "on_delay_s: -1"),
    ("safety: true", "safety: 'yes'"),
    ("quantity: tilt_deg", "quantity: tilt"),
    ("type: threshold", "type: thresholds"),
    ("code: cover-opened", "code: Cover Opened"),
    ("zh: 井盖开启,", ""),
    ("condition: cover_missing_or_displaced", "condition: Gone!"),
    ("type: component", "type: thing"),
    ("quantity: tilt_deg", "quantity: tilt_deg\nquantities: 1"),
)


@pytest.mark.parametrize(("old", "new"), FAULTY)
def test_a_faulty_file_is_wrong_for_both_and_the_reader_says_where(
    old: str, new: str
) -> None:
    assert CHECK.is_valid(document(SOUND))
    assert old in SOUND
    text = SOUND.replace(old, new, 1)
    with pytest.raises(RuleFileError) as caught:
        parse_rule(text, version=1)
    assert all(
        fault.line > 1 or old.startswith("code") for fault in caught.value.faults
    )
    assert all(fault.column > 0 for fault in caught.value.faults)
    assert not CHECK.is_valid(document(text))
