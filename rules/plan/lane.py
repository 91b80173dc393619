"""Lanes: slots whose samples may come equally late, and what leads to them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.files.rule import ALWAYS_REFUSED
from rules.plan.fan import Fan, look_up
from rules.plan.ties import Ties
from vocabulary.position import Positions
from vocabulary.reading import Readings


@dataclass(frozen=True, slots=True)
class Lane:
    """One allowed lateness, and who has it.

    Attributes:
        late_us: How late a sample may come and still be judged in its place.
        by_series: From a series id to the slots it is judged by.
        by_device: From a device id to the slots its positions are judged by.
        watch_of_series: Place among the watched of `Sides`, by series id; -1 for none.
        scheduled: Rows in `Plan.schedules` of its slots that have samples.
        series_ties: What must keep its order among readings.
        device_ties: The same among positions.
    """

    late_us: int
    by_series: Fan
    by_device: Fan
    watch_of_series: NDArray[np.intp]
    scheduled: NDArray[np.intp]
    series_ties: Ties
    device_ties: Ties

    def readings(self, readings: Readings) -> Readings:
        """Return those that anybody here asks for, which may be judged at all."""
        asked = look_up(self.series_ties.is_asked, readings.series_id)
        asked &= (readings.quality & ALWAYS_REFUSED) == 0
        return readings.take(asked & np.isfinite(readings.value))

    def positions(self, positions: Positions) -> Positions:
        """Return those that anybody here asks for, which may be judged at all."""
        asked = self.by_device.leads(positions.device_id)
        return positions.take(asked & ((positions.quality & ALWAYS_REFUSED) == 0))
