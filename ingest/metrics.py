"""What the ingest process counts, for Prometheus."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Protocol

import asyncpg
import numpy as np
from numpy.typing import NDArray
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from ingest.arrival import Arrival
from store.disk import DiskFullError, free_share
from store.telemetry.batch import Batch, Written
from vocabulary.quality import Quality

COMMIT_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
"""Upper bounds of the histogram of commits; 30 s is a database that was away."""

JUDGED = (
    Quality.FUTURE
    | Quality.OUT_OF_RANGE
    | Quality.JUMP
    | Quality.STUCK
    | Quality.CLOCK_CORRECTED
)
"""The doubts that the intake itself may have."""


class Refusing(StrEnum):
    """Why nothing can be stored now."""

    DATABASE_AWAY = "database-away"
    DISK_FULL = "disk-full"


class Lines(Protocol):
    """Counts an edge's connections."""

    @property
    def lines(self) -> int:
        """How many are open."""

    @property
    def turned_away(self) -> int:
        """For how many there was no room, since the start."""


class LineCounts(Collector):
    """The connections of all edges, asked for at each scrape.

    Args:
        edges: Who counts them, by edge.
    """

    def __init__(self, edges: Mapping[str, Lines]) -> None:
        self._edges = edges

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Yield how many are open, and how many were turned away."""
        open_now = GaugeMetricFamily(
            "gezhi_ingest_connections",
            "Connections of devices that are open, by edge",
            labels=["edge"],
        )
        turned_away = CounterMetricFamily(
            "gezhi_ingest_connections_turned_away",
            "Connections of devices for which there was no room, by edge",
            labels=["edge"],
        )
        for edge, counted in self._edges.items():
            open_now.add_metric([edge], counted.lines)
            turned_away.add_metric([edge], counted.turned_away)
        yield open_now
        yield turned_away


class IngestMetrics:
    """The counters of one ingest process, in a registry of their own.

    Args:
        disks: Directories whose disks are measured at each scrape.
    """

    def __init__(self, disks: Sequence[Path] = ()) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        self._arrivals = counter(
            "gezhi_ingest_arrivals", "What edges handed on, by transport", ["transport"]
        )
        self._rows = counter(
            "gezhi_ingest_rows",
            "Readings and positions, stored or left out as repeats",
            ["kind", "outcome"],
        )
        self._doubts = counter(
            "gezhi_ingest_doubts",
            "Readings and positions that came in doubt, by doubt",
            ["kind", "doubt"],
        )
        self._refusals = counter(
            "gezhi_ingest_refusals", "What went to quarantine, by reason", ["reason"]
        )
        self._commit_s = Histogram(
            "gezhi_ingest_commit_seconds",
            "From a complete batch to its commit, retries included",
            buckets=COMMIT_BUCKETS_S,
            registry=self.registry,
        )
        self.inbox_depth = gauge(
            "gezhi_ingest_inbox_depth", "Arrivals that wait for the intake"
        )
        self.edge_up = gauge(
            "gezhi_ingest_edge_up", "Whether an edge can be heard", ["edge", "gateway"]
        )
        self._refusing = gauge(
            "gezhi_ingest_refusing",
            "1 while nothing can be stored for this reason",
            ["reason"],
        )
        self._failures = counter(
            "gezhi_ingest_store_failures",
            "Tries to store something that failed, by reason",
            ["reason"],
        )
        self.refuse(None)
        self._measure(disks)

    def _measure(self, disks: Sequence[Path]) -> None:
        free = Gauge(
            "gezhi_disk_free_ratio",
            "Share of a disk that is free, 0 to 1",
            ["place"],
            registry=self.registry,
        )
        for place in disks:
            free.labels(str(place)).set_function(partial(free_share, place))

    def watch(self, edges: Mapping[str, Lines]) -> None:
        """Show how many connections edges have."""
        self.registry.register(LineCounts(edges))

    def refuse(self, why: BaseException | None) -> None:
        """Show why nothing can be stored, or that it can be."""
        is_full = isinstance(why, DiskFullError | asyncpg.DiskFullError)
        now = Refusing.DISK_FULL if is_full else Refusing.DATABASE_AWAY
        for reason in Refusing:
            is_it = why is not None and reason is now
            self._refusing.labels(reason).set(is_it)
            self._failures.labels(reason).inc(is_it)

    def count(
        self,
        arrivals: Sequence[Arrival],
        batch: Batch,
        written: Written,
        *,
        commit_s: float,
    ) -> None:
        """Count a batch that was committed."""
        for arrival in arrivals:
            self._arrivals.labels(arrival.transport).inc()
        self._rows.labels("reading", "stored").inc(written.readings_stored)
        self._rows.labels("reading", "repeated").inc(written.readings_repeated)
        self._rows.labels("position", "stored").inc(written.positions_stored)
        self._rows.labels("position", "repeated").inc(written.positions_repeated)
        self._count_doubts("reading", batch.readings.quality)
        self._count_doubts("position", batch.positions.quality)
        for refusal in batch.refusals:
            self._refusals.labels(refusal.reason).inc()
        self._commit_s.observe(commit_s)

    def _count_doubts(self, kind: str, quality: NDArray[np.int32]) -> None:
        for doubt in JUDGED & Quality(int(np.bitwise_or.reduce(quality))):
            count = int(np.count_nonzero(quality & doubt))
            self._doubts.labels(kind, (doubt.name or "").lower()).inc(count)
