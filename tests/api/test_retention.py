"""What is kept and who holds it back, in the API, its metrics and its readiness."""

from datetime import timedelta

import httpx2
import pytest

from rules.retention.job import run_once
from rules.retention.policy import Policy
from store.journal.cursor import move_cursor
from tests.api.town import Town, utc_now
from tests.retention.past import pass_time

pytestmark = pytest.mark.db

DAY = timedelta(days=1)
ENTRIES = 300


async def ran(town: Town, *, held_at: int | None = None) -> None:
    """Let 20 days pass and the job run; the newest entry stays fresh for an hour."""
    since = utc_now() - 20 * DAY + timedelta(hours=1)
    step = 20 * DAY / (ENTRIES - 1)
    await pass_time(town.connection, since, entries=ENTRIES, step=step)
    if held_at is not None:
        await move_cursor(town.connection, "commands", held_at)
    await run_once(town.connection, Policy(), elapsed=timedelta(), ran_at=utc_now())


async def test_who_holds_the_journal_back_is_told_everywhere(
    town: Town, admin: httpx2.AsyncClient
) -> None:
    await ran(town, held_at=10)
    standing = (await admin.get("/api/v1/retention")).json()
    (held,) = standing["holding"]
    assert (held["who"], held["from_seq"]) == ("commands", 10)
    (journal,) = standing["journals"]
    assert (journal["newest_seq"], journal["keep_seq"]) == (ENTRIES, 10)
    days = {row["what"]: row["keep_days"] for row in standing["kept"]}
    assert (days["journal"], days["readings"]) == (14, None)
    sizes = {size["table"]: size["octets"] for size in standing["tables"]}
    assert sizes["journal"] > 0
    async with town.client() as client:
        (warning,) = (await client.get("/readyz")).json()["warnings"]
        text = (await client.get("/metrics")).text
    assert "commands holds back all since entry 10" in warning
    assert 'retention_held_from_seq{what="journal",who="commands"} 10.0' in text
    assert 'gezhi_table_octets{table="journal"}' in text
    assert "gezhi_retention_last_run_timestamp_seconds" in text


async def test_with_nobody_in_the_way_nothing_is_warned_of(town: Town) -> None:
    await ran(town)
    async with town.client() as client:
        ready = (await client.get("/readyz")).json()
        text = (await client.get("/metrics")).text
    assert ready["warnings"] == []
    assert "gezhi_retention_held_from_seq{" not in text


async def test_a_job_that_does_not_run_is_warned_of(town: Town) -> None:
    await ran(town)
    await town.connection.execute(
        "UPDATE retention_clock SET ran_at = ran_at - interval '3 hours'"
    )
    async with town.client() as client:
        (warning,) = (await client.get("/readyz")).json()["warnings"]
    assert "nothing old was dropped since" in warning


async def test_who_is_no_supervisor_does_not_see_it(town: Town) -> None:
    async with town.client() as client:
        assert (await client.get("/api/v1/retention")).status_code == 401
