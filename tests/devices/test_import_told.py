"""What `gezhi import` prints for people."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from gezhi.commands.import_city import run_import
from tests.devices.conftest import NOON, SAMPLE_CITY

pytestmark = pytest.mark.db

Edit = Callable[[str, str, str], int]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """Return what was printed since the last time, spaces made one."""
    return lambda: "\n".join(
        " ".join(line.split()) for line in capsys.readouterr().out.splitlines()
    )


def test_an_import_is_told_as_a_table(
    database_url: str, told: Callable[[], str]
) -> None:
    assert run_import(SAMPLE_CITY, database_url, dry_run=True, at=NOON) == 0
    tried = told()
    assert "cells.geojson 70 · · ·" in tried
    assert "devices.csv 481 · · ·" in tried
    assert tried.endswith("nothing was written.")
    assert run_import(SAMPLE_CITY, database_url, dry_run=False, at=NOON) == 0
    assert told().endswith("Imported: registry version 2.")
    assert run_import(SAMPLE_CITY, database_url, dry_run=False, at=NOON) == 0
    again = told()
    assert "devices.csv · · 481 ·" in again
    assert again.endswith("Everything is as it was: registry version 2.")


def test_changes_are_told_before_and_after(
    database_url: str, city: Path, edit: Edit, told: Callable[[], str]
) -> None:
    run_import(city, database_url, dry_run=False, at=NOON)
    edit("vehicles.csv", "AREA-S01,40.0", "AREA-S01,30")
    edit("units.csv", "telecom,utility,格州通信公司,Gezhou Telecom Company\n", "")
    told()
    run_import(city, database_url, dry_run=True, at=NOON)
    text = told()
    assert "vehicles.csv:2: 格A001H1: speed_limit_kmh 40.0 → 30.0" in text
    assert "1 units of the registry are not in units.csv and are left alone" in text


def test_mistakes_are_told_with_their_places(
    database_url: str, city: Path, edit: Edit, told: Callable[[], str]
) -> None:
    edit("vehicles.csv", "AREA-S01,40.0", "AREA-S01,fast")
    edit("units.csv", "gas,utility", "gas,utilty")
    assert run_import(city, database_url, dry_run=False, at=NOON) == 1
    text = told()
    assert "units.csv:14: kind: 'utilty' is unknown; did you mean utility?" in text
    assert "vehicles.csv:2: speed_limit_kmh: 'fast' is no number" in text
    assert text.endswith("2 things are wrong; nothing was written.")


def test_an_absent_database_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        dsn = f"postgresql://nobody@127.0.0.1:{taken.getsockname()[1]}/nothing"
        assert run_import(SAMPLE_CITY, dsn, dry_run=False, at=NOON) == 2
    assert capsys.readouterr().err.startswith("the database does not do it:")


def test_a_database_without_the_schema_is_told_what_to_do(
    empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_import(SAMPLE_CITY, empty_database_url, dry_run=False, at=NOON) == 2
    assert "run `gezhi migrate` first" in " ".join(capsys.readouterr().err.split())
