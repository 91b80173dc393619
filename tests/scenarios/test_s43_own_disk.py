"""S43: the disk that the database fills is a device of ours, and raises a case."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from cases.request import Hit
from devices.registry.snapshot import load_snapshot
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.plan.compile import compile_plan
from tests.rules.town import device, edge, readings, source, tick
from tests.triage.city import City
from vocabulary.device import DeviceKind

DISK = "DISK-0001"

THE_CASE = """
SELECT f.condition, f.severity, f.stage, u.code, f.unit_reason, c.code, g.code <> '',
    f.simulated, f.hit_count, f.recovered_at IS NOT NULL
FROM case_file f JOIN unit u ON u.id = f.unit_id
JOIN component c ON f.subject_kind = 'component' AND c.id = f.subject_id
JOIN grid_cell g ON g.id = f.cell_id
"""

ANOTHER = """
WITH made AS (
    INSERT INTO device (code, profile_id, gateway_id, address, lon, lat)
    SELECT 'DISK-0002', profile_id, gateway_id, '/srv/archive', lon, lat
    FROM device WHERE code = 'DISK-0001' RETURNING id
)
INSERT INTO series (device_id, quantity) SELECT id, 'disk_used_pct' FROM made
RETURNING id
"""

NOT_HEARD = """\
code: platform-not-heard
name: {zh: 平台静默, en: Platform not heard}
kind: platform
condition: {type: silence, silence_s: 180, hears: platform, severity: minor}
reason: {zh: "{device}", en: "{device}"}
source: test
"""


async def said(city: City, minutes: Iterable[float], percent: Sequence[float]) -> None:
    for minute, value in zip(minutes, percent, strict=True):
        await city.say(60 * minute, {DISK: {"disk_used_pct": value}})
    await city.fold()


@pytest.mark.db
async def test_s43_a_disk_that_fills_is_a_case_of_whoever_runs_the_platform(
    city: City,
) -> None:
    await said(city, range(3), [70, 84, 84.9])
    assert await city.rows(THE_CASE) == []
    await said(city, range(3, 4), [85])
    where = ("platform", "class:line", "9901029901000001", True)
    [case] = await city.rows(THE_CASE)
    assert case[:3] == ("platform_disk_full", "minor", "pending_handle")
    assert case[3:] == (*where, False, 1, False)
    await said(city, range(4, 7), [90, 94.9, 95])
    [case] = await city.rows(THE_CASE)
    assert case[:3] == ("platform_disk_full", "critical", "pending_handle")
    await said(city, range(7, 11), [83, 81.9, 60, 60])
    [case] = await city.rows(THE_CASE)
    assert case[-1] is True  # the disk itself says that it is over


@pytest.mark.db
async def test_s43_each_disk_that_is_a_device_by_itself_has_its_own_case(
    city: City,
) -> None:
    (series_id,) = (await city.rows(ANOTHER))[0]
    assert isinstance(series_id, int)
    async with city.pool.acquire() as connection:
        await connection.execute("UPDATE registry_version SET version = version + 1")
        city.snapshot = await load_snapshot(connection)
    both = {DISK: {"disk_used_pct": 86.0}, "DISK-0002": {"disk_used_pct": 97.0}}
    await city.say(0, both)
    await city.fold()
    found = await city.rows(
        "SELECT f.subject_kind, f.severity, u.code FROM case_file f"
        " JOIN unit u ON u.id = f.unit_id ORDER BY f.id"
    )
    assert sorted(found) == [
        ("component", "minor", "platform"),
        ("device", "critical", "platform"),
    ]


def hits(entries: Sequence[Learned]) -> list[Hit]:
    disk = device(
        1,
        DeviceKind.PLATFORM,
        "disk_used_pct",
        edge="self",
        gateway="self",
        interval_s=60,
    )
    plan = compile_plan(source([disk], "platform-disk-full", NOT_HEARD))
    numbered = [replace(entry, seq=seq) for seq, entry in enumerate(entries, 1)]
    return [one.kind for one in fold(plan, plan.fresh_state(), numbered).transitions]


def used(minutes: Iterable[int], percent: float) -> list[Learned]:
    rows = [(60 * minute, [(10, 60 * minute, percent, 0)]) for minute in minutes]
    return [readings(0, at_s, row) for at_s, row in rows]


def heartbeat(start_s: int, end_s: int) -> list[Learned]:
    return [tick(0, at_s) for at_s in range(start_s, end_s)]


def test_s43_while_ingest_is_away_its_own_disk_is_not_held_against_it() -> None:
    before = [*used([0], 70), *heartbeat(1, 60), *used([1], 70)]
    back = edge(0, 7200, "ingest", up=True)
    after = [*heartbeat(7201, 7260), *used([121], 70)]
    assert not hits([*before, back, *after])
    # With ingest there, and its disk not told, the same rule does say so.
    assert hits([*before, *heartbeat(61, 300)]) == [Hit.RAISED]
