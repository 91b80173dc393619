"""Which of our own edges are up, as the journal told it last."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import orjson

from store.journal import Entry, Kind
from store.telemetry_read import EdgeTold


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One link between us and the city.

    Attributes:
        edge: ingest, mqtt, gateway, modbus or nmea.
        gateway: The gateway's code; empty where the edge serves many.
        up: Whether we can hear through it.
        detail: Why, for people.
        since: When the journal learned of it.
    """

    edge: str
    gateway: str
    up: bool
    detail: str
    since: datetime


class Edges:
    """The newest word on each edge."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Edge] = {}

    def hear(self, told: Iterable[EdgeTold | Entry]) -> None:
        """Take in edge entries, oldest first; other entries are passed over."""
        for entry in told:
            if isinstance(entry, Entry) and entry.kind is not Kind.EDGE:
                continue
            edge = _edge(entry.body, entry.received_at)
            self._known[edge.edge, edge.gateway] = edge

    def all(self) -> list[Edge]:
        """Return every edge heard of, by name."""
        return [self._known[name] for name in sorted(self._known)]

    def down_gateways(self) -> list[str]:
        """Return the codes of the gateways that are known to be down."""
        return sorted(
            {
                edge.gateway
                for edge in self._known.values()
                if edge.gateway and not edge.up
            }
        )


def _edge(body: bytes, since: datetime) -> Edge:
    told = orjson.loads(body)
    return Edge(
        edge=str(told["edge"]),
        gateway=str(told["gateway"]),
        up=bool(told["up"]),
        detail=str(told["detail"]),
        since=since,
    )
