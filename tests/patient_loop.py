"""An event loop whose clock stands still while the machine holds the process up.

The platform waits for its peers with time-outs, and tests make these short. On a busy
machine, or one that stands still for a while, such a time-out would pass though the
peer, in the same process, never had a chance to answer. So time here goes on by no more
than `LONGEST_STEP_S` from one look at the clock to the next: what was lost to others is
not counted. On an idle machine it is the time of any other loop.
"""

import asyncio
import selectors

SLICE_S = 0.01
"""How long the loop waits at a time, so that a wait is counted in full."""

LONGEST_STEP_S = 0.02
"""What is counted at most between two looks at the clock."""


class PatientLoop(asyncio.SelectorEventLoop):
    """The usual loop, with its clock and its waiting in small steps."""

    def __init__(self) -> None:
        self._looked_s = self._counted_s = 0.0
        super().__init__(_InSlices())

    def time(self) -> float:
        """Return the seconds in which this process could have run."""
        now_s = super().time()
        self._counted_s += min(now_s - self._looked_s, LONGEST_STEP_S)
        self._looked_s = now_s
        return self._counted_s


class _InSlices(selectors.DefaultSelector):
    """A selector that returns empty-handed rather than wait for long."""

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        wait_s = SLICE_S if timeout is None else min(timeout, SLICE_S)
        return super().select(wait_s)
