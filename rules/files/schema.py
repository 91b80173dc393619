"""The JSON Schema of rule files, made of what their readers ask for.

It says which keys there are and what each may be. What hangs on several keys at once (a
ladder that rises, exactly one of above and below) only the reader says, and it says it
with line and column.
"""

import json
from collections.abc import Mapping, Sequence

from rules.conditions import READERS
from rules.files.rule_file import rule_from
from rules.files.schema_words import WORDS
from rules.files.sketch import Json, Path, Run, explored, one_or_more
from vocabulary.quantity import Quantity

TYPE: Path = ("condition", "type")
"""The key on which the others hang."""


def schema_text() -> str:
    """Return the schema as it is kept beside the rules: `gezhi rules schema`."""
    return json.dumps(rule_schema(), ensure_ascii=False, indent=2) + "\n"


def rule_schema() -> dict[str, Json]:
    """Return the schema (draft 2020-12)."""
    whole = {word: _of_type(word) for word in READERS}
    tops = [_properties(one) for one in whole.values()]
    union = {key: value for top in reversed(tops) for key, value in top.items()}
    shared = [k for k in union if all(k in _required(one) for one in whole.values())]
    conditions: list[Json] = [_properties(one)["condition"] for one in whole.values()]
    cases: list[Json] = [
        _if_type(word, one, union, shared) for word, one in whole.items()
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:gezhi:rule-file",
        "title": "Gezhi rule file",
        "description": WORDS[""],
        "type": "object",
        "properties": {
            **union,
            "condition": {"description": WORDS["condition"], "anyOf": conditions},
        },
        "required": [*shared],
        "additionalProperties": False,
        "allOf": cases,
        "$defs": {"quantity": {"enum": [*Quantity]}},
    }


def _of_type(word: str) -> dict[str, Json]:
    """Return the schema of rule files with one type of condition."""
    runs = list(explored(lambda top: rule_from(top, 1), {TYPE: word}))
    return object_schema((), runs, WORDS)


def object_schema(
    at: Path, runs: Sequence[Run], words: Mapping[str, str]
) -> dict[str, Json]:
    """Return the schema of one mapping.

    Args:
        at: Its keys from the top.
        runs: What the readers asked for.
        words: What keys mean, by whole path or the key alone.
    """
    inside = [run for run in runs if any(_is_in(at, path) for path in run.shapes)]
    paths = list({p: None for run in inside for p in run.shapes if _is_in(at, p)})
    kept = [path for path in paths if not _is_refused(path, runs)]
    required: list[Json] = [
        path[-1] for path in kept if all(path in run.required for run in inside)
    ]
    properties: dict[str, Json] = {path[-1]: _value(path, runs, words) for path in kept}
    found: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        found["required"] = required
    return found | {"additionalProperties": False}


def _value(
    path: Path, runs: Sequence[Run], meanings: Mapping[str, str]
) -> dict[str, Json]:
    """Return the schema of one key's value."""
    shapes = [run.shapes[path] for run in runs if path in run.shapes]
    shape = next((shape for shape in shapes if "enum" in shape), shapes[0])
    words = meanings.get(".".join(path), meanings.get(path[-1], ""))
    described: dict[str, Json] = {"description": words} if words else {}
    if "enum" in shape:
        words_left: list[Json] = [*_words_left(path, runs)]
        if words_left == [*Quantity]:
            return described | {"$ref": "#/$defs/quantity"}
        return described | {"enum": words_left}
    if any(_is_in(path, other) for run in runs for other in run.shapes):
        inner = object_schema(path, runs, meanings)
        is_many = "anyOf" in shape
        return described | (one_or_more(inner) if is_many else inner)
    return described | shape


def _words_left(path: Path, runs: Sequence[Run]) -> list[str]:
    """Return the words of a key that are no fault by themselves."""
    fixed = {run.choice.words.get(path) for run in runs}
    if None not in fixed:  # the type of the condition
        return [str(word) for word in fixed]
    known = next(run.words[path] for run in runs if path in run.words)
    bad = {run.choice.words.get(path) for run in runs if path in run.faults}
    good = {run.choice.words.get(path) for run in runs if path not in run.faults}
    # Where all are, the fault is another.
    return [word for word in known if word not in bad - good] or known


def _is_refused(path: Path, runs: Sequence[Run]) -> bool:
    """Tell whether a key is a fault whenever it is given."""
    is_refused = any(path in run.refused and run.choice.has(path) for run in runs)
    is_taken = any(
        path in run.shapes
        and path not in run.refused
        and (path not in run.doubted or run.choice.has(path))
        for run in runs
    )
    return is_refused and not is_taken


def _is_in(at: Path, path: Path) -> bool:
    return path[:-1] == at


def _if_type(
    word: str,
    one: dict[str, Json],
    union: Mapping[str, Json],
    shared: Sequence[str],
) -> dict[str, Json]:
    """Return what else holds for rules with one type of condition."""
    own = _properties(one)
    narrowed: dict[str, Json] = {key: False for key in union if key not in own}
    kind = own["kind"]
    if kind != union["kind"] and isinstance(kind, dict):
        narrowed["kind"] = {"enum": kind["enum"]}
    more: list[Json] = [key for key in _required(one) if key not in shared]
    found: dict[str, Json] = {"properties": narrowed} if narrowed else {}
    found |= {"required": more} if more else {}
    is_it: dict[str, Json] = {"properties": {"type": {"const": word}}}
    return {"if": {"properties": {"condition": is_it}}, "then": found}


def _properties(one: Mapping[str, Json]) -> dict[str, Json]:
    found = one["properties"]
    assert isinstance(found, dict)  # noqa: S101 - made so above
    return found


def _required(one: Mapping[str, Json]) -> list[str]:
    found = one.get("required", [])
    assert isinstance(found, list)  # noqa: S101 - made so above
    return [str(key) for key in found]
