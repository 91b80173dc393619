"""Everything that docs/rules.md shows of rules and timelines is what it says it is."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from gezhi.cli.app import app
from rules.conditions import READERS
from rules.files.rule_file import parse_rule
from rules.triage.settings import read_settings
from rules.trial.suite import Result, coverage, results_in

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
TEXT = PAGE.read_text("utf-8")

AROUND = """\
code: around
name: {zh: 例, en: Example}
kind: KIND
quantity: power_w
condition: {type: threshold, above: 30, severity: minor}
reason: {zh: "{device}", en: "{device}"}
source: docs
"""
"""What a rule needs beside the few keys that a block shows."""

MANNERS = """\
flapping: {more_than: 4, within_s: 600, settled_s: 900}
storm: {budget: 10, worst: 3, worst_after_s: 60, quiet_s: 300}
"""
"""The same of a triage file."""

OWN_KINDS = {"geofence": "vehicle", "lamp": "lamp", "expression": "cover"}
"""Kind of the devices that a fragment is for, by a word in it; else lamps."""


@dataclass(frozen=True)
class Block:
    """One fenced block of the page."""

    line: int
    language: str
    text: str


def blocks() -> list[Block]:
    found = re.finditer(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [Block(TEXT.count("\n", 0, m.start()) + 1, m[1], m[2]) for m in found]


def whole_rules() -> list[Block]:
    return [b for b in blocks() if b.language == "yaml" and "code" in keys(b.text)]


def keys(text: str) -> dict[str, object]:
    found = yaml.safe_load(text)
    return found if isinstance(found, dict) else {}


def completed(block: Block) -> str:
    """Return a whole rule file around the keys that a block shows."""
    shown = keys(block.text)
    kind = next((k for word, k in OWN_KINDS.items() if word in block.text), "lamp")
    around = AROUND.replace("KIND", kind)
    if "while" in shown:
        inner = "".join(f"  {line}\n" for line in block.text.splitlines())
        text = "condition:\n  type: threshold\n  above: 30\n  severity: minor\n" + inner
        shown = {"condition": None}
    else:
        text = block.text
    if "condition" in shown:
        around = re.sub(r"^condition:.*\n", "", around, flags=re.MULTILINE)
        if "while" not in keys(block.text):
            around = around.replace("quantity: power_w\n", "")
    return around + text


@pytest.mark.parametrize("block", blocks(), ids=lambda b: f"line {b.line}")
def test_every_yaml_block_is_read_without_a_fault(block: Block) -> None:
    if block.language != "yaml":
        return
    if "groups" in keys(block.text):
        assert read_settings(MANNERS + block.text, version=1).groups
    elif keys(block.text):
        text = block.text if block in whole_rules() else completed(block)
        parse_rule(text, version=1)
    else:
        assert block.text.startswith("# yaml-language-server: $schema=")


@pytest.mark.parametrize("condition", sorted(READERS))
def test_every_condition_has_a_whole_rule(condition: str) -> None:
    rules = [parse_rule(block.text, version=1) for block in whole_rules()]
    module = READERS[condition].__module__
    assert any(type(rule.condition).__module__ == module for rule in rules)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Result], Path]:
    """Play every timeline of the page, of the rule above it if it names none."""
    folder = tmp_path_factory.mktemp("docs")
    code = ""
    for block in blocks():
        if block.language == "yaml" and block in whole_rules():
            code = str(keys(block.text)["code"])
            (folder / f"{code}.yaml").write_text(block.text, "utf-8")
        if block.language == "toml":
            head = "" if block.text.startswith("rule") else f'rule = "{code}"\n\n'
            (folder / f"{block.line}.toml").write_text(head + block.text, "utf-8")
    return list(results_in(folder)), folder


def test_every_timeline_comes_out_as_the_page_says(
    played: tuple[list[Result], Path],
) -> None:
    results, _ = played
    assert len(results) >= 2 * len(READERS)
    wrong = [r for r in results if not r.is_right]
    assert not wrong, [(r.file, r.case and r.case.name, r.why) for r in wrong]


def test_every_example_has_a_hit_and_a_near_miss(
    played: tuple[list[Result], Path],
) -> None:
    results, folder = played
    covered = coverage(results, folder)
    examples = {str(keys(b.text)["code"]) for b in whole_rules()} - {"ponding"}
    assert examples
    assert [code for code in sorted(examples) if not covered[code].is_whole] == []


def commands() -> list[list[str]]:
    found = re.findall(r"`gezhi ([a-z][^`]*)`", TEXT)
    said = {re.match(r"[a-z ]*[a-z]", words)[0].strip() for words in found}  # type: ignore[index]
    return [words.split() for words in sorted(said)]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_that_the_page_names_exists(words: list[str]) -> None:
    done = CliRunner().invoke(app, [*words, "--help"])
    assert done.exit_code == 0, done.output
