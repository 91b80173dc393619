"""Rule files and their timelines from the command line, without a database."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from rules.files.rule_file import RuleFileError, parse_rule
from rules.trial.picture import picture
from rules.trial.suite import Covered, Result, coverage, results_in

USAGE = 2
"""Exit code where there was nothing to do, or it could not be read."""


def check(files: Sequence[Path]) -> int:
    """Print everything that is wrong with rule files; 1 if anything is, 2 if unread."""
    code = 0
    for path in files:
        try:
            rule = parse_rule(path.read_text("utf-8"), version=1, name=str(path))
            typer.echo(f"{path}: {rule.code}: sound")
        except RuleFileError as error:
            typer.echo(str(error))
            code = max(code, 1)
        except (OSError, UnicodeDecodeError) as error:
            typer.echo(f"gezhi: {path}: {error}", err=True)
            code = USAGE
    return code


def test(folder: Path, *, verbose: bool) -> int:
    """Play the timelines below a folder and print what came of them.

    Returns:
        0 if all is as their authors say, 1 if not, 2 if there are none.
    """
    results = []
    for result in results_in(folder):
        results.append(result)
        _show(result, verbose=verbose)
    if not results:
        typer.echo(f"gezhi: no timelines (*.toml) below {folder}", err=True)
        return USAGE
    covered = coverage(results, folder)
    Console(highlight=False).print(_coverage_table(covered))
    wrong = sum(not result.is_right for result in results)
    half = [code for code, one in covered.items() if not one.is_whole]
    typer.echo(f"{len(results) - wrong} of {len(results)} timelines are right")
    if half:
        typer.echo(f"a hit and a near miss are wanted of {', '.join(half)}")
    return 1 if wrong else 0


def _show(result: Result, *, verbose: bool) -> None:
    name = result.case.name if result.case is not None else ""
    typer.echo(f"{'pass' if result.is_right else 'FAIL'}  {result.file}: {name}")
    for line in result.why.splitlines():
        typer.echo(f"        {line}")
    if result.played is not None and (verbose or not result.is_right):
        for line in picture(result.played):
            typer.echo(f"        {line}")


def _coverage_table(covered: Mapping[str, Covered]) -> Table:
    table = Table("rule", box=None)
    for column in ("hits", "near misses"):
        table.add_column(column, justify="right")
    for code, one in covered.items():
        table.add_row(code, str(one.hits), str(one.near))
    return table
