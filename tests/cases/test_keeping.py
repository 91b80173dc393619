"""Evidence: a case explains itself from what it keeps, without the journal."""

from dataclasses import replace
from datetime import timedelta
from typing import TypeAlias

import orjson
import pytest

from cases.evidence import FIX_COLUMNS, READING_COLUMNS
from cases.filing import collect_due
from cases.request import Hit
from tests.cases.town import (
    HIT,
    NOON,
    OUT_OF_AREA,
    SILENT,
    TILT,
    TRUCK,
    Town,
    later,
)

pytestmark = pytest.mark.db

Body: TypeAlias = dict[str, object]


async def kept(town: Town, kind: str) -> list[Body]:
    rows = await town.pool.fetch(
        "SELECT body::text AS body FROM evidence WHERE kind = $1 ORDER BY id", kind
    )
    return [orjson.loads(row["body"]) for row in rows]


async def measure(town: Town, seconds: float, value: float) -> None:
    at = HIT.measured_at + timedelta(seconds=seconds)
    await town.pool.execute(
        "INSERT INTO reading VALUES ($1, $2, $3, 0, $2)", TILT, at, value
    )


def values(body: Body) -> list[float]:
    samples = body["samples"]
    assert isinstance(samples, list)
    return [value for _, value, _ in samples]


async def test_a_case_keeps_the_rule_and_what_it_was_decided_on(town: Town) -> None:
    await town.hit(HIT)
    (body,) = await kept(town, "rule")
    assert body == {
        "rule": "cover-opened",
        "rule_version": 1,
        "source": "code: cover-opened\n",
        "safety": True,
        "device": "MH-1",
        "quantity": "tilt_deg",
        "value": 60.0,
        "threshold": 30.0,
        "severity": "major",
        "measured_at": "2026-11-21T03:59:58Z",
        "reason_zh": "倾角 60°",
        "reason_en": "tilt 60°",
        "command": None,
    }


async def test_a_case_keeps_whose_it_is_and_who_was_asked_for_first(
    town: Town,
) -> None:
    await town.hit(replace(HIT, device_id=2))
    (body,) = await kept(town, "registry")
    assert body["unit"] == {
        "code": "STREET",
        "name_zh": "东城街道",
        "name_en": "East Town",
    }
    assert body["considered"] == [
        ["maintainer", None],
        ["owner", None],
        ["authority", None],
        ["subdistrict", "STREET"],
    ]
    assert body["unit_reason_zh"] == "部件先属主后属地：所在街道"
    assert body["cell"] == {
        "code": "990102001001001",
        "name_zh": "一号网格",
        "name_en": "Cell 1",
    }


async def test_a_case_keeps_the_samples_of_the_half_hour_before(town: Town) -> None:
    for seconds, value in [(-1801, 1), (-1799, 2), (-1, 3), (0, 60), (1, 61)]:
        await measure(town, seconds, value)
    await town.hit(HIT)
    (body,) = await kept(town, "samples_before")
    assert values(body) == [2, 3, 60]
    assert body["columns"] == list(READING_COLUMNS)
    assert (body["quantity"], body["unit"], body["left_off"]) == (
        "tilt_deg",
        "°",
        False,
    )


async def test_of_many_samples_a_case_keeps_those_nearest_to_the_decision(
    town: Town,
) -> None:
    await town.pool.execute(
        "INSERT INTO reading SELECT $1, $2::timestamptz - n * interval '1 s', n, 0, $2"
        " FROM generate_series(0, 300) AS n",
        TILT,
        HIT.measured_at,
    )
    await town.hit(HIT)
    (body,) = await kept(town, "samples_before")
    assert values(body) == [float(n) for n in reversed(range(200))]
    assert body["left_off"] is True


async def test_samples_after_are_copied_once_the_journal_has_gone_far_enough(
    town: Town,
) -> None:
    await town.hit(HIT)
    for seconds, value in [(0, 60), (10, 61), (301, 5), (303, 6)]:
        await measure(town, seconds, value)
    due_at = NOON + timedelta(minutes=5)
    async with town.pool.acquire() as connection, connection.transaction():
        assert await collect_due(connection, now=due_at - timedelta(seconds=1)) == 0
        assert await collect_due(connection, now=due_at) == 1
        assert await collect_due(connection, now=due_at) == 0
    (body,) = await kept(town, "samples_after")
    assert values(body) == [61, 5]
    assert body["until"] == "2026-11-21T04:05:00Z"


async def recover(town: Town, seconds: float) -> None:
    await town.hit(replace(later(HIT, seconds), kind=Hit.CLEARED))


async def due_after(town: Town, seconds: float) -> None:
    async with town.pool.acquire() as connection, connection.transaction():
        await collect_due(connection, now=NOON + timedelta(seconds=seconds))


async def test_s42_back_to_normal_for_long_enough_the_sensor_itself_is_proof(
    town: Town,
) -> None:
    await town.hit(HIT)
    await recover(town, 600)
    for seconds, value in [(500, 60), (700, 2), (4190, 1), (4300, 3)]:
        await measure(town, seconds, value)
    await due_after(town, 600 + 3599)
    assert await kept(town, "recovered") == []
    await due_after(town, 600 + 3600)
    (body,) = await kept(town, "recovered")
    assert values(body) == [2, 1]
    assert body["until"] == "2026-11-21T05:10:00Z"


async def test_a_recovery_that_does_not_hold_proves_nothing_and_the_next_one_may(
    town: Town,
) -> None:
    await town.hit(HIT)
    await recover(town, 600)
    await town.hit(later(HIT, 1200))
    await measure(town, 1000, 2)
    await due_after(town, 600 + 3600)
    assert await kept(town, "recovered") == []
    await recover(town, 6000)
    await measure(town, 7000, 3)
    await due_after(town, 6000 + 3600)
    (body,) = await kept(town, "recovered")
    assert values(body) == [3]


async def test_a_second_recovery_in_time_starts_its_proof_anew(town: Town) -> None:
    await town.hit(HIT)
    await recover(town, 600)
    await town.hit(later(HIT, 1200))
    await recover(town, 1800)
    await measure(town, 2000, 2)
    await due_after(town, 600 + 3600)
    assert await kept(town, "recovered") == []
    await due_after(town, 1800 + 3600)
    assert len(await kept(town, "recovered")) == 1


async def test_a_sensor_that_went_silent_after_its_recovery_proves_nothing(
    town: Town,
) -> None:
    await town.hit(HIT)
    await recover(town, 600)
    await due_after(town, 600 + 3600)
    assert await kept(town, "recovered") == []


async def test_what_a_vehicle_did_is_not_repaired_by_doing_it_no_longer(
    town: Town,
) -> None:
    act = replace(HIT, device_id=TRUCK, quantity=None, files=OUT_OF_AREA)
    await town.hit(act)
    await town.hit(replace(later(act, 600), kind=Hit.CLEARED))
    asked = "SELECT count(*) FROM evidence_due WHERE kind = 'recovered'"
    assert await town.pool.fetchval(asked) == 0


async def test_a_vehicle_s_case_keeps_its_track(town: Town) -> None:
    await town.pool.execute(
        'INSERT INTO "position" VALUES'
        " ($1, $2, 1110005000, 350005000, 12.5, 0, NULL, 9, NULL, 0, 0, $2)",
        TRUCK,
        HIT.measured_at,
    )
    await town.hit(replace(HIT, device_id=TRUCK, quantity=None, files=OUT_OF_AREA))
    (body,) = await kept(town, "samples_before")
    assert (body["what"], body["columns"]) == ("position", list(FIX_COLUMNS))
    assert body["samples"] == [["2026-11-21T03:59:58Z", 111.0005, 35.0005, 12.5, 0]]


async def test_that_nothing_came_is_evidence_too(town: Town) -> None:
    silent = replace(HIT, files=SILENT, quantity=None, value=None, threshold=None)
    await town.hit(silent)
    (body,) = await kept(town, "samples_before")
    assert (body["what"], body["samples"]) == ("nothing", [])


async def test_a_silent_device_s_case_keeps_everything_it_last_told(
    town: Town,
) -> None:
    await measure(town, -60, 4)
    await town.hit(replace(HIT, files=SILENT, quantity=None, value=None))
    (body,) = await kept(town, "samples_before")
    assert (body["quantity"], values(body)) == ("tilt_deg", [4])


async def test_a_value_that_is_no_number_is_kept_as_null(town: Town) -> None:
    await measure(town, 0, float("nan"))
    await town.hit(HIT)
    (body,) = await kept(town, "samples_before")
    assert values(body) == [None]


async def test_every_later_hit_is_kept_and_each_rule_once(town: Town) -> None:
    for seconds in (0, 60, 120):
        await town.hit(later(HIT, seconds))
    await town.hit(later(HIT, 180, rule_version=2))
    assert [body["rule_version"] for body in await kept(town, "rule")] == [1, 2]
    assert [body["hit"] for body in await kept(town, "hit")] == ["raised"] * 3
