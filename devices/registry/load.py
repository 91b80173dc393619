"""Import of a city's folder: checked whole, written whole or not at all, repeatable.

Tortoise models would write row by row on a connection of their own. Here the rows go in
by statements of many rows on the caller's asyncpg connection, because the journal's
entry about them must be in the same transaction.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path

from devices.registry.checks import check_rows
from devices.registry.city import FILES, City, ReadLine, read_city
from devices.registry.city_facts import SETTINGS
from devices.registry.import_result import (
    Change,
    ImportResult,
    Outcome,
    Problem,
    RowResult,
)
from devices.registry.placing import Placing
from devices.registry.report import Report
from store.connection import Connection
from store.journal import entries as journal
from store.journal.body import json_body
from store.registry.by_code import read_rows
from store.registry.facts import lock_registry, move_version
from store.registry.rows import Row, Rows
from store.registry.write import make_series, write_rows

KINDS = tuple(field.name for field in fields(Rows))
"""Kinds of rows in the order they can be written."""


async def import_city(
    connection: Connection, folder: Path, *, dry_run: bool, at: datetime
) -> ImportResult:
    """Import a city's folder into the registry.

    One transaction: if anything is wrong, nothing is written. A row that is as the
    database has it is left alone; if all are, the version stands still. A dry run
    writes too, so that the database has its say, and takes everything back.

    Args:
        connection: Not in a transaction that others wait for.
        folder: The city's files.
        dry_run: Whether to take everything back.
        at: The platform's time, for the journal.
    """
    city = read_city(folder)
    transaction = connection.transaction()
    await transaction.start()
    try:
        result = await _import(connection, city, dry_run=dry_run, at=at)
    except BaseException:
        await transaction.rollback()
        raise
    if dry_run or result.is_refused:
        await transaction.rollback()
    else:
        await transaction.commit()
    return result


async def _import(
    connection: Connection, city: City, *, dry_run: bool, at: datetime
) -> ImportResult:
    version = await lock_registry(connection)
    existing = await read_rows(connection)
    judged = judge(city, existing)
    series_made, version_after = 0, version
    if not judged.problems:
        await write_rows(connection, judged.changed)
        series_made = await make_series(connection)
        if series_made or any(getattr(judged.changed, kind) for kind in KINDS):
            version_after = await move_version(connection)
    if version_after != version and not dry_run:
        body = json_body({"version": version_after})
        await journal.append(connection, journal.Kind.REGISTRY, body, at=at)
    return ImportResult(
        rows=judged.results,
        problems=judged.problems,
        absent=_absent(city, existing),
        series_made=series_made,
        version_before=version,
        version_after=version_after,
        dry_run=dry_run,
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be done with the rows of a city.

    Attributes:
        results: What becomes of each row.
        problems: All that is wrong, in the order of files and lines.
        changed: Rows to be written.
    """

    results: tuple[RowResult, ...]
    problems: tuple[Problem, ...]
    changed: Rows


def judge(city: City, existing: Rows) -> Judged:
    """Compare what files declare with what the database has; check both together."""
    report = Report(city)
    declared = _placed(city, _merged(city.rows, existing), report)
    check_rows(city, _merged(declared, existing), report)
    problems = _in_order([*city.problems, *report.problems])
    bad = {(problem.file, problem.line) for problem in problems}
    results = [_result(read, declared, existing, bad) for read in city.lines]
    touched = {
        (result.kind, result.code)
        for result in results
        if result.outcome in {Outcome.CREATED, Outcome.UPDATED}
    }
    changed = {
        kind: {
            code: row
            for code, row in getattr(declared, kind).items()
            if (kind, code) in touched
        }
        for kind in KINDS
    }
    return Judged(tuple(results), problems, Rows(**changed))


def _merged(declared: Rows, existing: Rows) -> Rows:
    """Return the registry as it would be with what is declared."""
    return Rows(
        **{
            kind: {**getattr(existing, kind), **getattr(declared, kind)}
            for kind in KINDS
        }
    )


def _placed(city: City, merged: Rows, report: Report) -> Rows:
    """Return the declared rows with the cells and places that follow."""
    placing = Placing(city, merged, report)
    rows = city.rows
    components = {c.code: placing.component(c) for c in rows.components.values()}
    devices = {d.code: placing.device(d, components) for d in rows.devices.values()}
    return replace(rows, components=components, devices=devices)


def _in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    order = [SETTINGS, *FILES.values()]
    return tuple(sorted(problems, key=lambda p: (order.index(p.file), p.line)))


def _result(
    read: ReadLine, declared: Rows, existing: Rows, bad: set[tuple[str, int]]
) -> RowResult:
    """Return what becomes of one line's row."""
    file, line = read.line.file, read.line.number
    row = getattr(declared, read.kind).get(read.code)
    known = getattr(existing, read.kind).get(read.code)
    changes: tuple[Change, ...] = ()
    if row is None or (file, line) in bad:
        outcome = Outcome.ERROR
    elif known is None:
        outcome = Outcome.CREATED
    else:
        changes = tuple(_changes(known, row))
        outcome = Outcome.UPDATED if changes else Outcome.UNCHANGED
    return RowResult(read.kind, read.code, outcome, file, line, changes)


def _changes(before: Row, after: Row) -> Iterator[Change]:
    """Yield the fields in which two rows of one kind differ."""
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if field.compare and old != new:
            yield Change(field.name, _shown(old), _shown(new))


def _shown(value: object) -> str:
    if value is None:
        return ""
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _absent(city: City, existing: Rows) -> dict[str, tuple[str, ...]]:
    """Return what the database has and the files, where they are there, have not."""
    return {
        kind: tuple(sorted(getattr(existing, kind).keys() - city.codes(kind)))
        for kind in KINDS
        if kind in city.present
    }
