"""Simulated cabinets keep to the city's programmes, and their faults show as such."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from simulators.cabinets import sample_cabinet, sample_lamp
from simulators.city import Hardware
from simulators.consequences import incident_at
from simulators.incidents import Cause
from simulators.timetable import demo_timetable
from simulators.town import Town
from simulators.world import World
from tests.simulators.towns import START, sample_town
from vocabulary.lighting import expected_level_pct
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading
from vocabulary.times import us_from_datetime

HOUR = 3600.0


def device(code: str) -> Hardware:
    return sample_town().city.devices[code]


def said(readings: list[Reading]) -> dict[Quantity, float]:
    return {reading.quantity: reading.value for reading in readings}


def world(town: Town, *faults: tuple[Cause, str]) -> World:
    """Return a world in which faults last from the first second for a day."""
    found = [
        incident_at(town, cause, device(code), name=code, start_s=0, for_s=24 * HOUR)
        for cause, code in faults
    ]
    incidents = [one for one in found if one is not None]
    assert len(incidents) == len(faults)
    return World.begin(town, incidents, start=START, period_s=48 * HOUR)


@pytest.mark.parametrize(
    ("cabinet", "lamp"), [("CB-0001", "LP-0007"), ("CB-0006", "LP-0290")]
)
def test_lamps_follow_their_programme_through_a_day(cabinet: str, lamp: str) -> None:
    town = sample_town()
    played, one, box = world(town), device(lamp), device(cabinet)
    programme = one.programme
    assert programme is not None
    times = [START + timedelta(minutes=10 * step) for step in range(144)]
    level, known = expected_level_pct(
        programme,
        np.array([us_from_datetime(at) for at in times]),
        np.full(len(times), one.lon),
        np.full(len(times), one.lat),
        town.city.zone,
    )
    lit = 0
    for at, wanted, is_known in zip(times, level, known, strict=True):
        if not is_known:
            continue
        lamp_says = said(sample_lamp(played, one, at))
        cabinet_says = said(sample_cabinet(played, box, [one], at))
        assert lamp_says[Quantity.DIMMING_PCT] == wanted
        assert cabinet_says[Quantity.CONTACTOR_ON] == float(wanted > 0)
        rated_w = one.rated_w or 0
        power_w = lamp_says[Quantity.POWER_W]
        assert power_w == pytest.approx(rated_w * wanted / 100, rel=0.1, abs=1)
        lit += wanted > 0
    assert lit == 144 if cabinet == "CB-0001" else 60 < lit < 90


def test_each_fault_of_a_lamp_shows_as_itself() -> None:
    town = sample_town()
    played = world(
        town,
        (Cause.LAMP_BURNING, "LP-0290"),
        (Cause.LAMP_DIM, "LP-0007"),
        (Cause.LAMP_CYCLING, "LP-0008"),
        (Cause.SUPPLY_HIGH, "CB-0002"),
        (Cause.CABINET_LEAKAGE, "CB-0003"),
        (Cause.CABINET_OPENED, "CB-0004"),
    )
    noon = START + timedelta(hours=20)  # START is four in the afternoon
    burning, dim = (
        said(sample_lamp(played, device(c), noon)) for c in ("LP-0290", "LP-0007")
    )
    assert burning[Quantity.POWER_W] > 50
    assert dim[Quantity.POWER_W] == pytest.approx(
        0.4 * (device("LP-0007").rated_w or 0), rel=0.1
    )
    watts = [
        said(sample_lamp(played, device("LP-0008"), noon + timedelta(seconds=second)))[
            Quantity.POWER_W
        ]
        for second in range(0, 120, 5)
    ]
    on = [power > 5 for power in watts]
    assert sum(on) == 12
    assert sum(b and not a for a, b in pairwise(on)) >= 5
    high, leaking, opened = (
        said(sample_cabinet(played, device(code), [], noon))
        for code in ("CB-0002", "CB-0003", "CB-0004")
    )
    assert high[Quantity.VOLTAGE_V] > 242
    assert leaking[Quantity.LEAKAGE_MA] > 100
    assert opened[Quantity.CABINET_DOOR_OPEN] == 1


def test_the_demonstration_puts_no_lamp_out_that_is_dark_by_day() -> None:
    dark_by_day = {
        code
        for code, one in sample_town().city.devices.items()
        if one.programme is not None and one.programme.on_below_deg < 90
    }
    assert len(dark_by_day) == 51
    incidents = demo_timetable(sample_town())
    assert not dark_by_day & {member for one in incidents for member in one.members}
