"""What the API process counts of itself, in Prometheus' words."""

import time

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
from api.ring import Ring

router = APIRouter(include_in_schema=False)

NO_ROUTE = "(none)"
"""Stands for paths that lead nowhere, so that strangers cannot make up labels."""


class Metrics:
    """Counters of one process.

    Args:
        live: The stream, whose depth is asked at each scrape.
    """

    def __init__(self, live: Live) -> None:
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
        self._gauge("gezhi_api_streams", "Live streams open.").set_function(
            lambda: live.listeners
        )
        self._gauge("gezhi_api_ring_octets", "Octets kept for streams.").set_function(
            lambda: _ring_of(live).octets
        )
        self._gauge(
            "gezhi_api_journal_seq", "Newest journal entry that streams have."
        ).set_function(lambda: _ring_of(live).last)

    def _gauge(self, name: str, words: str) -> Gauge:
        return Gauge(name, words, registry=self.registry)


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
    return Response(
        generate_latest(_metrics_of(request.app).registry),
        media_type=CONTENT_TYPE_LATEST,
    )


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
