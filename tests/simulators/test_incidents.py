"""What goes wrong shows in the values, as promised and no longer than promised."""

import json
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from simulators.cabinets import sample_cabinet, sample_lamp
from simulators.city import Hardware
from simulators.covers import sample_cover
from simulators.gauges import sample_gauge
from simulators.incidents import CAUSES, Cause, Incident, truth_line
from simulators.mqtt_gateway import lost_until_s
from simulators.pressure import sample_pressure
from simulators.timetable import EVERY_S, FIRST, ONCE, demo_timetable
from simulators.town import PERIOD_S
from simulators.world import World
from tests.simulators.towns import START
from tests.simulators.towns import sample_town as town
from tests.simulators.towns import sample_world as world
from vocabulary.device import DeviceKind
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def device(code: str) -> Hardware:
    return town().city.devices[code]


def value(readings: list[Reading], quantity: Quantity) -> float:
    return next(one.value for one in readings if one.quantity is quantity)


def depth_mm(code: str, second: float) -> float:
    return value(sample_gauge(world(), device(code), at(second)), Quantity.DEPTH_MM)


def kpa(code: str, second: float) -> float:
    readings = sample_pressure(world(), device(code), at(second))
    return value(readings, Quantity.PRESSURE_KPA)


def some(cause: Cause) -> list[Incident]:
    return list(world().by_cause[cause])[:6]


def test_all_seven_causes_begin_within_the_first_half_minute_apart() -> None:
    first = demo_timetable(town())[:7]
    # A stuck relay shows only when it is ordered to move: in scenarios alone.
    assert {one.cause for one in first} == {cause for _, cause in FIRST}
    assert first[-1].starts_s < 30
    assert min(b.starts_s - a.starts_s for a, b in pairwise(first)) >= 1


@pytest.mark.parametrize("seed", range(5))
def test_every_seed_shows_all_five_kinds_within_forty_seconds(seed: int) -> None:
    built = town(seed)
    early = [one for one in demo_timetable(built) if one.starts_s <= 40]
    kinds = {CAUSES[one.cause].kind for one in early}
    assert kinds == set(DeviceKind) - {DeviceKind.PLATFORM}


@pytest.mark.parametrize("seed", range(5))
def test_every_seed_plays_what_takes_minutes_to_show_once(seed: int) -> None:
    played = {one.cause: one for one in reversed(demo_timetable(town(seed)))}
    for second, cause in ONCE:
        assert second <= played[cause].starts_s < second + 700


@pytest.mark.parametrize("seed", range(5))
def test_every_seed_loses_one_gateway_with_all_its_sensors(seed: int) -> None:
    built = town(seed)
    (lost,) = [one for one in demo_timetable(built) if one.cause is Cause.GATEWAY_LOST]
    gateway = built.city.devices[lost.device].gateway
    assert set(lost.members) == {each.code for each in built.city.below(gateway)}
    assert lost.starts_s < 60
    played = World.begin(built, [lost], start=START)
    back = lost_until_s(played, gateway, lost.starts_s + 1)
    assert back == pytest.approx(lost.ends_s)
    assert lost_until_s(played, gateway, lost.ends_s) is None
    others = set(built.city.gateways) - {gateway}
    assert not any(lost_until_s(played, one, lost.starts_s + 1) for one in others)


def test_the_truth_about_a_lost_gateway_names_the_gateway() -> None:
    (lost,) = some(Cause.GATEWAY_LOST)
    truth = json.loads(truth_line(lost, town().city.devices, start=START))
    assert truth["subject"] == {"gateway": device(lost.device).gateway}
    assert truth["class"]["condition"] == "device_silent"


def test_later_incidents_come_about_one_a_minute_for_hours() -> None:
    starts = [one.starts_s for one in demo_timetable(town()) if one.starts_s > 80]
    assert len(starts) > 0.9 * (PERIOD_S - 1000) / EVERY_S
    assert max(b - a for a, b in pairwise(starts)) < 4 * EVERY_S


def test_no_device_suffers_two_incidents_at_once() -> None:
    until: dict[str, float] = {}
    for incident in demo_timetable(town()):
        for code in incident.members:
            assert incident.starts_s > until.get(code, -1)
            until[code] = incident.ends_s


def test_everything_is_put_right_before_the_period_ends() -> None:
    assert max(one.ends_s for one in demo_timetable(town())) < PERIOD_S - 120


def test_an_opened_cover_tilts_and_lies_back_after_it() -> None:
    for incident in some(Cause.COVER_OPENED):
        tilts = [
            value(
                sample_cover(world(), device(incident.device), at(second)),
                Quantity.TILT_DEG,
            )
            for second in (
                incident.starts_s - 5,
                incident.starts_s + 3,
                incident.ends_s - 1,
                incident.ends_s + 5,
            )
        ]
        assert tilts[0] < 15
        assert tilts[1] > 60
        assert tilts[2] > 60
        assert tilts[3] < 15


def test_a_closed_cover_never_looks_ajar() -> None:
    opened = {one.device for one in world().by_cause[Cause.COVER_OPENED][:12]}
    sound = next(
        one for one in town().city.of_kind(DeviceKind.COVER) if one.code not in opened
    )
    tilts = [
        value(sample_cover(world(), sound, at(second)), Quantity.TILT_DEG)
        for second in range(0, 600, 2)
    ]
    assert max(tilts) < 15


def test_a_failed_lamp_is_dark_while_its_cabinet_is_live() -> None:
    for incident in some(Cause.LAMP_FAILED):
        second = incident.starts_s + 5
        lamp = device(incident.device)
        readings = sample_lamp(world(), lamp, at(second))
        assert value(readings, Quantity.POWER_W) <= 5
        assert value(readings, Quantity.VOLTAGE_V) > 200
        cabinet = sample_cabinet(world(), device(lamp.upstream), [lamp], at(second))
        assert value(cabinet, Quantity.CONTACTOR_ON) == 1
        assert value(cabinet, Quantity.VOLTAGE_V) > 200
        mended = sample_lamp(world(), lamp, at(incident.ends_s + 1))
        assert value(mended, Quantity.POWER_W) > 50


def test_a_circuit_without_supply_is_dark_with_its_contactor_on() -> None:
    for incident in some(Cause.CIRCUIT_OFF):
        lamps = [device(code) for code in incident.members[1:]]
        assert len(lamps) == 50
        when = at(incident.starts_s + 5)
        cabinet = sample_cabinet(world(), device(incident.device), lamps, when)
        assert value(cabinet, Quantity.CONTACTOR_ON) == 1
        assert value(cabinet, Quantity.VOLTAGE_V) == 0
        assert all(
            value(sample_lamp(world(), lamp, when), Quantity.POWER_W) == 0
            for lamp in lamps
        )


def test_a_meter_never_runs_backwards_and_stands_without_supply() -> None:
    incident = some(Cause.CIRCUIT_OFF)[0]
    lamps = [device(code) for code in incident.members[1:]]
    energy = [
        value(
            sample_cabinet(world(), device(incident.device), lamps, at(second)),
            Quantity.ENERGY_KWH,
        )
        for second in (incident.starts_s, incident.ends_s - 1, PERIOD_S, PERIOD_S + 900)
    ]
    assert energy[0] == energy[1] < energy[2] < energy[3]


def test_a_burst_pulls_its_members_below_service_pressure_and_no_other() -> None:
    for incident in some(Cause.PIPE_BURST):
        second = incident.starts_s + 25
        for point in town().city.of_kind(DeviceKind.PRESSURE):
            if point.code in incident.members:
                assert kpa(point.code, second) < 140
                assert kpa(point.code, incident.starts_s - 1) > 200
                assert kpa(point.code, incident.ends_s + 40) > 200
            elif point.code not in incident.perhaps:
                assert kpa(point.code, second) > 140


def test_bursts_are_felt_by_several_points() -> None:
    members = [len(one.members) for one in world().by_cause[Cause.PIPE_BURST]]
    assert sum(members) / len(members) > 2


def test_a_cloudburst_climbs_through_the_grades_and_drains() -> None:
    for incident in some(Cause.CLOUDBURST):
        code = incident.device
        assert depth_mm(code, incident.starts_s) < 50
        climb = [depth_mm(code, incident.starts_s + s) for s in (10, 20, 40, 80)]
        assert climb == sorted(climb)
        assert depth_mm(code, incident.ends_s - 1) > 400
        assert depth_mm(code, incident.ends_s + 180) < 50


def test_a_cloudburst_floods_its_members_and_no_other_gauge() -> None:
    for incident in some(Cause.CLOUDBURST):
        peaks = {
            gauge.code: depth_mm(gauge.code, incident.ends_s - 1)
            for gauge in town().city.of_kind(DeviceKind.GAUGE)
        }
        flooded = {code for code, peak in peaks.items() if peak > 150}
        unsure = set(incident.perhaps)
        assert flooded - unsure == set(incident.members) - unsure


def test_nothing_is_wrong_in_a_world_without_incidents() -> None:
    calm = World.begin(town(), (), start=START)
    for second in range(0, 3600, 60):
        for gauge in town().city.of_kind(DeviceKind.GAUGE):
            readings = sample_gauge(calm, gauge, at(second))
            assert value(readings, Quantity.DEPTH_MM) < 10
        for point in town().city.of_kind(DeviceKind.PRESSURE):
            readings = sample_pressure(calm, point, at(second))
            assert 200 < value(readings, Quantity.PRESSURE_KPA) < 500


def test_the_truth_of_an_incident_is_one_line_with_all_that_a_scorer_needs() -> None:
    incident = some(Cause.COVER_OPENED)[0]
    line = truth_line(incident, town().city.devices, start=START)
    truth = json.loads(line)
    assert "\n" not in line
    assert truth["cause"] == "cover_opened"
    assert truth["subject"] == {"component": device(incident.device).component}
    assert truth["class"]["scheme"] == "gbt30428.2-2013"
    assert truth["class"]["type"] == "component"
    assert truth["starts_at"] < truth["latest_by"] < truth["ends_at"]
    assert truth["starts_at"].endswith("Z")
    assert truth["members"] == [incident.device]
    assert truth["expect"] == "case"


def test_the_truth_about_a_vehicle_names_the_vehicle_and_laps_have_their_own_ids() -> (
    None
):
    incident = some(Cause.OVERSPEED)[0]
    first, second = (
        json.loads(truth_line(incident, town().city.devices, start=START, lap=lap))
        for lap in (0, 1)
    )
    assert first["subject"] == {"vehicle": device(incident.device).vehicle}
    assert first["id"] != second["id"]
