"""S15 from the intake on: a gateway sends what it remembers, each time as if new."""

import numpy as np

from cases.request import Hit
from ingest.judging.series import Conduct, Standing, series_flags
from rules.engine.fold import fold
from rules.plan.compile import compile_plan
from tests.rules.town import device, readings, source, us
from vocabulary.device import DeviceKind
from vocabulary.quantity import QUANTITIES, Quantity
from vocabulary.times import SECOND_US

FACTS = QUANTITIES[Quantity.PRESSURE_KPA]
POINT = device(1, DeviceKind.PRESSURE, "pressure_kpa", interval_s=60)
SERIES = POINT.series["pressure_kpa"]
STUCK_FROM_S, HOUR_S = 3600, 3600


def test_s15_an_old_value_under_new_times_is_a_fault_of_the_sensor() -> None:
    at_s = np.arange(0, 10 * HOUR_S, 60)
    flicker = np.random.default_rng(15).normal(330, 2, len(at_s)).round(1)
    value = np.where(at_s < STUCK_FROM_S, flicker, 331.0)
    flags = series_flags(
        Standing(),
        np.full(len(at_s), SERIES, np.int32),
        np.array([us(second) for second in at_s.tolist()], np.int64),
        value,
        quality=np.zeros(len(at_s), np.int32),
        conduct=conduct(),
    )
    plan = compile_plan(source([POINT], "pressure-stuck", "pressure-low"))
    said = zip(at_s.tolist(), value.tolist(), flags.tolist(), strict=True)
    entries = [
        readings(seq, second, [(SERIES, second, number, flag)])
        for seq, (second, number, flag) in enumerate(said, 1)
    ]
    [raised] = fold(plan, plan.fresh_state(), entries).transitions
    assert (raised.rule.code, raised.kind) == ("pressure-stuck", Hit.RAISED)
    since_s = (raised.measured_us - us(STUCK_FROM_S)) / SECOND_US
    assert 6 * HOUR_S <= since_s < 6.5 * HOUR_S


def conduct() -> Conduct:
    """Return what is usual of pressure, by series id."""
    n = SERIES + 1
    return Conduct(
        leap=np.full(n, FACTS.leap, np.float64),
        fastest_per_s=np.full(n, FACTS.fastest_per_s),
        stuck_after_us=np.full(n, (FACTS.stuck_after_s or 0) * SECOND_US, np.int64),
        is_limited=np.full(n, True),  # noqa: FBT003 a column
    )
