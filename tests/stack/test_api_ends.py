"""An API whose follower of the journal breaks ends, and is started again."""

import asyncio
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

import asyncpg
import pytest

from gezhi.processes.supervise import keep_running
from gezhi.stack.child import Program
from gezhi.stack.home import Home
from gezhi.stack.loopback import LOOPBACK
from tests.ports import free_port

pytestmark = pytest.mark.db

GEZHI = str(Path(sys.executable).with_name("gezhi"))


def answer_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


async def until_answers(url: str, *codes: int) -> None:
    while await asyncio.to_thread(answer_of, url) not in codes:  # noqa: ASYNC110
        await asyncio.sleep(0.1)


async def test_an_api_that_cannot_follow_the_journal_ends_and_is_started_again(
    pool: asyncpg.Pool, database_url: str, home: Home
) -> None:
    port = free_port()
    program = Program(
        name="api",
        command=[GEZHI, "api"],
        log=home.log / "api.log",
        environment={
            **os.environ,
            "DATABASE_URL": database_url,
            "GEZHI_API_HOST": LOOPBACK,
            "GEZHI_API_PORT": str(port),
        },
        patience_s=60,
    )
    told: list[str] = []
    heard = asyncio.Event()

    def report(line: str) -> None:
        told.append(line)
        heard.set()

    alive = f"http://{LOOPBACK}:{port}/healthz"
    async with asyncio.timeout(300):
        running = asyncio.create_task(keep_running(program, report))
        await until_answers(alive, 200)
        await pool.execute("ALTER TABLE journal RENAME COLUMN body TO octets")
        await heard.wait()
        await pool.execute("ALTER TABLE journal RENAME COLUMN octets TO body")
        await until_answers(alive, 200)
        running.cancel()
        await asyncio.wait([running])
    assert told[0].startswith("api ended with 1; again in 0.5 s")
    log = program.log.read_text()
    assert "CRITICAL gezhi.processes.api: the live stream has ended" in log
    assert 'asyncpg.exceptions.UndefinedColumnError: column "body"' in log
    assert "gezhi: the API has ended; its log says why" in log
