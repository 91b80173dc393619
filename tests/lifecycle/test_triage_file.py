"""The triage file is checked whole, versioned, and taken at an entry of the journal."""

import json
from pathlib import Path

import asyncpg
import pytest
from jsonschema import Draft202012Validator

import rules
from rules.lifecycle.triage_versions import (
    StaleVersionError,
    put_triage,
    triage_changes,
)
from rules.lifecycle.versions import UnknownVersionError
from rules.triage.schema import triage_schema, triage_schema_text
from rules.triage.settings import TriageFileError, read_settings
from store.journal.entries import Kind, read
from store.rules.triage_files import triage_versions
from store.rules.versions import Change
from tests.lifecycle.test_schema import at, document, keys_in
from tests.rules.city_feed import NOON

KEPT = Path(rules.__file__).parent / "triage.schema.json"
SHIPPED = (Path(rules.__file__).parent / "triage" / "shipped.yaml").read_text("utf-8")
CHECK = Draft202012Validator(triage_schema())
STORM = "storm: {budget: 5}\n"


def test_the_schema_is_kept_as_the_reader_says_it() -> None:
    Draft202012Validator.check_schema(triage_schema())
    assert KEPT.read_text("utf-8") == triage_schema_text(), (
        "the reader of triage files has changed:"
        " gezhi triage schema > rules/triage.schema.json"
    )


def test_the_shipped_file_is_right_for_both_and_a_key_too_much_wrong_for_both() -> None:
    read_settings(SHIPPED, version=1)
    assert [error.message for error in CHECK.iter_errors(document(SHIPPED))] == []
    for place, key in keys_in(document(SHIPPED)):
        for change in ("more", "less"):
            changed = document(SHIPPED)
            if change == "more":
                at(changed, place)["no_such_key"] = 1
                assert not CHECK.is_valid(changed), place
            else:
                del at(changed, place)[key]
            if not CHECK.is_valid(changed):
                with pytest.raises(TriageFileError):
                    read_settings(json.dumps(changed), version=1)


def test_all_faults_are_told_at_once_with_line_and_column() -> None:
    wrong = SHIPPED.replace("{metres}", "{miles}").replace("budget: 10", "budget: 0.5")
    with pytest.raises(TriageFileError) as told:
        read_settings(wrong + "\nstorms: {}\n", version=1)
    places = [(f.line, f.where, f.what.partition(";")[0]) for f in told.value.faults]
    assert [where for _, where, _ in places] == [
        "storm.budget",
        "storm.budget",
        "groups[5].reason",
        "groups[5].reason",
        "storms",
    ]
    assert all(line > 1 for line, _, _ in places)


def test_a_reason_may_name_a_place_on_a_pipe_only_where_there_is_one() -> None:
    wrong = SHIPPED.replace("{bad} of {of} points lost", "{metres} of {of} points lost")
    with pytest.raises(TriageFileError, match="metres"):
        read_settings(wrong, version=1)


@pytest.mark.db
async def test_a_version_has_an_author_and_a_diff_and_is_told_to_the_journal(
    connection: asyncpg.Connection,
) -> None:
    first = await put_triage(connection, STORM, Change(author="Li", at=NOON))
    change = Change(author="Wu", at=NOON, note="the flood of June")
    second = await put_triage(
        connection, STORM.replace("5", "9"), change, after=first.version
    )
    assert second.version == first.version + 1
    newest, *_ = await triage_versions(connection, before=None, limit=5)
    assert (newest.author, newest.note) == ("Wu", "the flood of June")
    diff = await triage_changes(connection, first.version, second.version)
    assert "-storm: {budget: 5}\n+storm: {budget: 9}" in diff
    told = [e for e in await read(connection, after=0, limit=9) if e.kind is Kind.RULES]
    assert [json.loads(entry.body) for entry in told] == [
        {"triage": first.version},
        {"triage": second.version},
    ]
    with pytest.raises(StaleVersionError):
        await put_triage(connection, STORM, change, after=first.version)
    with pytest.raises(UnknownVersionError):
        await triage_changes(connection, first.version, 99)
