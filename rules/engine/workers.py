"""Which ingest workers are there, and what they said of the links, each for itself.

Several workers may listen to the same links. A link can be heard through while any
worker that is there says so; what a worker said counts until it says otherwise, begins
anew, or has not been heard for `GONE_US` while others have. Where all are quiet nobody
is called gone: then the journal stands still, and time that we did not hear is not
counted anyway. A worker without a name, as of entries of old, is one like any other.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from rules.engine.state import State
from rules.engine.times import NEVER
from vocabulary.times import SECOND_US

GONE_US = 60 * SECOND_US
"""A worker not heard for so long before the newest word of any is gone."""

PLATFORM = 0
"""The link that is the platform itself."""

UP, DOWN, UNSAID = 1, 0, -1
"""What a worker may have said of a link."""


def mark(name: str) -> int:
    """Return what a worker's name is remembered as."""
    digest = blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def hear_worker(state: State, name: str, at_us: int) -> int:
    """Note that a worker is there; return its place.

    Args:
        state: Changed in place. A worker not known takes the place of the one that was
            heard least lately.
        name: Of the worker.
        at_us: The journal's time.
    """
    before = _there(state)
    known = np.flatnonzero((state.worker == mark(name)) & (state.worker_us != NEVER))
    place = int(known[0]) if len(known) else int(state.worker_us.argmin())
    if not len(known):
        state.worker[place] = mark(name)
        state.word[:, place] = UNSAID
        state.word[PLATFORM, place] = UP  # or it could not speak
    state.worker_us[place] = at_us
    if before.any() and (not len(known) or (before != _there(state)).any()):
        _settle(state)
    return place


def is_alone(state: State, name: str, at_us: int) -> bool:
    """Return whether no other worker hears at the time of a worker's word."""
    others = (state.worker_us >= at_us - GONE_US) & (state.worker != mark(name))
    return not (state.word[PLATFORM, others] == UP).any()


def say_platform(state: State, place: int, *, is_up: bool) -> None:
    """Note that a worker begins or ends; of each link it has to speak anew."""
    said = state.word[:, place]
    said[said == UP] = DOWN
    said[PLATFORM] = UP if is_up else DOWN
    _settle(state)


def say_links(
    state: State, place: int, links: NDArray[np.intp], *, is_up: bool
) -> None:
    """Note what a worker says of some links."""
    state.word[links, place] = UP if is_up else DOWN
    state.was_said[links] = True
    _settle(state)


def _there(state: State) -> NDArray[np.bool_]:
    newest_us = int(state.worker_us.max())
    is_known: NDArray[np.bool_] = state.worker_us != NEVER
    return is_known & (state.worker_us >= newest_us - GONE_US)


def _settle(state: State) -> None:
    """Let each link be up that a worker who is there calls up, or none ever named."""
    is_up = (state.word[:, _there(state)] == UP).any(axis=1)
    state.is_up[1:] = is_up[1:] | ~state.was_said[1:]
    state.is_up[PLATFORM] = is_up[PLATFORM]
