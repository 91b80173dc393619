"""API tokens from the command line."""

import asyncio

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from gezhi.clock import utc_now
from store.access import create_token, revoke_token, tokens, unit_id_of


def create(dsn: str, *, name: str, role: str, unit_code: str) -> int:
    """Make a token, print it, and return the exit code."""
    return asyncio.run(_create(dsn, name=name, role=role, unit_code=unit_code))


def show_all(dsn: str) -> int:
    """Print every token without its secret, and return the exit code."""
    return asyncio.run(_show_all(dsn))


def revoke(dsn: str, key: str) -> int:
    """Revoke the token with this key, and return the exit code."""
    return asyncio.run(_revoke(dsn, key))


async def _create(dsn: str, *, name: str, role: str, unit_code: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        unit_id = await unit_id_of(connection, unit_code) if unit_code else None
        if unit_code and unit_id is None:
            typer.echo(f"gezhi: no unit has the code {unit_code!r}", err=True)
            return 2
        typer.echo(
            await create_token(
                connection, name=name, role=role, unit_id=unit_id, at=utc_now()
            )
        )
    except ValueError as error:
        typer.echo(f"gezhi: {error}", err=True)
        return 2
    finally:
        await connection.close()
    return 0


async def _show_all(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await tokens(connection)
    finally:
        await connection.close()
    table = Table("key", "name", "role", "unit", "created", "revoked", box=None)
    for row in rows:
        table.add_row(
            row.key,
            row.name,
            row.role,
            row.unit_code or "all",
            f"{row.created_at:%Y-%m-%d %H:%M}Z",
            f"{row.revoked_at:%Y-%m-%d %H:%M}Z" if row.revoked_at else "",
        )
    Console().print(table)
    return 0


async def _revoke(dsn: str, key: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        found = await revoke_token(connection, key, at=utc_now())
    finally:
        await connection.close()
    typer.echo(f"revoked {key}" if found else f"gezhi: no live token {key!r}")
    return 0 if found else 1
