"""`gezhi rules`: the worker that judges; with a further word, the rules themselves."""

from pathlib import Path
from typing import Annotated

import typer

from gezhi.cli.settings import complain, needed, settings_or_exit
from gezhi.settings import SettingError, Settings
from vocabulary.rule_stage import RuleStage

rules = typer.Typer(
    invoke_without_command=True,
    help="Run the rules worker; or see, check, try and change rules.",
)

Code = Annotated[str, typer.Argument(help="The rule's code.")]
Version = Annotated[int, typer.Argument(min=1, help="Its version.")]
By = Annotated[str, typer.Option(help="Who does it; the user of this machine.")]
Note = Annotated[str, typer.Option(help="What has changed, or why.")]


@rules.callback()
def run(context: typer.Context) -> None:
    """Run the worker (the journal in, alarms and cases out), if no word follows."""
    if context.invoked_subcommand is not None:
        return
    from gezhi.processes.rules import run_rules_worker
    from gezhi.processes.until_told import run_until_told

    try:
        run_until_told(run_rules_worker(settings_or_exit()))
    except SettingError as error:
        complain(str(error))
        raise typer.Exit(2) from None


@rules.command("list")
def rules_list(
    stage: Annotated[
        RuleStage | None, typer.Option(help="Only these; all but the retired.")
    ] = None,
) -> None:
    """List rules: versions, stages, and how many devices each judges."""
    from gezhi.commands.rule_shelf import show_list

    raise typer.Exit(show_list(_dsn(), stage, time_zone=_time_zone()))


@rules.command("show")
def rules_show(
    code: Code,
    version: Annotated[
        int, typer.Argument(min=0, help="Its version; 0 for its newest.")
    ] = 0,
) -> None:
    """Show a version: its text, every stage it came to, and whom it judges."""
    from gezhi.commands.rule_shelf import show_one

    raise typer.Exit(show_one(_dsn(), code, version, time_zone=_time_zone()))


@rules.command("check")
def rules_check(
    files: Annotated[list[Path], typer.Argument(help="Rule files, YAML.")],
) -> None:
    """Say everything that is wrong with rule files; needs no database."""
    from gezhi.commands.rule_files import check

    raise typer.Exit(check(files))


@rules.command("put")
def rules_put(
    file: Annotated[Path, typer.Argument(help="A rule file, YAML.")],
    by: By = "",
    note: Note = "",
) -> None:
    """Check a rule file and put it in as a draft."""
    from gezhi.commands.rule_shelf import put

    raise typer.Exit(put(_dsn(), file, by=by, note=note))


@rules.command("stage")
def rules_stage(
    code: Code,
    version: Version,
    stage: Annotated[RuleStage, typer.Argument(help="The stage to come to.")],
    by: By = "",
    note: Note = "",
    *,
    confirm: Annotated[
        bool,
        typer.Option("--confirm", help="Though a department would get too much."),
    ] = False,
) -> None:
    """Bring a version to a stage: draft, shadow, live, retired."""
    from gezhi.commands.rule_shelf import bring

    done = bring(_dsn(), code, version, stage, by=by, note=note, confirm=confirm)
    raise typer.Exit(done)


@rules.command("diff")
def rules_diff(
    code: Code,
    version: Version,
    to: Annotated[
        int, typer.Option(min=0, help="The version after; this one, if left out.")
    ] = 0,
) -> None:
    """Show what a version changed, or what changed from it to another."""
    from gezhi.commands.rule_shelf import show_diff

    raise typer.Exit(show_diff(_dsn(), code, version, to))


@rules.command("shadow")
def rules_shadow(code: Code, version: Version) -> None:
    """Show what a version would have filed while it was on trial, and how right."""
    from gezhi.commands.rule_shelf import show_trial

    raise typer.Exit(show_trial(_dsn(), code, version))


@rules.command("capacity")
def rules_capacity(
    unit: Annotated[str, typer.Argument(help="Code of a unit.")] = "",
    cases_per_day: Annotated[
        float, typer.Argument(min=0, help="What it can take a day.")
    ] = 0,
    by: By = "",
) -> None:
    """Show what units say they can take; with both words, state it of one."""
    from gezhi.commands.rule_shelf import capacity

    raise typer.Exit(capacity(_dsn(), unit, cases_per_day, by=by))


@rules.command("faults")
def rules_faults() -> None:
    """Show what the rules process went on without, and the rules that are halted."""
    from gezhi.commands.rule_faults import show_faults

    raise typer.Exit(show_faults(_dsn()))


@rules.command("retry")
def rules_retry(code: Code, version: Version) -> None:
    """Let a halted version of a rule judge again now."""
    from gezhi.commands.rule_faults import retry

    raise typer.Exit(retry(_dsn(), code, version))


@rules.command("schema")
def rules_schema() -> None:
    """Print the JSON Schema of rule files, for editors."""
    from rules.files.schema import schema_text

    typer.echo(schema_text(), nl=False)


@rules.command("test")
def rules_test(
    folder: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, help="Folder of timelines, TOML."),
    ],
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Draw every timeline.")
    ] = False,
) -> None:
    """Play rule tests on the real engine; needs no database."""
    from gezhi.commands.rule_files import test

    raise typer.Exit(test(folder, verbose=verbose))


def _time_zone() -> str:
    return settings_or_exit(beside=True).time_zone


def _dsn() -> str:
    return needed(settings_or_exit(beside=True), Settings.needs_database)
