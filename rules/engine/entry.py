"""Journal entries as the engine takes them."""

import math

import msgspec

from rules.engine.learned import CommandWord, Content, EdgeWord, Learned, Wanted
from store.journal.body import JournalBodyError, positions_from, readings_from
from store.journal.entries import Entry, Kind
from vocabulary.command import POSITION, State
from vocabulary.times import us_from_datetime

BARRIERS = frozenset({Kind.REGISTRY, Kind.RULES})
"""Entries after which the plan may be another one."""


class UnknownKindError(ValueError):
    """An entry is of a kind that this release does not know."""


class _Edge(msgspec.Struct):
    edge: str
    gateway: str
    up: bool
    worker: str = ""


class _Command(msgspec.Struct):
    device_id: int
    number: int
    state: State
    turn: str = ""  # entries of before these were told have none
    quantity: str | None = None
    low: float = math.nan
    high: float = math.nan
    seen_at: str | None = None


def learned_from(entry: Entry) -> Learned:
    """Return what an entry tells the engine; others than its own tell it the time.

    So does one that this release cannot read; it says why.
    """
    at_us = us_from_datetime(entry.received_at)
    try:
        return _read(entry, at_us)
    except (JournalBodyError, UnknownKindError, msgspec.DecodeError) as error:
        return Learned(entry.seq, at_us, None, wrong=f"{entry.kind.name}: {error}")


def _read(entry: Entry, at_us: int) -> Learned:
    match entry.kind:
        case Kind.EDGE:
            word = msgspec.json.decode(entry.body, type=_Edge)
            content = EdgeWord(word.edge, word.gateway, word.up)
            return Learned(entry.seq, at_us, content, word.worker)
        case Kind.TICK:
            worker = entry.body.decode(errors="replace")
            return Learned(entry.seq, at_us, None, worker)
        case _:
            return Learned(entry.seq, at_us, _content(entry, at_us))


def _content(entry: Entry, at_us: int) -> Content:
    match entry.kind:
        case Kind.READINGS:
            return readings_from(entry.body, at_us)
        case Kind.POSITIONS:
            return positions_from(entry.body, at_us)
        case Kind.COMMAND:
            return _command(msgspec.json.decode(entry.body, type=_Command))
        case Kind.UNKNOWN:
            raise UnknownKindError("written by a newer release")
        case _:
            return None


def wanted_of(quantity: str | None, low: float, high: float) -> Wanted | None:
    """Return what should be read of a device that obeys; None if no reading shows it.

    Args:
        quantity: Which of its quantities, or `POSITION`; empty or None for none.
        low: Least value that shows it.
        high: Greatest value that shows it.
    """
    if not quantity or quantity == POSITION:
        return None
    return Wanted(quantity=quantity, low=low, high=high)


def _command(told: _Command) -> CommandWord:
    return CommandWord(
        device_id=told.device_id,
        number=told.number,
        turn=told.turn,
        state=told.state,
        wanted=wanted_of(told.quantity, told.low, told.high),
        is_read=told.seen_at is not None,
    )
