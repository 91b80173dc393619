"""Limit checks with a deadband, for many alarms and their grades at once.

Everything here is "at or above": what alarms below its limit comes with value and
limits multiplied by -1.
"""

import numpy as np
from numpy.typing import NDArray


def is_beyond(
    value: NDArray[np.float64],
    limit: NDArray[np.float64],
    release: NDArray[np.float64],
    was_beyond: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Tell which values are at or beyond their limits.

    What was beyond stays so until it falls below its release level, so that a value
    that hovers at the limit does not chatter (IEC 62682, deadband).

    Args:
        value: Finite, shape (n, 1), in the unit of the limit.
        limit: Shape (n, g); infinite where there is no such grade.
        release: The limit less the deadband, shape (n, g).
        was_beyond: The previous answer, shape (n, g).

    Returns:
        Shape (n, g).
    """
    return value >= np.where(was_beyond, release, limit)
