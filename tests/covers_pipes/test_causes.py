"""What simulators play for scenario files comes to the case that they promise."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from simulators.city import Hardware
from simulators.consequences import incident_at
from simulators.covers import sample_cover
from simulators.gauges import sample_gauge
from simulators.incidents import CAUSES, Cause
from simulators.pressure import sample_pressure
from simulators.world import World
from tests.simulators.towns import START
from tests.simulators.towns import sample_town as town
from tests.triage.city import City
from vocabulary.device import DeviceKind
from vocabulary.reading import Reading

pytestmark = pytest.mark.db

Sample = Callable[[World, Hardware, datetime], list[Reading]]

SAMPLE: dict[DeviceKind, Sample] = {
    DeviceKind.COVER: sample_cover,
    DeviceKind.GAUGE: sample_gauge,
    DeviceKind.PRESSURE: sample_pressure,
}

STARTS_S = 140


@pytest.mark.parametrize(
    ("cause", "device"),
    [
        (Cause.COVER_AJAR, "MH-0001"),
        (Cause.COVER_SENSOR_LOOSE, "MH-0001"),
        (Cause.PRESSURE_SENSOR_FAULT, "PR-0003"),
        (Cause.GAUGE_TRASH, "PD-0006"),
        (Cause.GAUGE_TRASH, "PD-0001"),
    ],
)
async def test_a_cause_of_scenario_files_comes_to_its_case_and_no_other(
    city: City, cause: Cause, device: str
) -> None:
    facts, hardware = CAUSES[cause], town().city.devices[device]
    incident = incident_at(
        town(), cause, hardware, name="one", start_s=STARTS_S, for_s=facts.notice_s + 60
    )
    assert incident is not None
    world = World.begin(town(), [incident], start=START)
    sample = SAMPLE[facts.kind]
    # Points of a main are judged together; of the others a neighbour is enough.
    judged = town().city.of_kind(facts.kind)[: 24 if "PR" in device else 6]
    assert hardware in judged
    for second in range(0, int(STARTS_S + facts.notice_s) + 10, 5):
        at = START + timedelta(seconds=second)
        said = {
            one.code: {str(r.quantity): r.value for r in sample(world, one, at)}
            for one in judged
            if second % one.interval_s == 0
        }
        if said:
            await city.say(second, said)
    await city.fold()
    cases = (
        "SELECT condition, d.code FROM case_file f JOIN device d ON d.id = f.device_id"
    )
    assert await city.rows(cases) == [(facts.condition, device)]
    ((raised_at,),) = await city.rows("SELECT opened_at FROM case_file")
    assert raised_at <= city.at(STARTS_S + facts.notice_s)  # type: ignore[operator]
