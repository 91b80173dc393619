"""`gezhi window`: opened, listed and ended from the command line."""

import asyncio
from datetime import timedelta

import pytest

from gezhi.commands.windows import USAGE, Asked, add, end, show_all
from store.rules.window_targets import TargetCodes
from tests.triage.city import City

pytestmark = pytest.mark.db


def asked(**codes: str) -> Asked:
    return Asked(
        codes=TargetCodes(**codes),
        lasts=timedelta(hours=3),
        reason="cable works",
        owner="Wang",
        safety=False,
    )


async def test_a_window_is_opened_listed_and_ended(
    city: City, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await asyncio.to_thread(add, city.dsn, asked(circuit="CB-0001")) == 0
    assert "window 1 until" in capsys.readouterr().out
    assert await asyncio.to_thread(show_all, city.dsn, every=False) == 0
    assert "CB-0001" in capsys.readouterr().out
    assert await asyncio.to_thread(end, city.dsn, 1, by="Li") == 0
    assert await asyncio.to_thread(end, city.dsn, 1, by="Li") == 1
    assert await city.rows("SELECT owner, ended_by FROM maintenance_window") == [
        ("Wang", "Li")
    ]


async def test_a_window_over_nothing_or_over_nobody_is_refused(city: City) -> None:
    for codes in ({}, {"component": "none"}, {"cell": "1", "rule": "no-such"}):
        assert await asyncio.to_thread(add, city.dsn, asked(**codes)) == USAGE
    assert await city.rows("SELECT count(*) FROM maintenance_window") == [(0,)]
