"""`outside`: how many metres a vehicle is outside an area; it remembers nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.fence import Fence
from rules.measures.measure import Columns, Memory, Outcome, Settings
from rules.samples import Samples
from vocabulary.registry_facts import GeofenceFacts


@dataclass(frozen=True, slots=True)
class OutsideSettings(Settings):
    """What one slot asks.

    Attributes:
        area: Where the vehicle should be.
    """

    area: GeofenceFacts


@dataclass(frozen=True, slots=True)
class OutsideColumns(Columns):
    """The settings of all slots.

    Attributes:
        fence: Place in `fences`, shape (rows,).
        fences: The areas.
    """

    fence: NDArray[np.intp]
    fences: tuple[Fence, ...]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[OutsideSettings]) -> Self:
        """Return the columns of some settings."""
        areas = {one.area.id: one.area for one in asked}
        places = {area_id: at for at, area_id in enumerate(areas)}
        fence = np.array([places[one.area.id] for one in asked], np.intp)
        return cls(place, fence, tuple(map(Fence.of, areas.values())))


@dataclass(slots=True)
class OutsideMemory(Memory):
    """Nothing."""

    @classmethod
    def fresh(cls, columns: OutsideColumns) -> Self:  # noqa: ARG003 as all memories
        """Return the memory of slots that have seen nothing."""
        return cls()


def measure(
    columns: OutsideColumns,
    memory: OutsideMemory,  # noqa: ARG001 as all measures
    samples: Samples,
) -> Outcome:
    """Return the metres outside at each fix, see `measure.Measure`."""
    outside_m = np.full(len(samples), np.nan)
    fixes = samples.fixes
    if fixes is not None:
        of_sample = columns.fence[columns.place[samples.slot]]
        for place in np.unique(of_sample):
            asked = of_sample == place
            at = samples.row[asked]
            outside_m[asked] = columns.fences[place].outside_m(
                fixes.lon_e7[at], fixes.lat_e7[at]
            )
    return outside_m, np.isfinite(outside_m)
