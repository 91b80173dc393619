"""`gezhi command` as people run it: a process, a database, a lamp that obeys."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from simulators.mqtt_lamp import Lamp
from tests.commands.street import awake, ingest_process, register_lamp

pytestmark = [pytest.mark.db, pytest.mark.broker]


async def gezhi(dsn: str, home: Path, *words: str) -> tuple[int, str]:
    """Run `gezhi command`; return its exit code and what it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gezhi",
        "command",
        *words,
        env={**os.environ, "DATABASE_URL": dsn, "GEZHI_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_a_lamp_is_dimmed_from_the_command_line_and_shown_to_be(
    lamp: Lamp, database_url: str, broker: Broker, tmp_path: Path
) -> None:
    async with (
        asyncio.timeout(300),
        ingest_process(database_url, broker.ingest_url, f"{lamp.gateway}-i"),
        awake(lamp, broker),
    ):
        code, said = await gezhi(
            database_url, tmp_path, "send", lamp.gateway, "dim", "pct=25"
        )
    assert code == 0, said
    assert "effect_seen" in said
    assert lamp.pct == 25
    _, listed = await gezhi(database_url, tmp_path, "list")
    assert "effect_seen" in listed
    code, shown = await gezhi(database_url, tmp_path, "show", said[:8])
    assert code == 0
    assert "dimming_pct is 25" in shown


async def test_what_cannot_be_is_said_so_and_a_waiting_command_taken_back(
    database_url: str, connection: asyncpg.Connection, unique: str, tmp_path: Path
) -> None:
    await register_lamp(database_url, unique)
    for words, says in (
        ((unique, "fly"), "Invalid value 'fly'"),
        ((unique, "text", "text=hello"), "can be told switch, dim, programme"),
        (("nobody", "dim", "pct=1"), "no device 'nobody'"),
        ((unique, "dim", "pct"), "'pct' is not name=value"),
    ):
        code, said = await gezhi(database_url, tmp_path, "send", *words)
        assert code == 2
        assert says in said
    code, said = await gezhi(
        database_url, tmp_path, "send", unique, "dim", "pct=1", "--wait-s", "0"
    )
    assert code == 0
    code, said = await gezhi(database_url, tmp_path, "cancel", said[:8])
    assert (code, said.split()[-1]) == (0, "cancelled")
    code, said = await gezhi(database_url, tmp_path, "cancel", said[:8])
    assert (code, "too late" in said) == (1, True)
    assert await connection.fetchval("SELECT count(*) FROM command") == 1
