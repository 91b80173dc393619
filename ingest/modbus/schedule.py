"""Which slave of a Modbus line is asked next, and when: pure, time is an argument.

One connection asks one slave at a time, so a silent slave costs the others the time-out
it takes to find out. It is asked again after one interval, then two, four, eight, up to
`LONGEST_WAIT_S`, each with a random share more, lest many silent slaves keep step. And
between two questions to silent slaves every other slave that is due comes first. So a
slave that answers waits for at most one time-out a round, however many are silent.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

LONGEST_WAIT_S = 60.0
"""A silent slave is asked at least this often (or at its own interval, if longer)."""

MOST_JITTER = 0.5
"""Greatest random share by which a wait is lengthened."""

_MOST_DOUBLINGS = 16  # beyond any sensible LONGEST_WAIT_S / interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """When one slave is asked.

    Attributes:
        unit_id: Its Modbus address.
        interval_s: How often it is asked while it answers.
        due_s: When it is asked next, seconds of any steady clock.
        misses: Times in a row that it was asked and silent.
    """

    unit_id: int
    interval_s: float
    due_s: float
    misses: int = 0


def next_turn(turns: Iterable[Turn], *, last_silence_s: float) -> Turn:
    """Return who is asked next; the caller waits until its `due_s`.

    Args:
        turns: Every slave of the line, at least one.
        last_silence_s: When a silent slave last kept the line waiting.
    """
    turns = list(turns)
    heard = [turn for turn in turns if not turn.misses]
    if any(turn.due_s <= last_silence_s for turn in heard):
        turns = heard
    return min(turns, key=lambda turn: turn.due_s)


def answered(turn: Turn, *, asked_s: float) -> Turn:
    """Return the turn after an answer: due one interval after it was asked."""
    return replace(turn, due_s=asked_s + turn.interval_s, misses=0)


def missed(turn: Turn, *, now_s: float, timeout_s: float, jitter: float) -> Turn:
    """Return the turn after a silence.

    Args:
        turn: As it was.
        now_s: Now, after the time-out.
        timeout_s: The time-out. The slave is left alone for at least as long, so that
            an answer that is only late is not taken for the next one.
        jitter: Random, 0 to 1.
    """
    doublings = min(turn.misses, _MOST_DOUBLINGS)
    longest_s = max(LONGEST_WAIT_S, turn.interval_s)
    wait_s = max(timeout_s, min(longest_s, turn.interval_s * 2.0**doublings))
    due_s = now_s + wait_s * (1 + MOST_JITTER * jitter)
    return replace(turn, due_s=due_s, misses=turn.misses + 1)
