"""Bring the schema up to date: numbered SQL files, forward only, each applied once.

Any number of processes may start at once; one migrates and the others wait for it. Each
file runs in its own transaction, so a file that fails leaves no trace of itself.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import asyncpg

from store.connection import Connection

log = logging.getLogger(__name__)

MIGRATION_LOCK = 0x67657A6869
"""Advisory lock held while migrating ("gezhi" as octets)."""

WAIT_FOR_OTHERS_S = 300
"""How long to wait for another process that is migrating."""

LOCK_TIMEOUT_S = 10
"""How long a migration may wait for a table: traffic must not pile up behind it."""

STATEMENT_TIMEOUT_S = 120
"""How long one statement of a migration may run."""

_APPLIED_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    name       text PRIMARY KEY,
    digest     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""

# The setting exists only where the server has loaded the extension's library at start;
# elsewhere CREATE EXTENSION would end the connection.
_CAN_HAVE_TIMESCALE = """
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
   AND NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
   AND current_setting('timescaledb.disable_load', true) IS NOT NULL
"""


class MigrationChangedError(RuntimeError):
    """A file differs from what this database was made with.

    Attributes:
        name: The file's name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} was changed after it had been applied to this database; "
            "restore it and put the change into a new file"
        )
        self.name = name


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file.

    Attributes:
        name: File name; its number gives the order.
        sql: What is in it.
    """

    name: str
    sql: str

    @property
    def digest(self) -> str:
        """SHA-256 of the file, hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def shipped_migrations() -> list[Migration]:
    """Return the migrations of this release, in order."""
    folder = resources.files("store") / "migrations"
    return sorted(
        (
            Migration(file.name, file.read_text(encoding="utf-8"))
            for file in folder.iterdir()
            if file.name.endswith(".sql")
        ),
        key=lambda migration: migration.name,
    )


def pending(migrations: list[Migration], digests: Mapping[str, str]) -> list[Migration]:
    """Return what is still to be applied.

    Args:
        migrations: All migrations, in order.
        digests: Digest of each one applied, by name.

    Raises:
        MigrationChangedError: If an applied one is not what it was.
    """
    for migration in migrations:
        if digests.get(migration.name, migration.digest) != migration.digest:
            raise MigrationChangedError(migration.name)
    return [migration for migration in migrations if migration.name not in digests]


async def pending_in(connection: Connection) -> list[str]:
    """Return the names of this release's migrations that the database lacks."""
    if not await connection.fetchval("SELECT to_regclass('schema_migration')"):
        return [migration.name for migration in shipped_migrations()]
    rows = await connection.fetch("SELECT name FROM schema_migration")
    applied = {row["name"] for row in rows}
    return [each.name for each in shipped_migrations() if each.name not in applied]


async def migrate(dsn: str, *, migrations: list[Migration] | None = None) -> list[str]:
    """Apply what is missing and return the names of the files applied.

    Args:
        dsn: The database.
        migrations: What to apply; those of this release if not given.

    Raises:
        MigrationChangedError: If an applied file is not what it was.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await _set_timeouts(connection, lock_s=WAIT_FOR_OTHERS_S, statement_s=0)
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION_LOCK)
        await _set_timeouts(
            connection, lock_s=LOCK_TIMEOUT_S, statement_s=STATEMENT_TIMEOUT_S
        )
        return await _migrate_locked(connection, migrations or shipped_migrations())
    finally:
        await connection.close()


async def _set_timeouts(
    connection: Connection, *, lock_s: int, statement_s: int
) -> None:
    await connection.execute(
        "SELECT set_config('lock_timeout', $1, false),"
        " set_config('statement_timeout', $2, false)",
        f"{lock_s}s",
        f"{statement_s}s",
    )


async def _migrate_locked(
    connection: Connection, migrations: list[Migration]
) -> list[str]:
    await _create_timescale(connection)
    await connection.execute(_APPLIED_TABLE)
    rows = await connection.fetch("SELECT name, digest FROM schema_migration")
    digests = {row["name"]: row["digest"] for row in rows}
    missing = pending(migrations, digests)
    for migration in missing:
        await _apply(connection, migration)
    return [migration.name for migration in missing]


async def _create_timescale(connection: Connection) -> None:
    if not await connection.fetchval(_CAN_HAVE_TIMESCALE):
        return
    try:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    except asyncpg.InsufficientPrivilegeError:
        log.warning(
            "this role may not CREATE EXTENSION timescaledb: going on with ordinary "
            "tables; to have hypertables, let a superuser create it in an empty "
            "database first"
        )


async def _apply(connection: Connection, migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migration (name, digest) VALUES ($1, $2)",
            migration.name,
            migration.digest,
        )
    log.info("applied %s", migration.name)
