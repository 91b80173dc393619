"""Journal entries as the engine takes them."""

import msgspec

from rules.engine.learned import Content, EdgeWord, Learned
from store.journal import Entry, Kind
from store.journal_body import positions_from, readings_from
from vocabulary.times import us_from_datetime

BARRIERS = frozenset({Kind.REGISTRY, Kind.RULES})
"""Entries after which the plan may be another one."""


class _Edge(msgspec.Struct):
    edge: str
    gateway: str
    up: bool
    worker: str = ""


def learned_from(entry: Entry) -> Learned:
    """Return what an entry tells the engine; others than its own tell it the time."""
    at_us = us_from_datetime(entry.received_at)
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
        case _:
            return None
