"""What ties the rows of a lane to each other, so that they must keep their order.

Rows of one series do, and of one vehicle. So do those of all series that feed one slot.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.plan.fan import Fan, index_by_id


@dataclass(frozen=True, slots=True)
class Ties:
    """The ties of a lane's series, or of its vehicles, by their ids.

    Attributes:
        is_asked: Whether anybody here asks for it; the last is of none.
        joint: Slots that it feeds together with others.
        timed: Rows in `Plan.schedules` of the slots that it feeds.
    """

    is_asked: NDArray[np.bool_]
    joint: Fan
    timed: Fan

    @classmethod
    def of(
        cls,
        fed: Iterable[tuple[int, int]],
        watched: Iterable[int],
        *,
        is_joint: NDArray[np.bool_],
        row: NDArray[np.intp],
    ) -> Self:
        """Return the ties of a lane.

        Args:
            fed: Ids and the slots they feed.
            watched: Ids of those that side conditions look at.
            is_joint: Whether each slot is fed by several.
            row: Of each slot in `Plan.schedules`, -1 for none.
        """
        pairs = np.array(sorted(fed), np.intp).reshape(-1, 2)
        ids, slot = pairs[:, 0], pairs[:, 1]
        joint, timed = is_joint[slot], row[slot] >= 0
        return cls(
            is_asked=index_by_id([*ids.tolist(), *watched]) >= 0,
            joint=Fan.of(ids[joint].tolist(), slot[joint].tolist()),
            timed=Fan.of(ids[timed].tolist(), row[slot[timed]].tolist()),
        )
