"""From a condition to an alarm: on-delay and off-delay for many alarms at once.

    state     condition   delay over     next
    NORMAL    true        -              PENDING
    PENDING   true        on-delay       ACTIVE
    PENDING   false       -              NORMAL
    ACTIVE    false       -              CLEARING
    CLEARING  true        -              ACTIVE
    CLEARING  false       off-delay      NORMAL
    PENDING   moot        -              NORMAL
    CLEARING  moot        -              ACTIVE
    any       ended       -              NORMAL

Every other row keeps its state. A delay of zero takes effect at once. Moot means that
a side condition forbids a judgement (a lamp while its circuit is off): it breaks the
delay that is running and neither raises nor clears. Ended means that the time in which
the rule judges is over, and the alarm with it.

Delays count in the samples' own time: the time between two samples that agree is added
if it is no longer than the largest gap. A longer gap is unknown: it neither satisfies a
delay nor breaks it.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class State(IntEnum):
    """An alarm's state; the value is its row in the tables below."""

    NORMAL = 0
    PENDING = 1
    ACTIVE = 2
    CLEARING = 3


class Verdict(IntEnum):
    """What a sample says; the value is its column in the table below."""

    FALSE = 0
    TRUE = 1
    MOOT = 2
    ENDED = 3


N, P, A, C = State

NEXT = np.array([[N, P, N, N], [N, P, N, N], [C, A, A, N], [C, A, A, N]], dtype=np.int8)
"""Next state by (state, verdict)."""

OVER = np.array([N, A, A, N], dtype=np.int8)
"""Next state by state, once its delay is over."""

WAS_BEYOND = np.array([False, False, True, False])
"""Whether the deadband applies, by state: it delays only the return of an alarm that
stands, so a value that no longer reaches the limit ends an on-delay (IEC 62682)."""

IS_STANDING = np.array([False, False, True, True])
"""Whether the alarm stands, by state."""


def advance(
    state: NDArray[np.int8],
    held_us: NDArray[np.int64],
    verdict: NDArray[np.int8],
    *,
    step_us: NDArray[np.int64],
    on_us: NDArray[np.int64],
    off_us: NDArray[np.int64],
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return state and held time after one sample of each alarm.

    Args:
        state: `State` before, shape (n, g).
        held_us: How much of the running delay has passed, shape (n, g).
        verdict: `Verdict` of the sample, shape (n, g).
        step_us: Time since the sample before that counts as known, shape (n, 1).
        on_us: How long a condition must hold before its alarm is active, shape (n, 1).
        off_us: How long it must stay away before it is normal again, shape (n, 1).
    """
    following = NEXT[state, verdict]
    held = np.where(following == state, held_us + step_us, 0)
    delay = np.where(following == P, on_us, off_us)
    after = np.where(held >= delay, OVER[following], following)
    counting = (after == P) | (after == C)
    return after, np.where(counting, held, 0)
