"""Vehicles keep to streets, area and pace, unless an incident says otherwise."""

from datetime import timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from shapely import LineString, MultiLineString, Point

from simulators.driving import moment_of, position_of
from simulators.incidents import Cause, Incident
from simulators.town import PERIOD_S, pace_of
from simulators.world import World
from tests.simulators.towns import PLANE, START
from tests.simulators.towns import sample_town as town
from tests.simulators.towns import sample_world as world
from vocabulary.device import DeviceKind


@cache
def quiet() -> World:
    return World.begin(town(), (), start=START)


@cache
def unfrozen() -> World:
    """The demo without what only seems to jump: a fix that catches up at last."""
    frozen = {one.id for one in world().by_cause[Cause.POSITION_FROZEN]}
    incidents = [
        one
        for some in world().by_cause.values()
        for one in some
        if one.id not in frozen
    ]
    return World.begin(town(), incidents, start=START)


def vehicles() -> list[str]:
    return [device.code for device in town().city.of_kind(DeviceKind.VEHICLE)]


def test_every_vehicle_of_the_sample_city_has_a_beat() -> None:
    assert len(vehicles()) == 16
    assert set(town().beats) == set(vehicles())


@pytest.mark.parametrize("code", vehicles())
def test_a_vehicle_on_its_beat_stays_inside_its_area_and_on_streets(code: str) -> None:
    device = town().city.devices[code]
    streets = MultiLineString(
        [LineString(stretch.line) for stretch in town().streets.stretches]
    )
    for second in range(0, 1800, 7):
        moment = moment_of(quiet(), device, second)
        place = Point(moment.x, moment.y)
        assert town().areas[code].contains(place)
        assert streets.distance(place) < 0.5


@pytest.mark.parametrize("code", vehicles())
def test_a_vehicle_works_at_its_kinds_pace_and_stops(code: str) -> None:
    device = town().city.devices[code]
    speeds = [
        moment_of(quiet(), device, second).speed_kmh for second in range(0, 3600, 5)
    ]
    cruise = pace_of(town().city.cars[device.vehicle]).cruise_kmh
    assert max(speeds) == pytest.approx(cruise, rel=0.2)
    assert min(speeds) == 0


@pytest.mark.parametrize("code", vehicles())
def test_positions_never_jump_not_even_around_incidents(code: str) -> None:
    device = town().city.devices[code]
    fixes = [
        position_of(unfrozen(), device, START + timedelta(seconds=second))
        for second in range(0, 4000, 2)
    ]
    for before, after in pairwise(fixes):
        metres = PLANE.distance_m((before.lon, before.lat), (after.lon, after.lat))
        assert metres <= 2 * 90 / 3.6 + 5


@pytest.mark.parametrize("code", vehicles())
def test_the_world_comes_round_without_a_seam(code: str) -> None:
    device = town().city.devices[code]
    first, last = (moment_of(world(), device, second) for second in (0, PERIOD_S))
    assert (first.x, first.y) == pytest.approx((last.x, last.y), abs=0.01)
    before = moment_of(world(), device, PERIOD_S - 0.5)
    assert np.hypot(before.x - first.x, before.y - first.y) < 15


def incidents_of(cause: Cause) -> list[Incident]:
    return list(world().by_cause[cause])[:8]


def test_a_vehicle_is_outside_its_area_exactly_while_the_incident_lasts() -> None:
    for incident in incidents_of(Cause.LEFT_AREA):
        device, area = (
            town().city.devices[incident.device],
            town().areas[incident.device],
        )
        for second in np.arange(incident.starts_s - 20, incident.ends_s + 20, 5.0):
            moment = moment_of(world(), device, float(second))
            outside = not area.contains(Point(moment.x, moment.y))
            assert outside == (incident.starts_s <= second <= incident.ends_s)


def test_a_vehicle_that_left_gets_well_away() -> None:
    for incident in incidents_of(Cause.LEFT_AREA):
        device, area = (
            town().city.devices[incident.device],
            town().areas[incident.device],
        )
        middle = (incident.starts_s + incident.ends_s) / 2
        moment = moment_of(world(), device, middle)
        assert area.distance(Point(moment.x, moment.y)) >= 75


def test_a_speeding_vehicle_is_over_its_limit_all_the_time() -> None:
    for incident in incidents_of(Cause.OVERSPEED):
        device = town().city.devices[incident.device]
        limit = town().city.cars[device.vehicle].speed_limit_kmh or 0
        for second in np.arange(incident.starts_s + 1, incident.ends_s - 1, 3.0):
            at = START + timedelta(seconds=float(second))
            position = position_of(world(), device, at)
            assert position.speed_kmh is not None
            assert position.speed_kmh > limit * 1.2
        after = moment_of(world(), device, incident.ends_s + 1)
        assert after.speed_kmh == 0
