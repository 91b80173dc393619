"""Clocks that are wrong by a known amount, told from data that is late: pure.

A live message of a device whose clock is off by `offset` says `received + offset`, less
the little time it took to come: what it is off stays the same, while what late data is
off shrinks as the backlog drains. So an offset is believed

    ahead of us   after 3 messages in at least 2 minutes: nothing honest is ahead, but a
                  glitch, its repetition or a draining backlog may look like it
    behind us     after 5 messages in at least 10 minutes, from the device's first word
                  or from where its clock went back (an honest one never does), and not
                  if each message comes as late as they are apart (means of an hour)

if it is one of `clock_offset`, and what is left beside it stays within half a minute.
Until then such times are judged as they are: FUTURE, refused, or late.

Once believed, an offset is taken off a message that is off by it, and off one that is
impossible as it stands and was said by the same clock (a backlog of a fast clock). One
message that is right as it stands ends it: the clock was mended.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.judging.columns import flags, integers, reach, turns
from ingest.judging.judge import CLOCK_TOLERANCE_US
from ingest.judging.offset import FAR_US, HOUR_US, known_offset
from vocabulary.times import SECOND_US

SPREAD_US = 30 * SECOND_US
"""How much messages of one device may differ in how long they take."""

SPACING_US = SECOND_US
"""Messages closer than this count as one: they may be one in parts, or a repeat."""

AHEAD_COUNT, AHEAD_SPAN_US = 3, 120 * SECOND_US
"""So many messages in so long; a backlog drains faster than a quarter in that time."""

BEHIND_COUNT, BEHIND_SPAN_US = 5, 600 * SECOND_US
"""So many messages in so long; a backlog drains faster than a twentieth."""

STEP_US = 1800 * SECOND_US
"""A clock that says this much less than before was set; out of order is less."""

LONGEST_LAG_US = 7 * 24 * HOUR_US
"""How late a message of a clock with a wrong date may be."""

FEWEST_AGREEING = 3
"""From so many on, if they are most, it is our clock that is wrong, not theirs."""


@dataclass(slots=True)
class Clocks:
    """What is known of the clocks of devices, one slot each.

    Attributes:
        is_known: Whether anything was heard of it.
        was_right: Whether it was ever right, since its last fault.
        is_watched: Whether an offset is believed, or may come to be.
        is_doubtful: Whether it went back since its offset was last seen.
        newest_us: The newest time it said since it last went back.
        heard_us: When that was heard of it last.
        believed_us: The offset it has; 0 for none.
        pending_us: The known offset it was off by last; 0 for none.
        origin_us: The one it was off by at its first word, or where it last went back.
        least_us: Least that was left beside `pending_us`.
        most_us: Most that was left.
        since_us: When `pending_us` was first seen, without a break.
        counted_us: The last message that counted for it.
        count: How many did.
    """

    is_known: NDArray[np.bool_] = field(default_factory=flags)
    was_right: NDArray[np.bool_] = field(default_factory=flags)
    is_watched: NDArray[np.bool_] = field(default_factory=flags)
    is_doubtful: NDArray[np.bool_] = field(default_factory=flags)
    newest_us: NDArray[np.int64] = field(default_factory=integers)
    heard_us: NDArray[np.int64] = field(default_factory=integers)
    believed_us: NDArray[np.int64] = field(default_factory=integers)
    pending_us: NDArray[np.int64] = field(default_factory=integers)
    origin_us: NDArray[np.int64] = field(default_factory=integers)
    least_us: NDArray[np.int64] = field(default_factory=integers)
    most_us: NDArray[np.int64] = field(default_factory=integers)
    since_us: NDArray[np.int64] = field(default_factory=integers)
    counted_us: NDArray[np.int64] = field(default_factory=integers)
    count: NDArray[np.int64] = field(default_factory=integers)


@dataclass(frozen=True, slots=True)
class _Words:
    """What devices said, no device twice; columns of shape (n,)."""

    device_id: NDArray[np.int32]
    said_us: NDArray[np.int64]
    received_us: NDArray[np.int64]

    def take(self, rows: NDArray[np.intp]) -> "_Words":
        return _Words(self.device_id[rows], self.said_us[rows], self.received_us[rows])


def clock_offsets(
    clocks: Clocks,
    device_id: NDArray[np.int32],
    said_us: NDArray[np.int64],
    received_us: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return how much is to be taken off each time, shape (n,); learn from them.

    Args:
        clocks: Changed in place.
        device_id: Who said it, in order of arrival.
        said_us: What it said, microseconds since 1970.
        received_us: When we had it.
    """
    offset_us = np.zeros(len(said_us), np.int64)
    reach(clocks, device_id)
    strange = np.abs(said_us - received_us) > CLOCK_TOLERANCE_US
    strange |= clocks.is_watched[device_id]
    if not strange.any():
        _note_right(clocks, _Words(device_id, said_us, received_us))
        return offset_us
    is_busy = np.zeros(len(clocks.count), np.bool_)
    is_busy[device_id[strange]] = True
    busy = is_busy[device_id]
    words = _Words(device_id, said_us, received_us)
    _note_right(clocks, words.take(np.flatnonzero(~busy)))
    offset_us[busy] = _followed(clocks, words.take(np.flatnonzero(busy)))
    return offset_us


def _note_right(clocks: Clocks, words: _Words) -> None:
    """Remember what is right as it stands."""
    device_id = words.device_id
    clocks.is_known[device_id] = True
    clocks.was_right[device_id] = True
    clocks.heard_us[device_id] = words.received_us
    np.maximum.at(clocks.newest_us, device_id, words.said_us)


def _followed(clocks: Clocks, words: _Words) -> NDArray[np.int64]:
    """Return what is to be taken off, second by second and device by device.

    Of what a device said within a second, the newest speaks for its clock.
    """
    second = words.received_us // SECOND_US
    order = np.lexsort((words.said_us, second, words.device_id))
    device_id, second = words.device_id[order], second[order]
    is_last = np.ones(len(order), np.bool_)
    is_last[:-1] = (device_id[1:] != device_id[:-1]) | (second[1:] != second[:-1])
    last = np.flatnonzero(is_last)
    heard = words.take(order[last])
    taken_us = np.empty(len(last), np.int64)
    for turn in turns(heard.device_id):
        taken_us[turn] = _learned(clocks, heard.take(turn))
    offset_us = np.empty(len(order), np.int64)
    offset_us[order] = np.repeat(taken_us, np.diff(last, prepend=-1))
    return offset_us


def _learned(clocks: Clocks, words: _Words) -> NDArray[np.int64]:
    """Return what is to be taken off these words, no device twice."""
    device_id, said_us = words.device_id, words.said_us
    off_us = said_us - words.received_us
    is_right = np.abs(off_us) <= CLOCK_TOLERANCE_US
    known_us = known_offset(said_us, words.received_us)
    went_back = clocks.is_known[device_id]
    went_back = went_back & (said_us < clocks.newest_us[device_id] - STEP_US)
    begins = (went_back | ~clocks.is_known[device_id]) & (known_us != 0)
    origin_us = np.where(begins, known_us, clocks.origin_us[device_id])
    clocks.origin_us[device_id] = np.where(is_right, 0, origin_us)
    is_enough = _pursued(clocks, words, known_us, off_us - known_us)
    believed_us = np.where(is_right, 0, clocks.believed_us[device_id])
    believed_us = np.where(is_enough, known_us, believed_us)

    is_live = (believed_us != 0) & (np.abs(off_us - believed_us) <= CLOCK_TOLERANCE_US)
    is_doubtful = (clocks.is_doubtful[device_id] | went_back) & ~is_live
    is_lagging = ~is_doubtful & _can_lag(off_us, believed_us)
    is_lost = (believed_us < 0) & (believed_us > -FAR_US) & ~is_live
    clocks.believed_us[device_id] = np.where(is_lost, 0, believed_us)
    clocks.is_doubtful[device_id] = is_doubtful
    clocks.was_right[device_id] = (clocks.was_right[device_id] | is_right) & ~is_enough
    _note(clocks, words, went_back)
    return np.where(is_live | is_lagging, believed_us, 0)


def _pursued(
    clocks: Clocks,
    words: _Words,
    known_us: NDArray[np.int64],
    left_us: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Return whose offset was seen often and steadily enough to be believed."""
    device_id, received_us = words.device_id, words.received_us
    is_same = (known_us != 0) & (known_us == clocks.pending_us[device_id])
    least_us = np.minimum(left_us, clocks.least_us[device_id])
    most_us = np.maximum(left_us, clocks.most_us[device_id])
    is_same &= most_us - least_us <= SPREAD_US
    since_us = np.where(is_same, clocks.since_us[device_id], received_us)
    counts = ~is_same | (received_us >= clocks.counted_us[device_id] + SPACING_US)
    count = np.where(is_same, clocks.count[device_id], 0) + counts
    clocks.pending_us[device_id] = known_us
    clocks.least_us[device_id] = np.where(is_same, least_us, left_us)
    clocks.most_us[device_id] = np.where(is_same, most_us, left_us)
    clocks.since_us[device_id] = since_us
    clocks.count[device_id] = count
    clocks.counted_us[device_id] = np.where(
        counts, received_us, clocks.counted_us[device_id]
    )
    span_us = received_us - since_us
    is_sudden = known_us == clocks.origin_us[device_id]
    is_frequent = 4 * span_us <= -known_us * (count - 1)
    is_behind = (known_us <= -FAR_US) | ((known_us < 0) & is_sudden & is_frequent)
    is_behind &= (count >= BEHIND_COUNT) & (span_us >= BEHIND_SPAN_US)
    is_ahead = (known_us > 0) & (count >= AHEAD_COUNT) & (span_us >= AHEAD_SPAN_US)
    is_enough: NDArray[np.bool_] = is_ahead | is_behind
    return is_enough & ~_are_ours(clocks, words, np.where(is_enough, known_us, 0))


def _are_ours(
    clocks: Clocks, words: _Words, offset_us: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which offsets are our own clock's, since most clocks have them at once.

    Of zones only clocks that were right are asked: a city may well have bought all its
    devices with local time in them. Nobody buys devices that are years ahead.
    """
    are_ours = np.zeros(len(offset_us), np.bool_)
    for offset in np.unique(offset_us[offset_us > 0]):
        asking = offset_us == offset
        since_us = clocks.since_us[words.device_id[asking]].min()
        now_us = words.received_us[asking].max()
        peers = (clocks.heard_us >= since_us) & (clocks.heard_us <= now_us)
        peers[words.device_id[asking]] = True
        if offset < FAR_US:
            peers &= clocks.was_right
            asking &= clocks.was_right[words.device_id]
        agreeing = np.count_nonzero(peers & (clocks.pending_us == offset))
        if agreeing >= FEWEST_AGREEING and 2 * agreeing > np.count_nonzero(peers):
            are_ours |= asking
    return are_ours


def _can_lag(
    off_us: NDArray[np.int64], believed_us: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return what cannot be as it stands and is late by a clock with this offset."""
    cannot_be = (believed_us > 0) & (off_us > CLOCK_TOLERANCE_US)
    cannot_be |= believed_us <= -FAR_US
    lag_us = believed_us - off_us
    return cannot_be & (lag_us > 0) & (lag_us <= LONGEST_LAG_US)


def _note(clocks: Clocks, words: _Words, went_back: NDArray[np.bool_]) -> None:
    device_id = words.device_id
    starts = went_back | ~clocks.is_known[device_id]
    newest_us = np.maximum(clocks.newest_us[device_id], words.said_us)
    clocks.newest_us[device_id] = np.where(starts, words.said_us, newest_us)
    clocks.heard_us[device_id] = words.received_us
    clocks.is_known[device_id] = True
    clocks.is_watched[device_id] = (
        (clocks.believed_us[device_id] != 0)
        | (clocks.pending_us[device_id] != 0)
        | (clocks.origin_us[device_id] != 0)
    )
