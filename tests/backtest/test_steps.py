"""Stored samples laid out anew, in steps in which silence is still seen."""

from datetime import timedelta

import pytest

from gezhi.commands.backtest import step_of
from rules.backtest.sources import laid_out
from rules.engine.fold import fold
from rules.plan.compile import compile_plan
from tests.rules.town import device, readings, source, us
from vocabulary.device import DeviceKind
from vocabulary.position import Positions
from vocabulary.reading import Readings

COVER = device(1, DeviceKind.COVER, "tilt_deg", interval_s=10.0)


@pytest.mark.parametrize("lasts", [timedelta(hours=1), timedelta(days=30)])
def test_who_falls_silent_is_found_in_stored_samples_however_many(
    lasts: timedelta,
) -> None:
    plan = compile_plan(source([COVER], "cover-silent"))
    said = readings(0, 0, [(10, at_s, 2.0, 0) for at_s in range(0, 300, 10)]).content
    assert isinstance(said, Readings)
    entries = laid_out(
        said,
        Positions.empty(),
        (us(0), us(1800)),
        seq=0,
        step_us=round(step_of(0, lasts) * 1_000_000),
    )
    (turn,) = fold(plan, plan.fresh_state(), entries).transitions
    assert turn.rule.code == "cover-silent"
    assert us(385) <= turn.measured_us <= us(400)
