"""The sample city, and copies of it that a test may spoil."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import simulators

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
"""Noon in the sample city."""

SAMPLE_CITY = Path(simulators.__file__).parent / "sample_city"


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """A copy of the sample city's folder."""
    folder = tmp_path / "city"
    shutil.copytree(SAMPLE_CITY, folder)
    return folder


@pytest.fixture
def edit(city: Path) -> Callable[[str, str, str], int]:
    """Replace text in one of the copy's files, once, and return its line."""

    def replace_once(file: str, before: str, after: str) -> int:
        path = city / file
        text = path.read_text("utf-8")
        assert text.count(before) == 1, f"{before!r} is not there once"
        path.write_text(text.replace(before, after), "utf-8")
        return text[: text.index(before)].count("\n") + 1

    return replace_once
