"""Lanes: slots whose samples may come equally late, and what leads to them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.fan import Fan


@dataclass(frozen=True, slots=True)
class Lane:
    """One allowed lateness, and who has it.

    Attributes:
        late_us: How late a sample may come and still be judged in its place.
        by_series: From a series id to the slots it is judged by.
        by_device: From a device id to the slots its positions are judged by.
        watch_of_series: Place among the watched of `Sides`, by series id; -1 for none.
    """

    late_us: int
    by_series: Fan
    by_device: Fan
    watch_of_series: NDArray[np.intp]
