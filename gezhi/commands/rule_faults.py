"""What the rules process went on without, from the command line."""

import typer
from rich.console import Console
from rich.table import Table

from gezhi.clock import utc_now
from gezhi.commands.rule_shelf import TIME, USAGE, with_database
from store.connection import Connection
from store.rules.faults import FaultRow, HaltRow, faults, halted_rules, try_rule_again


def show_faults(dsn: str) -> int:
    """Print halted rules and faults; 1 if any rule is halted."""

    async def act(connection: Connection) -> int:
        halted, found = await halted_rules(connection), await faults(connection)
        console = Console(highlight=False)
        if halted:
            console.print(_halted_table(halted))
        console.print(_fault_table(found) if found else "nothing was left out")
        return 1 if halted else 0

    return with_database(dsn, act)


def retry(dsn: str, code: str, version: int) -> int:
    """Let a halted version of a rule judge again, and return the exit code."""

    async def act(connection: Connection) -> int:
        async with connection.transaction():
            found = await try_rule_again(connection, code, version, at=utc_now())
        text = "judges again:" if found else "gezhi: not halted:"
        typer.echo(f"{text} {code} version {version}", err=not found)
        return 0 if found else USAGE

    return with_database(dsn, act)


def _halted_table(halted: list[HaltRow]) -> Table:
    table = Table("halted", "version", "since", "next try", "broke", "reason", box=None)
    for row in halted:
        table.add_row(
            row.code,
            str(row.version),
            f"{row.since_at:{TIME}}",
            f"{row.retry_at:{TIME}}",
            str(row.failures),
            row.reason,
        )
    return table


def _fault_table(found: list[FaultRow]) -> Table:
    table = Table("left out", "rule", "times", "last", "entry", "reason", box=None)
    for row in found:
        rule = f"{row.rule}@{row.rule_version}" if row.rule else ""
        times, entry = str(row.count), str(row.last_seq)
        last = f"{row.last_at:{TIME}}"
        table.add_row(row.what, rule, times, last, entry, row.reason)
    return table
