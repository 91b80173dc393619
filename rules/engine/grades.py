"""A ladder of severities: every grade is an alarm of its own, the highest one speaks.

The limits of a ladder are nested and its delays are the same, so the standing grades
are always the lowest ones, and their number is the level.
"""

import numpy as np
from numpy.typing import NDArray

from cases.request import Hit
from rules.engine.hold import IS_STANDING


def level(state: NDArray[np.int8]) -> NDArray[np.intp]:
    """Return how many grades stand: 0 is no alarm.

    Args:
        state: `State`, shape (n, g).

    Returns:
        Shape (n,).
    """
    standing: NDArray[np.intp] = IS_STANDING[state].sum(axis=1)
    return standing


def hit(before: int, after: int) -> Hit:
    """Return what a change of level is called."""
    if before == 0:
        return Hit.RAISED
    if after == 0:
        return Hit.CLEARED
    return Hit.ESCALATED if after > before else Hit.EASED
