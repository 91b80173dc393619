"""How far outside a vehicle is does not depend on which other fences there are."""

from dataclasses import replace

import numpy as np
import pytest

from rules.fences.ground import Ground
from rules.plan.plan_source import PlanSource, RuleText
from rules.trial.scene import AREA, device, positions, tick
from rules.trial.suite import rule_text
from tests.bundle.offline import bundles_of
from tests.bundle.test_rules import HERE, check
from tests.rules.town import code_of
from vocabulary.device import DeviceKind
from vocabulary.position import DEGREES_E7
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape


def circle(number: int, lon: float, lat: float = 35.0) -> GeofenceFacts:
    return replace(
        AREA,
        id=number,
        code=f"area-{number}",
        shape=GeofenceShape.CIRCLE,
        geometry=f'{{"type": "Point", "coordinates": [{lon}, {lat}]}}',
        radius_m=800.0,
    )


def outside_m(fences: tuple[GeofenceFacts, ...], number: int) -> np.ndarray:
    """Return how far places are outside of one of some fences."""
    rng = np.random.default_rng(1)
    lon = np.round(rng.uniform(111.0, 111.2, 500) * DEGREES_E7).astype(np.int32)
    lat = np.round(rng.uniform(34.9, 35.1, 500) * DEGREES_E7).astype(np.int32)
    ground = Ground.of(fences)
    place = ground.places(np.full(500, number))
    return ground.plane.outside_m(place, ground.plane.points(lon, lat))


@pytest.mark.parametrize("lon", [110.7, 108.123456, 121.47, -100.0, -1.5])
def test_a_distance_to_a_fence_is_the_same_beside_any_other(lon: float) -> None:
    own = circle(2, 111.05)
    alone = outside_m((own,), 2)
    assert alone.max() > 0
    assert (outside_m((circle(1, lon), own), 2) == alone).all()


def test_a_vehicle_out_of_its_area_is_decided_again_to_the_last_bit() -> None:
    text = rule_text("vehicle-out-of-area", HERE)
    there = replace(device(1, DeviceKind.VEHICLE), area=circle(1, 110.7))
    here = replace(device(2, DeviceKind.VEHICLE), area=circle(2, 111.0))
    source = PlanSource(
        rules=(RuleText(code_of(text), 1, text),),
        subjects=(there, here),
        registry_version=1,
    )
    entries = [tick(1, -1)]
    for second in range(0, 400, 10):
        entries.append(tick(len(entries) + 1, second))
        fixes = [(2, second, 40.0 * second, 30.0, 0)]
        entries.append(positions(len(entries) + 1, second, fixes))
    (bundle,) = bundles_of(source, entries)
    assert bundle.decided.device_id == 2
    assert [subject.device_id for subject in bundle.source.subjects] == [2]
    check(bundle)
