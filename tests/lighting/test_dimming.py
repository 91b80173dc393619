"""The share of its power that a lamp draws, as columns and report by report."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.samples import Samples
from rules.measures.dimming import (
    DimmingColumns,
    DimmingMemory,
    DimmingSettings,
    measure,
)
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US

POWER, LEVEL = 0, 1
RATED_W = (60.0, 100.0, 150.0)
GAP_S = 30.0

reports = st.lists(
    st.tuples(
        st.integers(0, len(RATED_W) - 1),
        st.sampled_from([POWER, LEVEL]),
        st.integers(0, 200),
        st.sampled_from([0.0, 10.0, 20.0, 50.0, 100.0]),
    ),
    unique_by=lambda one: one[:3],
    max_size=40,
)


def columns() -> DimmingColumns:
    asked = [
        DimmingSettings(rated_w=rated, level_series=10 * lamp + LEVEL, gap_s=GAP_S)
        for lamp, rated in enumerate(RATED_W)
    ]
    return DimmingColumns.of(np.arange(len(RATED_W)), asked)


def one_by_one(said: list[tuple[int, int, int, float]]) -> dict[tuple[int, int], float]:
    """Return the share by lamp and second, where there is one."""
    told: dict[int, tuple[int, float]] = {}
    shares = {}
    for lamp, what, second, value in sorted(said, key=lambda s: (s[0], s[2], -s[1])):
        if what == LEVEL:
            told[lamp] = second, value
        elif lamp in told and value >= 5:
            at, level = told[lamp]
            if second - at <= GAP_S and level >= 20:
                shares[lamp, second] = 100 * value / (RATED_W[lamp] * level / 100)
    return shares


def samples_of(said: list[tuple[int, int, int, float]]) -> Samples:
    n, columns_of = len(said), np.array(said, np.float64).reshape(-1, 4).T
    lamp, what, second, value = columns_of
    at_us = second.astype(np.int64) * SECOND_US
    readings = Readings(
        (10 * lamp + what).astype(np.int32),
        at_us,
        value,
        np.zeros(n, np.int32),
        at_us,
    )
    return Samples(
        lamp.astype(np.intp),
        np.arange(n),
        at_us,
        value,
        np.zeros(n, np.int32),
        readings=readings,
    ).by_slot_and_time()


@settings(max_examples=60, deadline=None)
@given(reports, st.integers(0, 200))
def test_shares_are_those_of_a_plain_loop_however_the_reports_are_cut(
    said: list[tuple[int, int, int, float]], cut: int
) -> None:
    asked = columns()
    memory = DimmingMemory.fresh(asked)
    found = {}
    for part in (
        [one for one in said if one[2] <= cut],
        [one for one in said if one[2] > cut],
    ):
        samples = samples_of(part)
        value, known = measure(asked, memory, samples)[:2]
        for row in np.flatnonzero(known):
            second = int(samples.at_us[row]) // SECOND_US
            found[int(samples.slot[row]), second] = float(value[row])
    wanted = one_by_one(said)
    assert found.keys() == wanted.keys()
    for key, share in wanted.items():
        assert abs(found[key] - share) < 1e-9 * share
