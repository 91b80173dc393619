"""Silence: time in which a device could have been heard, and was not.

Each link has a clock that runs only while the platform and the link are up, and each
device remembers what its clocks showed when it was last heard. Silence is the
difference. What we did not hear because we were not there is never counted: a step of
more than `LARGEST_STEP_US` between two journal entries, or up to the entry that says
the platform has come up, is our own absence. Of several ingest workers each speaks for
itself (`rules.engine.workers`). A device never heard at all is unknown,
not silent.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.engine.learned import CommandWord, EdgeWord, Learned
from rules.engine.state import State
from rules.engine.times import NEVER
from rules.engine.workers import (
    PLATFORM,
    hear_worker,
    is_alone,
    say_links,
    say_platform,
)
from rules.measures.ring import push
from rules.plan.fan import look_up
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US

PLATFORM_EDGE = "ingest"
"""The edge that EDGE entries call the platform."""

USUAL = 0.75
"""Three of four gaps are no longer than what counts as usual: a few longer ones, in
which reports were lost, do not matter."""

LARGEST_STEP_US = 5 * SECOND_US
"""Longest time between two entries in which we can still have been listening."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Which device is heard through which link, and which slots watch for silence.

    Attributes:
        links: Edge and gateway of each link; the first is the platform. Each edge as a
            whole is one too, without a gateway.
        link: Link of each device, shape (devices,).
        by_series: Place of the device in `link`, by series id; -1 for none.
        by_device: The same by device id.
        slot: Slots that watch for silence, shape (k,).
        device: Place of the device each of them watches, shape (k,).
        clock: The link whose clock it counts by, shape (k,).
        learner: Row of each device whose interval is learned, -1 for others, shape
            (devices,).
        reports: How many of its usual intervals each slot waits, shape (k,); 0 where
            nothing is learned.
        most: How many times what was declared that may come to, shape (k,).
    """

    links: tuple[tuple[str, str], ...]
    link: NDArray[np.intp]
    by_series: NDArray[np.intp]
    by_device: NDArray[np.intp]
    slot: NDArray[np.intp]
    device: NDArray[np.intp]
    clock: NDArray[np.intp]
    learner: NDArray[np.intp]
    reports: NDArray[np.float64]
    most: NDArray[np.float64]


def listen(ears: Ears, state: State, learned: Learned, since_us: int) -> None:
    """Let the clocks run up to an entry and note what it says of edges and devices.

    Args:
        ears: Of the plan.
        state: Changed in place.
        learned: The entry.
        since_us: Time of the entry before; NEVER if there is none.
    """
    _run_clocks(state, learned, learned.at_us - since_us)
    match learned.content:
        case EdgeWord() as word:
            place = hear_worker(state, learned.worker, learned.at_us)
            _note_edge(ears, state, word, place)
        case Readings(series_id=ids):
            _note_heard(ears, state, look_up(ears.by_series, ids))
        case Positions(device_id=ids):
            _note_heard(ears, state, look_up(ears.by_device, ids))
        case CommandWord():
            pass  # our own word for the most part: it says of nobody that it is heard
        case None:
            if learned.worker:
                hear_worker(state, learned.worker, learned.at_us)


def silent_us(
    ears: Ears, state: State, places: NDArray[np.intp] | None = None
) -> NDArray[np.int64]:
    """Return for how long watched devices could have been heard and were not.

    Args:
        ears: Of the plan.
        state: As it is now.
        places: Which of the slots in `ears.slot`; None for all.

    Returns:
        Shape (k,), beside `ears.slot` or `places`; 0 for devices never heard.
    """
    rows = slice(None) if places is None else places
    clock = ears.clock[rows]
    heard = state.heard_us[ears.device[rows], (clock == PLATFORM).astype(np.intp)]
    return np.where(heard == NEVER, 0, state.audible_us[clock] - heard)


def _run_clocks(state: State, learned: Learned, step_us: int) -> None:
    match learned.content:
        case EdgeWord(edge=edge, is_up=True) if edge == PLATFORM_EDGE and is_alone(
            state, learned.worker, learned.at_us
        ):
            return  # it was away until now, for however short a time
        case _ if 0 <= step_us <= LARGEST_STEP_US and state.is_up[PLATFORM]:
            state.audible_us[state.is_up] += step_us
        case _:
            pass


def _note_edge(ears: Ears, state: State, word: EdgeWord, worker: int) -> None:
    if word.edge == PLATFORM_EDGE:
        # Every edge says for itself when it is up again; one that never says is up.
        say_platform(state, worker, is_up=word.is_up)
        return
    about = [
        place
        for place, (edge, gateway) in enumerate(ears.links)
        if edge == word.edge and word.gateway in ("", gateway)
    ]
    say_links(state, worker, np.array(about, np.intp), is_up=word.is_up)


def _note_heard(ears: Ears, state: State, devices: NDArray[np.intp]) -> None:
    is_heard = np.zeros(len(ears.link) + 1, np.bool_)
    is_heard[devices] = True  # the last: those that are -1
    heard = np.flatnonzero(is_heard[:-1])  # each once, without a sort
    if len(state.gap_us):
        _learn(ears, state, heard)
    state.heard_us[heard, 0] = state.audible_us[ears.link[heard]]
    state.heard_us[heard, 1] = state.audible_us[PLATFORM]


def limit_s(
    ears: Ears, state: State, places: NDArray[np.intp], declared_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return for how long watched devices may be silent, what was learned included.

    Args:
        ears: Of the plan.
        state: As it is now.
        places: Which of the slots in `ears.slot`, shape (k,).
        declared_s: What their rules say, shape (k,).
    """
    if not len(state.gap_us):
        return declared_s
    row = ears.learner[ears.device[places]]
    usual_s = np.where(row >= 0, state.usual_us[row], 0) / SECOND_US
    learned_s = np.minimum(
        usual_s * ears.reports[places], ears.most[places] * declared_s
    )
    return np.maximum(declared_s, learned_s)


def _learn(ears: Ears, state: State, heard: NDArray[np.intp]) -> None:
    """Note how long devices were not heard that are heard now, before that is noted."""
    heard = heard[ears.learner[heard] >= 0]
    heard = heard[state.heard_us[heard, 0] != NEVER]
    gap_us = state.audible_us[ears.link[heard]] - state.heard_us[heard, 0]
    # Several messages of one report are one report.
    is_gap = gap_us > SECOND_US
    row = ears.learner[heard[is_gap]]
    if not len(row):
        return
    push(state.gap_us, row, gap_us[is_gap])
    gaps_us = state.gap_us[row]
    is_full = gaps_us[:, 0] > 0  # the oldest of them, so there are all
    state.usual_us[row] = np.where(is_full, _usual_us(gaps_us), 0)


def _usual_us(gaps_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the quantile of each row, as `numpy.quantile` has it, in less time."""
    place = USUAL * (gaps_us.shape[1] - 1)
    below = int(place)
    ordered = np.sort(gaps_us, axis=1)
    low, high = ordered[:, below], ordered[:, below + 1]
    usual_us: NDArray[np.float64] = low + (high - low) * (place - below)
    return usual_us.astype(np.int64)
