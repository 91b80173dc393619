"""Filing: one open case for one problem on one subject, and what it says."""

from dataclasses import replace

import orjson
import pytest

from cases.filing import Outcome
from cases.placing import Unplaced
from cases.request import Hit, Severity
from store.cases.rows import LockedCase
from store.journal import entries as journal
from tests.cases.town import (
    BURST,
    CELL,
    CENTRE,
    COVER,
    COVER_OF_STREET,
    DRAINAGE,
    GAUGE,
    HIT,
    LAMP,
    LAMP_OUT,
    LIGHTING,
    NOON,
    OUT_OF_AREA,
    PONDING,
    PRESSURE,
    SANITATION,
    SILENT,
    SPARE,
    STREET,
    TRUCK,
    WATER,
    Town,
    later,
)

pytestmark = pytest.mark.db

TILTED = replace(
    HIT, rule="cover-tilted", severity=Severity.MINOR, reason_zh="倾角 20°"
)


def case_of(town_case: LockedCase | None) -> LockedCase:
    assert town_case is not None
    return town_case


async def test_a_hit_opens_a_case_that_says_what_where_whose_and_why(
    town: Town,
) -> None:
    filed = await town.hit(HIT)
    assert filed.outcome is Outcome.OPENED
    row = await town.pool.fetchrow("SELECT * FROM case_file")
    assert row is not None
    assert row["number"] == "9901022026112100001"
    assert (row["type"], row["scheme"], row["class_code"], row["condition"]) == (
        "component",
        "gbt30428.2-2013",
        "0101",
        "cover_missing_or_displaced",
    )
    assert (row["subject_kind"], row["subject_id"]) == ("component", 1)
    assert (row["device_id"], row["cell_id"]) == (COVER, CELL)
    assert (row["lon"], row["lat"]) == (111.0011, 35.0011), "the component's, surveyed"
    assert (row["unit_id"], row["unit_reason"]) == (DRAINAGE, "component:maintainer")
    assert (row["severity"], row["hit_count"], row["simulated"]) == ("major", 1, True)
    assert (row["opened_at"], row["last_hit_at"]) == (NOON, NOON)
    assert row["measured_at"] == HIT.measured_at
    assert (row["recovered_at"], row["closed_at"]) == (None, None)
    assert await town.pool.fetchval("SELECT case_id FROM alarm") == row["id"]


async def test_an_urgent_case_goes_out_without_a_dispatcher(town: Town) -> None:
    filed = await town.hit(HIT)
    assert case_of(filed.case).stage == "pending_handle"
    steps = await town.pool.fetch("SELECT * FROM case_step ORDER BY id")
    assert [(s["move"], s["from_stage"], s["to_stage"]) for s in steps] == [
        ("collect", None, "pending_register"),
        ("file", "pending_register", "pending_dispatch"),
        ("dispatch", "pending_dispatch", "pending_handle"),
    ]
    assert {(s["actor"], s["role"], s["taken_at"]) for s in steps} == {
        ("rules", "rules", NOON)
    }
    assert [s["note"] for s in steps][1:] == ["cover-opened v1", "component:maintainer"]


async def test_what_is_not_urgent_waits_for_a_dispatcher(town: Town) -> None:
    filed = await town.hit(replace(HIT, files=SILENT, quantity=None, value=None))
    assert case_of(filed.case).stage == "pending_dispatch"
    moves = await town.pool.fetch("SELECT move FROM case_step ORDER BY id")
    assert [row["move"] for row in moves] == ["collect", "file"]


async def test_a_second_hit_is_counted_on_the_open_case(town: Town) -> None:
    first = case_of((await town.hit(HIT)).case)
    again = await town.hit(later(HIT, 60))
    assert again.outcome is Outcome.HIT_AGAIN
    assert case_of(again.case).id == first.id
    row = await town.pool.fetchrow("SELECT hit_count, last_hit_at FROM case_file")
    assert row is not None
    assert (row["hit_count"], row["last_hit_at"]) == (2, later(HIT, 60).at)


async def test_a_worse_rule_of_the_same_problem_raises_the_case(town: Town) -> None:
    """A cover that is tilted and then gone is one case, and a graver one."""
    first = case_of((await town.hit(TILTED)).case)
    worse = replace(later(HIT, 30), severity=Severity.CRITICAL)
    second = case_of((await town.hit(worse)).case)
    assert second.id == first.id
    assert (second.severity, second.reason_zh) == ("critical", "倾角 60°")
    rules = await town.pool.fetch(
        "SELECT body ->> 'rule' AS rule FROM evidence WHERE kind = 'rule' ORDER BY id"
    )
    assert [row["rule"] for row in rules] == ["cover-tilted", "cover-opened"]


async def test_a_milder_hit_leaves_the_case_as_grave_as_it_was(town: Town) -> None:
    await town.hit(HIT)
    after = case_of((await town.hit(later(TILTED, 30))).case)
    assert (after.severity, after.reason_zh) == ("major", "倾角 60°")


async def test_a_grade_that_rises_escalates_and_one_that_falls_is_written_down(
    town: Town,
) -> None:
    ponding = replace(
        HIT, rule="ponding", files=PONDING, device_id=GAUGE, quantity="depth_mm"
    )
    await town.hit(replace(ponding, severity=Severity.MINOR))
    up = replace(later(ponding, 60), kind=Hit.ESCALATED, severity=Severity.CRITICAL)
    worse = await town.hit(up)
    assert worse.outcome is Outcome.HIT_AGAIN
    assert case_of(worse.case).severity == "critical"
    down = replace(later(ponding, 120), kind=Hit.EASED, severity=Severity.MINOR)
    eased = await town.hit(down)
    assert eased.outcome is Outcome.EASED
    assert case_of(eased.case).severity == "critical"
    steps = await town.pool.fetch(
        "SELECT move, note, from_stage = to_stage FROM case_step ORDER BY id"
    )
    assert [tuple(step) for step in steps[-2:]] == [
        ("worsen", "critical: ponding v1", True),
        ("ease", "minor: ponding v1", True),
    ]
    assert await town.pool.fetchval("SELECT hit_count FROM case_file") == 1
    hits = await town.pool.fetch(
        "SELECT body ->> 'hit' AS hit FROM evidence WHERE kind = 'hit' ORDER BY id"
    )
    assert [row["hit"] for row in hits] == ["escalated", "eased"]


async def test_a_cleared_alarm_says_that_the_case_recovered(town: Town) -> None:
    await town.hit(HIT)
    cleared = replace(later(HIT, 60), kind=Hit.CLEARED, value=0.0)
    filed = await town.hit(cleared)
    assert filed.outcome is Outcome.RECOVERED
    assert case_of(filed.case).recovered_at == cleared.at
    assert case_of(filed.case).stage == "pending_handle", "people close cases"


async def test_a_case_has_not_recovered_while_another_of_its_alarms_stands(
    town: Town,
) -> None:
    await town.hit(TILTED)
    await town.hit(later(HIT, 10))
    half = await town.hit(replace(later(HIT, 60), kind=Hit.CLEARED))
    assert half.outcome is Outcome.STILL_BAD
    assert case_of(half.case).recovered_at is None
    whole = await town.hit(replace(later(TILTED, 90), kind=Hit.CLEARED))
    assert whole.outcome is Outcome.RECOVERED


async def test_a_hit_after_recovery_takes_the_recovery_back(town: Town) -> None:
    await town.hit(HIT)
    await town.hit(replace(later(HIT, 60), kind=Hit.CLEARED))
    again = await town.hit(later(HIT, 120))
    assert case_of(again.case).recovered_at is None


async def test_a_case_says_the_same_however_its_journal_was_cut_into_batches(
    town: Town,
) -> None:
    story = [
        TILTED,
        later(HIT, 10),
        replace(later(HIT, 60), kind=Hit.CLEARED),
        replace(later(TILTED, 90), kind=Hit.CLEARED),
    ]
    other_cover = [replace(each, device_id=COVER_OF_STREET) for each in story]
    one_by_one = [(await town.hit(each)).outcome for each in story]
    at_once = [filed.outcome for filed in await town.hits(*other_cover)]
    assert one_by_one == at_once
    told = await town.pool.fetch(
        "SELECT hit_count, severity, recovered_at FROM case_file ORDER BY id"
    )
    assert told[0] == told[1]


async def test_a_problem_long_after_closing_is_a_new_case(town: Town) -> None:
    first = case_of((await town.hit(HIT)).case)
    await close(town, first.id)
    second = await town.hit(later(HIT, 2 * 86_400))
    assert second.outcome is Outcome.OPENED
    assert case_of(second.case).number == "9901022026112300001"


async def test_an_alarm_that_outlives_its_case_stands_in_the_next_one(
    town: Town,
) -> None:
    first = case_of((await town.hit(TILTED)).case)
    await close(town, first.id)
    days = 2 * 86_400
    second = case_of((await town.hit(later(HIT, days))).case)
    assert second.id != first.id
    half = await town.hit(replace(later(HIT, days + 60), kind=Hit.CLEARED))
    assert half.outcome is Outcome.STILL_BAD
    whole = await town.hit(replace(later(TILTED, days + 90), kind=Hit.CLEARED))
    assert (whole.outcome, case_of(whole.case).id) == (Outcome.RECOVERED, second.id)


async def test_a_closed_case_still_learns_that_its_sensor_recovered(
    town: Town,
) -> None:
    first = case_of((await town.hit(HIT)).case)
    await close(town, first.id)
    filed = await town.hit(replace(later(HIT, 60), kind=Hit.CLEARED))
    assert filed.outcome is Outcome.RECOVERED
    assert case_of(filed.case).closed_at is not None


async def test_the_next_day_starts_its_numbers_anew_at_the_city_s_midnight(
    town: Town,
) -> None:
    await town.hit(HIT)
    before = later(HIT, 43_199, device_id=COVER_OF_STREET)
    after = later(HIT, 43_200, device_id=LAMP, files=LAMP_OUT)
    numbers = [case_of((await town.hit(each)).case).number for each in (before, after)]
    assert numbers == ["9901022026112100002", "9901022026112200001"]


async def test_components_go_to_their_owner_and_events_to_their_territory(
    town: Town,
) -> None:
    hits = {
        "a lamp that only has an authority": (LAMP, LAMP_OUT),
        "a cover that nobody owns": (COVER_OF_STREET, HIT.files),
        "ponding": (GAUGE, PONDING),
        "a burst pipe": (PRESSURE, BURST),
        "a vehicle's conduct": (TRUCK, OUT_OF_AREA),
        "a device that watches nothing, outside the grid": (SPARE, SILENT),
    }
    chosen = {}
    for name, (device_id, files) in hits.items():
        filed = await town.hit(replace(HIT, device_id=device_id, files=files))
        case_id = case_of(filed.case).id
        query = "SELECT unit_id, unit_reason FROM case_file WHERE id = $1"
        row = await town.pool.fetchrow(query, case_id)
        assert row is not None
        chosen[name] = row["unit_id"], row["unit_reason"]
    assert chosen == {
        "a lamp that only has an authority": (LIGHTING, "component:authority"),
        "a cover that nobody owns": (STREET, "component:subdistrict"),
        "ponding": (STREET, "event:subdistrict"),
        "a burst pipe": (WATER, "class:owner"),
        "a vehicle's conduct": (SANITATION, "class:operator"),
        "a device that watches nothing, outside the grid": (
            CENTRE,
            "component:centre",
        ),
    }


async def test_a_vehicle_s_case_lies_where_the_vehicle_was(town: Town) -> None:
    there = replace(HIT, device_id=TRUCK, files=OUT_OF_AREA, lon=111.0015, lat=35.0015)
    case = case_of((await town.hit(there)).case)
    assert (case.lon, case.lat, case.cell_id) == (111.0015, 35.0015, CELL)


async def test_a_vehicle_that_says_nothing_is_where_it_last_was(town: Town) -> None:
    silent = replace(SILENT, type=OUT_OF_AREA.type, class_code="0195")
    hit = replace(HIT, device_id=TRUCK, files=silent)

    def last_fix(device_id: int, seq: int) -> tuple[float, float] | None:
        return (111.0005, 35.0005) if (device_id, seq) == (TRUCK, hit.seq) else None

    (filed,) = await town.hits(hit, fix_of=last_fix)
    case = case_of(filed.case)
    assert (case.lon, case.lat, case.cell_id) == (111.0005, 35.0005, CELL)


async def test_a_vehicle_that_nobody_ever_saw_is_filed_all_the_same(
    town: Town,
) -> None:
    filed = await town.hit(replace(HIT, device_id=TRUCK, files=OUT_OF_AREA))
    case = case_of(filed.case)
    assert (case.lon, case.lat, case.cell_id) == (None, None, None)
    assert case.number.startswith("990102")


async def test_two_problems_of_one_subject_are_two_cases(town: Town) -> None:
    await town.hit(HIT)
    other = await town.hit(replace(later(HIT, 5), rule="cover-silent", files=SILENT))
    assert other.outcome is Outcome.OPENED


async def test_a_device_nobody_registered_has_no_case_and_breaks_nothing(
    town: Town,
) -> None:
    unknown = replace(HIT, device_id=999)
    refused, filed = await town.hits(unknown, HIT)
    assert (refused.outcome, refused.why) == (
        Outcome.NOT_FILED,
        Unplaced.UNKNOWN_DEVICE,
    )
    assert filed.outcome is Outcome.OPENED


async def test_a_day_without_numbers_left_files_nothing_and_breaks_nothing(
    town: Town,
) -> None:
    await town.pool.execute(
        "INSERT INTO case_number VALUES ('990102', '2026-11-21', 99999)"
    )
    filed = await town.hit(HIT)
    assert (filed.outcome, filed.why) == (Outcome.NOT_FILED, Unplaced.NO_NUMBER)
    assert await town.pool.fetchval("SELECT count(*) FROM case_file") == 0


async def test_an_alarm_that_never_had_a_case_clears_in_silence(town: Town) -> None:
    cleared = await town.hit(replace(HIT, kind=Hit.CLEARED))
    assert cleared.outcome is Outcome.NO_CASE


async def test_the_journal_tells_of_a_new_case_a_recovery_and_a_hit(
    town: Town,
) -> None:
    await town.hit(HIT)
    await town.hit(replace(later(HIT, 60), kind=Hit.CLEARED))
    await town.hit(later(HIT, 90))
    async with town.pool.acquire() as connection:
        entries = await journal.read(connection, after=0, limit=10)
    assert {entry.kind for entry in entries} == {journal.Kind.CASE}
    bodies = [orjson.loads(entry.body) for entry in entries]
    assert [body["move"] for body in bodies] == ["file", "recover", "hit"]
    assert entries[0].received_at == NOON
    assert bodies[0] == {
        "case_id": 1,
        "number": "9901022026112100001",
        "move": "file",
        "to_stage": "pending_handle",
        "unit_id": DRAINAGE,
        "cell_id": CELL,
        "lon": 111.0011,
        "lat": 35.0011,
        "severity": "major",
        "title_zh": "井盖移位或缺失",
        "title_en": "Cover displaced or missing",
        "reason_zh": "倾角 60°",
        "reason_en": "tilt 60°",
        "type": "component",
        "class_code": "0101",
        "simulated": True,
    }


async def close(town: Town, case_id: int) -> None:
    await town.pool.execute(
        "UPDATE case_file SET stage = 'closed', closed_at = $2 WHERE id = $1",
        case_id,
        NOON,
    )
