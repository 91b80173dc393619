"""Schedules that follow a lamp's programme, and a sun made in another way."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.plan.plan_source import PlanSource
from rules.schedules.lamp import LampAsk, LampCalendar, Lit, Without
from tests.rules.oracle_lamps import sun
from tests.rules.town import device
from vocabulary.device import DeviceKind
from vocabulary.lighting import LampProgramme, steps_of
from vocabulary.sun import elevation_deg
from vocabulary.times import us_from_datetime

MIDNIGHT = datetime(2027, 1, 14, 16, tzinfo=UTC)
"""Of the 15th in Shanghai: as dark as can be."""


def is_open(
    lit: Lit, steps: str, at: datetime, *, code: str = "p", without: str = "never"
) -> bool:
    programme = LampProgramme(
        code="p",
        on_below_deg=-2,
        off_above_deg=-2,
        margin_s=60,
        steps=steps_of(steps),
    )
    lamp = replace(device(1, DeviceKind.LAMP), programme=code)
    source = PlanSource((), (), 1, programmes=(programme,))
    calendar = LampCalendar.of([(LampAsk(lit, Without(without)), lamp)], source)
    at_us = np.array([us_from_datetime(at)])
    return bool(calendar.is_open(np.zeros(1, np.intp), at_us)[0])


@pytest.mark.parametrize(
    ("lit", "steps", "found"),
    [
        (Lit.LIT, "", "open"),
        (Lit.LIT, "23:00=1", "open"),  # however dim
        (Lit.LIT, "23:00=0", "closed"),
        (Lit.DARK, "23:00=1", "closed"),
        (Lit.DARK, "23:00=0", "open"),
        (Lit.DAY, "23:00=0", "closed"),  # no step makes a day of the night
    ],
)
def test_at_midnight_a_lamp_is_as_its_steps_say(
    lit: Lit, steps: str, found: str
) -> None:
    assert is_open(lit, steps, MIDNIGHT) is (found == "open")


@pytest.mark.parametrize("lit", Lit)
def test_within_the_margin_of_a_step_nobody_can_say(lit: Lit) -> None:
    for second in (-59, 0, 59):
        at = MIDNIGHT + timedelta(seconds=second)
        assert not is_open(lit, "00:00=0", at) or lit is Lit.DAY
    assert is_open(Lit.LIT, "00:00=0", MIDNIGHT - timedelta(seconds=62))
    assert is_open(Lit.DARK, "00:00=0", MIDNIGHT + timedelta(seconds=62))


@pytest.mark.parametrize("without", Without)
def test_a_lamp_without_a_programme_is_judged_as_the_rule_says(
    without: Without,
) -> None:
    noon = MIDNIGHT + timedelta(hours=12)
    for at in (MIDNIGHT, noon):
        opens = is_open(Lit.LIT, "", at, code="", without=without)
        assert opens is (without is Without.ALWAYS)


@given(
    st.integers(1_577_836_800, 2_208_988_800),
    st.floats(-180, 180),
    st.floats(-70, 70),
)
def test_two_suns_agree(at_s: int, lon: float, lat: float) -> None:
    (elevation,) = elevation_deg(at_s * 1_000_000, lon, lat)
    assert elevation == pytest.approx(sun(at_s, lon, lat)[0], abs=0.015)
