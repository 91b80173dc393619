"""What the API process counts of itself, in Prometheus' words."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import asyncpg
from fastapi import APIRouter, FastAPI, Request
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.address import PREFIX
from api.live import Live, NotStartedError
from api.parts import parts_of
from api.retention_metrics import RetentionGauges
from api.ring import Ring
from store.connection import AWAY
from store.disk import free_share
from store.registry.gateways import Missing, missing
from store.retention.told import RetentionTold, retention_told
from store.rules.faults import FaultKind, fault_counts
from store.rules.samples import SampleRow, rule_samples
from store.rules.standing import RulesStanding, rules_standing

router = APIRouter(include_in_schema=False)

ASK_S = 2.0
"""How long a scrape waits for a database connection."""

NO_ROUTE = "(none)"
"""Stands for paths that lead nowhere, so that strangers cannot make up labels."""


class Metrics:
    """Counters of one process.

    Args:
        live: The stream, whose depth is asked at each scrape.
        disks: Directories whose disks are measured at each scrape.
    """

    def __init__(self, live: Live, disks: Sequence[Path] = ()) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "gezhi_api_requests_total",
            "Requests answered, by route and status.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "gezhi_api_request_seconds",
            "Seconds to the first octet of the answer.",
            ["route"],
            buckets=(0.005, 0.02, 0.05, 0.1, 0.3, 1, 5),
            registry=self.registry,
        )
        self._gaps_open = self._gauge(
            "gezhi_sequence_gaps_open",
            "Gaps in a gateway's numbered messages.",
            ["gateway"],
        )
        self._missing = self._gauge(
            "gezhi_sequence_missing_messages",
            "Numbered messages that did not come.",
            ["gateway"],
        )
        self._faults = self._gauge(
            "gezhi_rules_faults",
            "How often the rules process left something out, by what.",
            ["what"],
        )
        self._samples = self._gauge(
            "gezhi_rules_samples",
            "Samples of a rule that judges: judged, refused or late.",
            ["rule", "version", "became"],
        )
        self._halted = self._gauge(
            "gezhi_rules_halted", "Versions of rules that broke and do not judge."
        )
        self._behind = self._gauge(
            "gezhi_rules_behind_entries", "Journal entries not judged yet."
        )
        self._retention = RetentionGauges(self.registry)
        self._follow(live)
        self._measure(disks)

    def _follow(self, live: Live) -> None:
        """Ask the stream for its figures at each scrape."""
        streams = self._gauge("gezhi_api_streams", "Live streams open.")
        octets = self._gauge("gezhi_api_ring_octets", "Octets kept for streams.")
        newest = self._gauge(
            "gezhi_api_journal_seq", "Newest journal entry that streams have."
        )
        streams.set_function(lambda: live.listeners)
        octets.set_function(lambda: _ring_of(live).octets)
        newest.set_function(lambda: _ring_of(live).last)

    def _measure(self, disks: Sequence[Path]) -> None:
        """Look at the disks at each scrape."""
        free = self._gauge(
            "gezhi_disk_free_ratio", "Share of a disk that is free, 0 to 1.", ["place"]
        )
        for place in disks:
            free.labels(str(place)).set_function(partial(free_share, place))

    def show_missing(self, rows: Sequence[Missing]) -> None:
        """Show what is missing of each gateway's messages; of the others, nothing."""
        self._gaps_open.clear()
        self._missing.clear()
        for row in rows:
            self._gaps_open.labels(row.gateway).set(row.gaps_open)
            self._missing.labels(row.gateway).set(row.missing)

    def show_rules(self, standing: RulesStanding, counts: Mapping[str, int]) -> None:
        """Show how the rules process stands, and what it left out by kind."""
        self._halted.set(standing.halted)
        self._behind.set(standing.behind)
        for what in FaultKind:
            self._faults.labels(what).set(counts.get(what, 0))

    def show_samples(self, rows: Sequence[SampleRow]) -> None:
        """Show what became of the samples of each rule that judges."""
        self._samples.clear()
        for row in rows:
            for became, n in (
                ("judged", row.judged),
                ("refused", row.refused),
                ("late", row.late),
            ):
                self._samples.labels(row.code, row.version, became).set(n)

    def show_retention(self, told: RetentionTold) -> None:
        """Show what is kept, and who holds back what would go."""
        self._retention.show(told)

    def _gauge(self, name: str, words: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, words, labels, registry=self.registry)


class Measured:
    """ASGI middleware that counts and times every request.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                _count(scope, message["status"], time.perf_counter() - started)
            await send(message)

        await self._app(scope, receive, counted)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Show the counters."""
    counters = _metrics_of(request.app)
    await _ask(counters, parts_of(request).pool)
    return Response(generate_latest(counters.registry), media_type=CONTENT_TYPE_LATEST)


async def _ask(counters: Metrics, pool: asyncpg.Pool) -> None:
    """Show what the database says; while it does not, nothing is said to be missing."""
    try:
        async with pool.acquire(timeout=ASK_S) as connection:
            counters.show_missing(await missing(connection))
            counters.show_samples(await rule_samples(connection))
            counters.show_rules(
                await rules_standing(connection), await fault_counts(connection)
            )
            counters.show_retention(await retention_told(connection))
    except AWAY:
        counters.show_missing([])


def _metrics_of(app: FastAPI) -> Metrics:
    found = app.state.metrics
    assert isinstance(found, Metrics)  # noqa: S101 - put there by the lifespan
    return found


def _count(scope: Scope, status: int, seconds: float) -> None:
    counters, route = _metrics_of(scope["app"]), _route(scope)
    counters.requests.labels(scope["method"], route, status).inc()
    counters.seconds.labels(route).observe(seconds)


def _route(scope: Scope) -> str:
    """Return the pattern that a path matched; the framework keeps its last part."""
    path = getattr(scope.get("route"), "path", "")
    if not path:
        return NO_ROUTE
    return PREFIX + path if scope["path"].startswith(PREFIX) else path


def _ring_of(live: Live) -> Ring:
    try:
        return live.ring
    except NotStartedError:
        return Ring(0)
