"""Vehicles go where they may not only while an incident says so."""

from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from shapely import Point, union_all

import simulators
from simulators.driving import is_off, moment_of, position_of
from simulators.incidents import Cause, Incident
from simulators.misdeeds import PLACE_OF
from simulators.playback import Playback
from simulators.scenario import read_scenario
from simulators.timetable import demo_timetable
from simulators.town import PERIOD_S
from simulators.world import World
from tests.simulators.towns import START
from tests.simulators.towns import sample_town as town
from vocabulary.device import DeviceKind

FLEET = Path(simulators.__file__).parent / "scenarios" / "fleet.yaml"


CLOSED = ("no_entry", "night_ban")
"""Kinds of places that nobody's round may lead through."""


@cache
def world() -> World:
    incidents, period_s = read_scenario(FLEET, town())
    return World.begin(town(), incidents, start=START, period_s=period_s)


def place(code: str, second: float) -> Point:
    moment = moment_of(world(), town().city.devices[code], second)
    return Point(moment.x, moment.y)


def of(cause: Cause) -> list[Incident]:
    return list(world().by_cause[cause])


def test_the_two_shipped_scenarios_and_the_demo_play_every_cause_but_one() -> None:
    hardware, _ = read_scenario(FLEET.with_name("hardware.yaml"), town())
    fleet, _ = read_scenario(FLEET, town())
    played = {one.cause for one in (*hardware, *fleet, *demo_timetable(town()))}
    assert set(Cause) - played == {Cause.RELAY_STUCK}  # it takes an order to show


def test_the_shipped_scenario_plays_every_cause_a_vehicle_knows() -> None:
    vehicles = {code.device for cause in Cause for code in of(cause)}
    assert vehicles <= set(town().beats)
    causes = {cause for cause in Cause if of(cause)}
    assert causes == {
        Cause.LEFT_AREA,
        Cause.OVERSPEED,
        Cause.STOPPED_OUTSIDE,
        Cause.TERMINAL_OFF,
        Cause.POSITION_FROZEN,
        *PLACE_OF,
    }


@pytest.mark.parametrize("code", sorted(town().beats))
@pytest.mark.parametrize("seed", [7, 8])
def test_a_round_begins_in_a_depot_and_keeps_clear_of_closed_places(
    code: str, seed: int
) -> None:
    built = town(seed)
    motion = built.beats[code].motion
    assert built.place("depot").contains(Point(motion.line[0]))
    closed = union_all([built.place(kind) for kind in CLOSED])
    driven = [motion.moment(float(s)) for s in range(0, int(motion.at_s[-1]), 3)]
    assert all(closed.distance(Point(one.x, one.y)) > 5 for one in driven)


@pytest.mark.parametrize("cause", sorted(PLACE_OF))
def test_a_vehicle_is_deep_in_a_place_while_the_incident_lasts_and_not_before(
    cause: Cause,
) -> None:
    there = town().place(PLACE_OF[cause])
    for incident in of(cause):
        middle_s = (incident.starts_s + incident.ends_s) / 2
        assert there.buffer(-20).contains(place(incident.device, middle_s))
        if PLACE_OF[cause] in CLOSED:  # else its round may lead through as well
            for before_s in (incident.starts_s - 2, incident.ends_s + 2):
                assert not there.contains(place(incident.device, before_s))


def test_who_stops_stands_where_it_may_not_and_then_drives_on() -> None:
    for incident in of(Cause.STOPPED_OUTSIDE):
        first = place(incident.device, incident.starts_s + 1)
        assert first.distance(place(incident.device, incident.ends_s - 1)) < 0.1
        assert first.distance(town().place("stop_place")) > 60
        later = [place(incident.device, incident.ends_s + s) for s in range(0, 300, 5)]
        assert max(first.distance(at) for at in later) > 60


def test_a_frozen_fix_tells_one_place_while_the_vehicle_drives() -> None:
    for incident in of(Cause.POSITION_FROZEN):
        device = town().city.devices[incident.device]
        seconds = range(int(incident.starts_s) + 1, int(incident.ends_s), 7)
        fixes = [
            position_of(world(), device, START + timedelta(seconds=s)) for s in seconds
        ]
        assert len({(fix.lon, fix.lat) for fix in fixes}) == 1
        assert max(fix.speed_kmh or 0 for fix in fixes) > 10


def test_who_is_off_says_nothing_and_the_others_go_on() -> None:
    incident = of(Cause.TERMINAL_OFF)[0]
    device = town().city.devices[incident.device]
    assert is_off(world(), device, incident.starts_s + 1)
    playback = Playback(world(), frozenset({DeviceKind.VEHICLE}))
    list(playback.until(incident.starts_s + 10))
    said = [
        fix.device
        for each in playback.until(incident.ends_s - 10)
        for fix in each.fixes
    ]
    assert device.address not in said
    assert len(set(said)) == 15


def test_a_playback_says_each_sample_once_whatever_the_steps() -> None:
    quiet = World.begin(town(), (), start=START, period_s=PERIOD_S)

    def said(step_s: float) -> list[tuple[str, object, object]]:
        playback = Playback(quiet)
        return sorted(
            (reading.device, reading.measured_at, str(reading.quantity))
            for n in range(1, int(60 / step_s) + 1)
            for each in playback.until(n * step_s)
            for reading in each.readings
        )

    assert said(20) == said(5)
    assert len(said(20)) == len(set(said(20)))
