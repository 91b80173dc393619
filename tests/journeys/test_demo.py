"""What the README promises: one command, five kinds of cases, nothing left behind."""

import asyncio
import json
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from gezhi.stack.home import Home

pytestmark = [pytest.mark.db, pytest.mark.broker]

WITHIN_S = 400
"""The promise is two minutes, on a machine that does nothing else."""

KINDS = {"cover", "lamp", "pressure", "gauge", "vehicle"}

FIVE_KINDS = """
SELECT DISTINCT CASE p.kind WHEN 'cabinet' THEN 'lamp' ELSE p.kind END AS kind
FROM case_file c
JOIN device d ON d.id = c.device_id
JOIN profile p ON p.id = d.profile_id
JOIN grid_cell g ON g.id = c.cell_id
JOIN unit u ON u.id = c.unit_id
WHERE c.unit_reason <> '' AND c.simulated
  AND (SELECT array_agg(e.kind) FROM evidence e WHERE e.case_id = c.id)
      @> ARRAY['rule', 'samples_before', 'registry']
"""


@asynccontextmanager
async def a_demo(home: Home) -> AsyncIterator[Process]:
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "MQTT_URL"}
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gezhi",
        "demo",
        stdout=PIPE,
        stderr=STDOUT,
        env={**environ, "GEZHI_HOME": str(home.root), "COLUMNS": "160"},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def read_until(process: Process, sentence: str) -> str:
    """Return all lines up to the one that holds the sentence."""
    assert process.stdout is not None
    text = ""
    while sentence not in text:
        line = await process.stdout.readline()
        assert line, f"the demo ended with {process.returncode}:\n{text}"
        text += line.decode()
    return text


def left_behind(home: Home) -> list[str]:
    """Return the command lines of processes that still run on the state directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environ = (entry / "environ").read_bytes()
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        place = str(home.root).encode()
        if int(entry.name) != os.getpid() and (place in environ or place in words):
            found.append(words.replace(b"\0", b" ").decode())
    return found


async def test_the_demo_files_cases_of_all_five_kinds_and_leaves_nothing_behind(
    home: Home,
) -> None:
    async with a_demo(home) as process:
        async with asyncio.timeout(WITHIN_S):
            text = await read_until(process, "All five kinds have filed a case")
        assert re.search(r"page +http://127\.0\.0\.1:\d+", text)
        assert re.search(r"token +gz_\w+", text)

        running = json.loads((home.root / "demo/secrets/running.json").read_text())
        connection = await asyncpg.connect(running["DATABASE_URL"])
        try:
            rows = await connection.fetch(FIVE_KINDS)
        finally:
            await connection.close()
        assert {row["kind"] for row in rows} == KINDS

        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(300):
            assert process.stdout is not None
            await process.stdout.read()
            assert await process.wait() == 0
    assert left_behind(home) == []
