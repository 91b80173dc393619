"""`gezhi rules` on a database: list, show, put, stage, diff, shadow, capacity."""

import asyncio
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from gezhi.cli.app import app
from tests.api.town import TOWN
from tests.lifecycle.test_schema import SOUND

pytestmark = pytest.mark.db


@pytest.fixture
async def shelf(database_url: str, monkeypatch: pytest.MonkeyPatch) -> "Shelf":
    """The command line over a small city's database."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(TOWN)
    await connection.close()
    monkeypatch.setenv("DATABASE_URL", database_url)
    return Shelf()


class Shelf:
    """`gezhi rules …` as a person would type it."""

    async def says(self, *words: str, code: int = 0) -> str:
        """Run a command, expect its exit code and return what it prints."""
        run = CliRunner().invoke
        done = await asyncio.to_thread(run, app, ["rules", *words])
        assert done.exit_code == code, done.output
        return done.output


async def test_a_rule_is_put_in_tried_taken_live_and_shown(
    shelf: Shelf, tmp_path: Path
) -> None:
    file = tmp_path / "rule.yaml"
    file.write_text(SOUND, "utf-8")
    put = await shelf.says("put", str(file), "--by", "me", "--note", "first")
    assert put == "cover-opened version 1: draft\n"
    file.write_text(SOUND.replace("above: 30", "above: 28"), "utf-8")
    await shelf.says("put", str(file), "--by", "me")
    await shelf.says("stage", "cover-opened", "1", "shadow", "--by", "me")
    await shelf.says("stage", "cover-opened", "1", "live", "--by", "me")
    listed = (await shelf.says("list")).splitlines()
    assert [line.split()[:3] for line in listed[1:]] == [
        ["cover-opened", "1", "live"],
        ["cover-opened", "2", "draft"],
    ]
    shown = await shelf.says("show", "cover-opened", "1")
    assert shown.startswith("cover-opened version 1: live\n")
    assert "draft → shadow" in shown
    assert shown.endswith(SOUND)
    assert "+  above: 28" in await shelf.says("diff", "cover-opened", "2")
    assert "0 alarms would have been 0 cases" in await shelf.says(
        "shadow", "cover-opened", "1"
    )


async def test_what_is_wrong_is_said_with_an_exit_code(
    shelf: Shelf, tmp_path: Path
) -> None:
    file = tmp_path / "rule.yaml"
    file.write_text(SOUND.replace("kind: cover", "kind: manhole"), "utf-8")
    wrong = await shelf.says("put", str(file), code=1)
    assert wrong.startswith(f"{file}:3:7: kind: 'manhole' is unknown")
    assert "no version 9" in await shelf.says("stage", "probe", "9", "live", code=2)
    assert "no version" in await shelf.says("show", "probe", code=2)
    file.write_text(SOUND, "utf-8")
    await shelf.says("put", str(file))
    await shelf.says("stage", "cover-opened", "1", "retired")
    refused = await shelf.says("stage", "cover-opened", "1", "live", code=2)
    assert "may become draft" in refused


async def test_what_a_unit_can_take_is_stated_and_shown(shelf: Shelf) -> None:
    stated = await shelf.says("capacity", "drainage", "12.5", "--by", "me")
    assert stated.splitlines()[1].split()[:4] == [
        "drainage",
        "排水管理处",
        "12.5",
        "me",
    ]
    assert "no such unit" in await shelf.says("capacity", "nobody", "3", code=2)
