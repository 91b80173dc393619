"""`gezhi retention`: shown, run and believed from the command line."""

import asyncio

import asyncpg
import orjson
import pytest

from gezhi.commands.retention import believe, run_now, show_standing
from gezhi.processes.retention import RETENTION_LOCK
from rules.retention.policy import Policy
from store.journal.cursor import move_cursor
from tests.retention.past import oldest, two_weeks_and_more

pytestmark = pytest.mark.db


async def test_what_is_kept_is_shown_with_who_holds_it_back(
    pool: asyncpg.Pool, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with pool.acquire() as connection:
        assert await asyncio.to_thread(show_standing, database_url, as_json=False) == 0
        assert "nothing was looked at yet" in capsys.readouterr().out
        assert await asyncio.to_thread(believe, database_url) == 1
        await two_weeks_and_more(connection)
        await move_cursor(connection, "latest", 120)
        assert await asyncio.to_thread(run_now, database_url, Policy()) == 1
        told = capsys.readouterr().out
        assert "HELD by latest: needs journal 0 from entry 120" in told
        assert await oldest(connection) in (100, 120)
        await move_cursor(connection, "latest", 1000)
        assert await asyncio.to_thread(run_now, database_url, Policy()) == 0
        assert "HELD" not in capsys.readouterr().out
        assert await asyncio.to_thread(show_standing, database_url, as_json=True) == 0
        standing = orjson.loads(capsys.readouterr().out)
        assert standing["holding"] == []
        assert await asyncio.to_thread(believe, database_url) == 0


async def test_two_do_not_drop_at_once(
    pool: asyncpg.Pool, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with pool.acquire() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", RETENTION_LOCK)
        assert await asyncio.to_thread(run_now, database_url, Policy()) == 1
        assert "by itself" in capsys.readouterr().err
