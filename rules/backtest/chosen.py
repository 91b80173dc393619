"""Which rules a backtest is asked for: files, stored versions, those that are live."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rules.files.rule_file import parse_rule
from rules.plan.plan_source import RuleText
from store.connection import Connection
from store.rules.read import newest_versions, version_of
from store.rules.versions import live_rules

LIVE_WORD = "live"
"""In place of a rule: all that were live, each while it was."""

NOW_WORD = "now"
"""In place of a rule: all that are live now, from the beginning to the end."""

STORED = re.compile(r"([a-z][a-z0-9-]*)@(\d{1,9})")
"""A stored version of a rule."""


class NoSuchRuleError(LookupError):
    """What was asked for is no rule."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is tried.

    Attributes:
        rules: By ascending code, each code once.
        with_live: Whether the rules that were live judge beside them.
    """

    rules: tuple[RuleText, ...]
    with_live: bool


async def chosen_rules(
    connection: Connection, words: Sequence[str], sources: Sequence[str] = ()
) -> Chosen:
    """Return the rules that are named; of one code the last one named.

    Args:
        connection: Any.
        words: `live`, `now`, `CODE@VERSION`, YAML files, folders of them.
        sources: Rule files as text, named after the words.

    Raises:
        NoSuchRuleError: If a word means nothing.
        RuleFileError: If a rule is wrong.
    """
    found: dict[str, RuleText] = {}
    for word in words:
        for text in await _of_word(connection, word):
            found[text.code] = text
    for source in sources:
        text = await rule_of_text(connection, source)
        found[text.code] = text
    rules = tuple(found[code] for code in sorted(found))
    return Chosen(rules, LIVE_WORD in words)


async def rule_of_text(connection: Connection, source: str) -> RuleText:
    """Return a rule that is only a text; its version is one nobody has yet.

    Raises:
        RuleFileError: If it is wrong.
    """
    code = parse_rule(source, version=1).code
    stored = await newest_versions(connection)
    newest = max((row.version for row in stored if row.code == code), default=0)
    if newest:
        known = await version_of(connection, code, newest)
        if known is not None and known.source == source:
            return RuleText(code, newest, source)
    return RuleText(code, newest + 1, source)


async def _of_word(connection: Connection, word: str) -> list[RuleText]:
    if word == LIVE_WORD:
        return []
    if word == NOW_WORD:
        rules = await live_rules(connection)
        return [RuleText(rule.code, rule.version, rule.source) for rule in rules]
    if match := STORED.fullmatch(word):
        found = await version_of(connection, match[1], int(match[2]))
        if found is None:
            raise NoSuchRuleError(f"there is no rule {word}")
        return [RuleText(found.code, found.version, found.source)]
    return [await rule_of_text(connection, source) for source in _files(Path(word))]


def _files(path: Path) -> list[str]:
    if not path.exists():
        raise NoSuchRuleError(f"{path}: no such file, folder or CODE@VERSION")
    paths = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    return [each.read_text("utf-8") for each in paths]
