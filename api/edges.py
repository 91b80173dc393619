"""Which of our own edges are up, as the journal told it last."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter

import orjson

from api.blocks import UNREADABLE
from store.journal.entries import Entry, Kind
from store.telemetry.read import EdgeTold

GONE = timedelta(seconds=60)
"""A worker not heard for so long before the newest word of any is gone, as in
`rules.engine.workers`."""

OF_GATEWAY = "gateway"
"""The edge by which gateways say themselves that they are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One link between us and the city.

    Attributes:
        edge: ingest, mqtt, gateway, modbus or nmea.
        gateway: The gateway's code; empty where the edge serves many.
        up: Whether we can hear through it.
        detail: Why, for people.
        since: When the journal learned of it.
        worker: The ingest worker that said so; empty where only one ever spoke.
    """

    edge: str
    gateway: str
    up: bool
    detail: str
    since: datetime
    worker: str


class Edges:
    """The newest words on each edge.

    Each ingest worker speaks for itself: an edge is up while any worker that is there
    says so. What a gateway says of itself may come through any of them: the last one
    counts.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], dict[str, Edge]] = defaultdict(dict)
        self._heard_at: dict[str, datetime] = {}

    def hear(self, told: Iterable[EdgeTold | Entry]) -> None:
        """Take in edge entries, oldest first.

        Other entries, and what cannot be read, are passed over.
        """
        for entry in told:
            if isinstance(entry, Entry) and entry.kind is not Kind.EDGE:
                self._note_presence(entry)
                continue
            try:
                edge = _edge(entry.body, entry.received_at)
            except UNREADABLE:
                continue
            self._heard_at[edge.worker] = entry.received_at
            words = self._known[edge.edge, edge.gateway]
            if edge.edge == OF_GATEWAY:
                words.clear()
            words[edge.worker] = edge

    def all(self) -> list[Edge]:
        """Return every edge heard of, by name."""
        there = self._there()
        return [_merged(self._known[name], there) for name in sorted(self._known)]

    def down_gateways(self) -> list[str]:
        """Return the codes of the gateways that are known to be down."""
        return sorted(
            {edge.gateway for edge in self.all() if edge.gateway and not edge.up}
        )

    def _note_presence(self, entry: Entry) -> None:
        worker = entry.body.decode(errors="replace") if entry.kind is Kind.TICK else ""
        if worker:
            self._heard_at[worker] = entry.received_at

    def _there(self) -> AbstractSet[str]:
        """Return the workers that are not gone."""
        newest = max(self._heard_at.values(), default=None)
        return {
            worker
            for worker, heard_at in self._heard_at.items()
            if newest is not None and newest - heard_at <= GONE
        }


def _merged(words: Mapping[str, Edge], there: AbstractSet[str]) -> Edge:
    """Return what holds of one edge of which workers said something."""
    by_age = sorted(words.values(), key=attrgetter("since"), reverse=True)
    if by_age[0].edge == OF_GATEWAY:
        return by_age[0]
    said = [edge for edge in by_age if edge.worker in there]
    if not said:
        return replace(by_age[0], up=False)  # nobody is there to hear through it
    return next((edge for edge in said if edge.up), said[0])


def _edge(body: bytes, since: datetime) -> Edge:
    told = orjson.loads(body)
    return Edge(
        edge=str(told["edge"]),
        gateway=str(told["gateway"]),
        up=bool(told["up"]),
        detail=str(told["detail"]),
        since=since,
        worker=str(told.get("worker", "")),
    )
