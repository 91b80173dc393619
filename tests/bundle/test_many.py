"""What many alarms are together, and what keeps one back, is decided again alike."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rules.bundle.bundle import bundle_from
from rules.bundle.course import course_of
from rules.bundle.replay import replay
from rules.bundle.tell import lines_of
from rules.bundle.whole import Whole, explain_alarm
from rules.engine.entry import learned_from
from rules.lifecycle.versions import add_draft, bring_to
from rules.trial.suite import rule_text
from rules.worker.present import current_source
from simulators.incidents import Cause
from simulators.pressure import sample_pressure
from simulators.timetable import demo_timetable
from store.journal.entries import read
from store.rules.versions import Change
from store.rules.windows import NewWindow, insert_window
from tests.bundle.offline import bundles_of
from tests.rules.workers import ZONE
from tests.simulators.towns import START
from tests.simulators.towns import sample_town as town
from tests.simulators.towns import sample_world as world
from tests.triage.city import City
from vocabulary.device import DeviceKind
from vocabulary.rule_stage import RuleStage

pytestmark = pytest.mark.db

STORM_OF_TWO = "storm: {budget: 2, worst: 1, worst_after_s: 30, quiet_s: 60}\n"
LIVE = {"contactor_on": 1.0, "voltage_v": 230.0}
DEAD = {"contactor_on": 1.0, "voltage_v": 0.0}


async def silent_gateway(city: City) -> None:
    covers = city.codes(DeviceKind.COVER, gateway="GW-COVER-1")
    for place, code in enumerate(covers):
        await city.say(place / 10, {code: {"tilt_deg": 2}})
    await city.tick(10, 150)


async def dark_circuit(city: City) -> None:
    lamps = city.codes(DeviceKind.LAMP, gateway="CAB-1")
    for second in range(0, 30, 5):
        await city.say(second, {"CB-0001": LIVE})
        await city.say_all(second + 1, lamps, power_w=0)
    for second in range(30, 60, 5):
        await city.say(second, {"CB-0001": DEAD})


async def burst_main(city: City) -> None:
    points = town().city.of_kind(DeviceKind.PRESSURE)
    assert any(i.cause is Cause.PIPE_BURST for i in demo_timetable(town()))
    for second in range(0, 80, 5):
        said = {}
        for point in points:
            at = START + timedelta(seconds=second)
            (kpa, *_) = sample_pressure(world(), point, at)
            said[point.code] = {"pressure_kpa": kpa.value}
        await city.say(second, said)


async def storm(city: City) -> None:
    await city.triage_by(STORM_OF_TWO, 0)
    gauges = [code for code in city.codes(DeviceKind.GAUGE) if code.startswith("PD-")]
    for second in range(10, 60, 10):
        said = {code: {"depth_mm": 160.0 + n} for n, code in enumerate(gauges)}
        await city.say(second, said)
    await city.tick(60, 100)


async def flapping(city: City) -> None:
    second = 0
    for _ in range(6):
        for said in (DEAD, LIVE):
            for _ in range(4):
                await city.say(second, {"CB-0001": said})
                second += 5


async def in_a_window(city: City) -> None:
    async with city.pool.acquire() as connection, connection.transaction():
        await insert_window(
            connection,
            NewWindow(
                circuit_id=city.device_id("CB-0001"),
                from_at=city.at(0),
                until_at=city.at(60),
                reason="cable works",
                owner="Li",
            ),
            at=city.at(0),
        )
    for second in range(5, 70, 5):
        await city.say(second, {"CB-0001": DEAD})


async def on_trial(city: City) -> None:
    text = rule_text("circuit-off", Path()).replace("circuit-off", "circuit-trial")
    change = Change(author="me", at=city.at(0))
    async with city.pool.acquire() as connection:
        code, version = await add_draft(connection, text, change)
        await bring_to(connection, code, version, RuleStage.SHADOW, change)
    for second in range(0, 40, 5):
        await city.say(second, {"CB-0001": DEAD})


Scene = Callable[[City], Awaitable[None]]

SCENES: dict[str, tuple[Scene, str, str]] = {
    "group": (silent_gateway, "group:gateway-silent", "filed"),
    "member": (silent_gateway, "cover-silent", "member"),
    "circuit": (dark_circuit, "group:circuit-dark", "filed"),
    "burst": (burst_main, "group:pipe-burst", "filed"),
    "storm": (storm, "storm:ponding", "filed"),
    "in a storm": (storm, "ponding", "storm"),
    "flapping": (flapping, "circuit-off", "unstable"),
    "window": (in_a_window, "circuit-off", "filed"),
    "trial": (on_trial, "circuit-trial", "shadow"),
}


@pytest.mark.parametrize("name", SCENES)
async def test_what_triage_made_of_an_alarm_is_decided_again_alike(
    name: str, city: City
) -> None:
    scene, rule, handling = SCENES[name]
    await scene(city)
    await city.fold()
    alarms = await city.pool.fetch(
        "SELECT id FROM alarm WHERE rule = $1 AND handling = $2 ORDER BY id",
        rule,
        handling,
    )
    assert alarms
    for alarm in (alarms[0], alarms[-1]):
        whole, octets = await explained(city, alarm["id"])
        assert whole.is_same
        assert whole.is_triaged
        again = replay(bundle_from(octets)[0])
        assert again.is_same
        assert again.triaged.said
        assert not again.triaged.strays
        for lang in ("zh", "en", ""):
            assert list(lines_of(whole, lang=lang, zone=ZoneInfo(ZONE)))


@pytest.mark.parametrize("name", ["group", "circuit", "burst", "storm", "flapping"])
async def test_however_the_worker_cuts_the_journal_it_is_decided_again_alike(
    name: str, city: City
) -> None:
    scene, rule, _ = SCENES[name]
    await scene(city)
    async with city.pool.acquire() as connection:
        source = await current_source(
            connection, city.snapshot, at=city.at(0), time_zone=ZONE
        )
        entries = await read(connection, after=0, limit=5000)
    bundles = list(bundles_of(source, list(map(learned_from, entries))))
    found = {bundle.decided.rule for bundle in bundles}
    assert rule in found
    for bundle in bundles:
        replayed = replay(bundle_from(bundle.octets())[0])
        assert replayed.is_same
        assert replayed.triaged.is_same
        assert replayed.triaged.said == bundle.said != ()
        assert course_of(bundle, replayed)


async def explained(city: City, alarm_id: int) -> tuple[Whole, bytes]:
    async with city.pool.acquire() as connection:
        found = await explain_alarm(connection, alarm_id, time_zone=ZONE)
    assert found is not None
    return found
