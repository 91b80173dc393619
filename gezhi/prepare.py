"""Bring a database to this release: its schema, and the rules that ship with it."""

import asyncpg

from gezhi.clock import utc_now
from gezhi.processes.supervise import Report
from store.edition import edition_of
from store.migrate import migrate
from store.rules.versions import install_shipped


async def prepare(dsn: str, report: Report) -> None:
    """Apply what is missing and say what was done; safe to repeat."""
    applied = await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        edition = await edition_of(connection)
        major = connection.get_server_version().major
        installed = await install_shipped(connection, at=utc_now())
    finally:
        await connection.close()
    report(
        f"  started    database: PostgreSQL {major}, edition {edition}, "
        f"{len(applied)} migrations applied"
    )
    report(f"  installed  rules: {len(installed)} new or changed")
