"""Old values under new times and fixes that do not move, through the engine."""

import numpy as np

from cases.request import Hit
from rules.engine.fold import fold
from rules.plan.compile import compile_plan
from tests.rules.town import device, positions, readings, source
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality

STUCK = int(Quality.STUCK)


def test_s15_a_gateway_that_stamps_an_old_value_anew_is_a_device_s_case() -> None:
    point = device(1, DeviceKind.PRESSURE, "pressure_kpa", interval_s=5)
    plan = compile_plan(source([point], "pressure-stuck", "pressure-low"))
    entries = [
        readings(n, 5 * n, [(10, 5 * n, 331.0, STUCK if n > 20 else 0)])
        for n in range(1, 300)
    ]
    (found,) = fold(plan, plan.fresh_state(), entries).transitions
    assert (found.rule.code, found.kind) == ("pressure-stuck", Hit.RAISED)


def test_s15_a_value_that_is_true_now_and_then_is_none() -> None:
    point = device(1, DeviceKind.PRESSURE, "pressure_kpa", interval_s=5)
    plan = compile_plan(source([point], "pressure-stuck"))
    entries = [
        readings(n, 5 * n, [(10, 5 * n, 331.0, STUCK if n % 3 else 0)])
        for n in range(1, 300)
    ]
    assert fold(plan, plan.fresh_state(), entries).transitions == []


def test_s14_a_frozen_fix_is_a_device_s_case_and_no_geofence_s() -> None:
    vehicle = device(3, DeviceKind.VEHICLE, interval_s=10)
    rules = ("vehicle-frozen", "vehicle-out-of-area")
    plan = compile_plan(source([vehicle], *rules))
    rng = np.random.default_rng(1)
    entries = [
        # It drives along and then, 200 m outside its area, the fix stands still.
        positions(
            n,
            10 * n,
            [(3, 10 * n, 200.0 if n > 30 else -900.0 + rng.uniform(0, 50), 30.0, bits)],
        )
        for n in range(1, 90)
        for bits in [STUCK if n > 30 else 0]
    ]
    (found,) = fold(plan, plan.fresh_state(), entries).transitions
    assert (found.rule.code, found.kind) == ("vehicle-frozen", Hit.RAISED)
