"""The past of one rule and device judged again, in the order of the samples. Pure."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray

from rules.backtest.sources import TimedWord, laid_out
from rules.correction.spans import Difference, differences, spans_of
from rules.engine.fold import fold
from rules.engine.transition import Transition
from rules.plan.plan import Plan
from store.telemetry.rows import Rows
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US

STEP_US = 60 * SECOND_US
"""One entry for so long a time; inside it samples are judged by their own times."""


def changed_by(
    plan: Plan,
    readings: Readings,
    positions: Positions,
    words: Sequence[TimedWord] = (),
    *,
    late_us: AbstractSet[int],
    device_id: int,
    stretch: tuple[int, int],
) -> list[Difference]:
    """Return what late samples would have changed.

    Args:
        plan: Of one rule and what its device hangs from.
        readings: All that is stored now, by their time.
        positions: Likewise.
        words: What devices were told meanwhile; that was never late.
        late_us: Times of the late samples.
        device_id: Whose samples were late.
        stretch: From when to when, microseconds since 1970.
    """
    of_device = _series_of(plan, device_id)
    came = ~(
        np.isin(readings.measured_us, sorted(late_us))
        & np.isin(readings.series_id, of_device)
    )
    # Another vehicle's fixes decide on nothing here.
    fixed = ~np.isin(positions.fixed_us, sorted(late_us))
    now = _judged(plan, readings, positions, words, stretch)
    before = _judged(plan, _of(readings, came), _of(positions, fixed), words, stretch)
    return differences(
        *(
            spans_of(turn for turn in turns if turn.device_id == device_id)
            for turns in (now, before)
        )
    )


def _series_of(plan: Plan, device_id: int) -> list[int]:
    return [
        series_id
        for subject in plan.subjects
        if subject.device_id == device_id
        for series_id in subject.series.values()
    ]


def _judged(
    plan: Plan,
    readings: Readings,
    positions: Positions,
    words: Sequence[TimedWord],
    stretch: tuple[int, int],
) -> Sequence[Transition]:
    entries = laid_out(
        readings, positions, stretch, words=words, seq=0, step_us=STEP_US
    )
    return fold(plan, plan.fresh_state(), entries).transitions


def _of(rows: Rows, wanted: NDArray[np.bool_]) -> Rows:
    names = type(rows).__dataclass_fields__
    return type(rows)(**{name: getattr(rows, name)[wanted] for name in names})
