import asyncio
from dataclasses import replace

import asyncpg
import pytest

from store.edition import Edition, edition_of
from store.migrate import (
    Migration,
    MigrationChangedError,
    migrate,
    pending,
    shipped_migrations,
)

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


def test_no_two_shipped_migrations_have_one_number() -> None:
    numbers = [int(migration.name[:4]) for migration in shipped_migrations()]
    assert len(set(numbers)) == len(numbers) > 1


def test_only_what_is_missing_is_pending() -> None:
    first, second = Migration("0001_a.sql", "SELECT 1"), Migration("0002_b.sql", "")
    assert pending([first, second], {}) == [first, second]
    assert pending([first, second], {first.name: first.digest}) == [second]


def test_a_changed_migration_is_an_error() -> None:
    first = Migration("0001_a.sql", "SELECT 1")
    with pytest.raises(MigrationChangedError, match=r"0001_a\.sql was changed"):
        pending([replace(first, sql="SELECT 2")], {first.name: first.digest})


@pytest.mark.db
@pytest.mark.editions
async def test_the_second_time_there_is_nothing_to_do(empty_database_url: str) -> None:
    assert await migrate(empty_database_url) == [m.name for m in shipped_migrations()]
    assert await migrate(empty_database_url) == []


@pytest.mark.db
async def test_of_many_at_once_one_migrates_and_the_others_wait(
    empty_database_url: str,
) -> None:
    applied = await asyncio.gather(*(migrate(empty_database_url) for _ in range(5)))
    assert sorted(map(len, applied)) == [0, 0, 0, 0, len(shipped_migrations())]


@pytest.mark.db
async def test_a_database_made_with_another_file_is_refused(
    empty_database_url: str,
) -> None:
    await migrate(empty_database_url)
    first, *others = shipped_migrations()
    changed = [replace(first, sql=first.sql + "\n"), *others]
    with pytest.raises(MigrationChangedError):
        await migrate(empty_database_url, migrations=changed)


@pytest.mark.db
async def test_a_migration_that_fails_leaves_no_trace_of_itself(
    empty_database_url: str,
) -> None:
    good = Migration("0001_a.sql", "CREATE TABLE a (i integer)")
    bad = Migration("0002_b.sql", "CREATE TABLE b (i integer); SELECT 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database_url, migrations=[good, bad])
    connection = await asyncpg.connect(empty_database_url)
    names = await connection.fetch("SELECT name FROM schema_migration")
    assert [row["name"] for row in names] == [good.name]
    assert await connection.fetchval(TABLES) == 2
    await connection.close()


@pytest.mark.db
@pytest.mark.editions
async def test_telemetry_is_in_hypertables_where_there_are_any(
    database_url: str,
) -> None:
    connection = await asyncpg.connect(database_url)
    edition = await edition_of(connection)
    if edition is Edition.PLAIN:
        hypertables = set()
    else:
        rows = await connection.fetch(
            "SELECT hypertable_name FROM timescaledb_information.hypertables"
        )
        hypertables = {row[0] for row in rows}
    await connection.close()
    expected = set() if edition is Edition.PLAIN else {"reading", "position", "journal"}
    assert hypertables == expected


@pytest.mark.db
async def test_a_database_without_the_extension_is_plain(
    empty_database_url: str,
) -> None:
    connection = await asyncpg.connect(empty_database_url)
    assert await edition_of(connection) is Edition.PLAIN
    await connection.close()
