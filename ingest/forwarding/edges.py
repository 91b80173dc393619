"""The pollers and listeners that a plan wants, started and stopped as it changes."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from functools import partial

from devices.registry.snapshot import Snapshot
from ingest.forwarding.local_registry import snapshot_of
from ingest.forwarding.plan import Plan
from ingest.inbox import Inbox
from ingest.jt808.edge import serve_jt808_tcp, serve_jt808_udp
from ingest.jt808.exchange import Exchange
from ingest.jt808.identities import Identities, Tokens
from ingest.jt808.limits import Doors, Limits
from ingest.jt808.lines import Lines
from ingest.modbus.pollers import Pollers
from ingest.nmea.edge import serve_nmea_tcp, serve_nmea_udp
from ingest.stations.hj212 import serve_hj212
from ingest.stations.sl651 import serve_sl651
from tasks.attempt import attempt
from vocabulary.times import Clock

log = logging.getLogger(__name__)

LISTEN_RETRY_S = 5.0
"""Pause before a port that could not be had is tried again."""


@dataclass(frozen=True, slots=True)
class Ear:
    """One listener.

    Attributes:
        kind: What is spoken there.
        host: Address to listen on.
        port: Port to listen on.
        code: Its line's, where its callers have no registered addresses.
    """

    kind: str
    host: str
    port: int
    code: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.host}:{self.port}"


def ears_of(plan: Plan) -> Iterator[Ear]:
    """Return where a plan listens."""
    for nmea in plan.nmea:
        if nmea.tcp_port is not None:
            yield Ear("nmea tcp", nmea.host, nmea.tcp_port, nmea.code)
        if nmea.udp_port is not None:
            yield Ear("nmea udp", nmea.host, nmea.udp_port, nmea.code)
    for fleet in plan.jt808:
        if fleet.tcp_port is not None:
            yield Ear("jt808 tcp", fleet.host, fleet.tcp_port)
        if fleet.udp_port is not None:
            yield Ear("jt808 udp", fleet.host, fleet.udp_port)
    for line in plan.sl651:
        yield Ear("sl651", line.host, line.port)
    for line in plan.hj212:
        yield Ear("hj212", line.host, line.port)


class Edges:
    """What polls and listens now.

    Args:
        tasks: What the edges' tasks live in.
        inbox: Where what they hear goes.
        clock: Tells the time of receipt.
        tokens: What vehicle terminals prove themselves by.
    """

    def __init__(
        self, tasks: asyncio.TaskGroup, inbox: Inbox, clock: Clock, tokens: Tokens
    ) -> None:
        self._tasks = tasks
        self._inbox = inbox
        self._clock = clock
        self._pollers = Pollers(tasks, inbox, clock)
        self._snapshot = Snapshot(version=0)
        self._exchange = Exchange(
            identities=Identities(tokens, lambda: self._snapshot),
            lines=Lines(),
            doors=Doors(Limits()),
            inbox=inbox,
            clock=clock,
            answered=lambda _device, _message: None,  # commands come from upstream
        )
        self._listening: dict[Ear, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._faults: dict[Ear, str] = {}

    @property
    def faults(self) -> dict[str, str]:
        """Why we cannot listen, by what listens."""
        return {str(ear): why for ear, why in self._faults.items()}

    def follow(self, plan: Plan) -> None:
        """Stop what a plan does not want, start what it wants; the rest goes on.

        At once and whole: who asks for it may lose the line to upstream meanwhile.
        """
        self._snapshot = snapshot_of(plan)
        self._pollers.follow(self._snapshot)
        wanted = set(ears_of(plan))
        for ear in self._listening.keys() - wanted:
            task = self._listening.pop(ear)
            task.cancel()
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
            self._faults.pop(ear, None)
        for ear in wanted - self._listening.keys():
            self._listening[ear] = self._tasks.create_task(
                self._listen(ear), name=str(ear)
            )

    async def _listen(self, ear: Ear) -> None:
        if self._leaving:
            await asyncio.wait(self._leaving)  # one of them may have the port yet
        while True:
            try:
                await attempt(self._serving(ear, lambda _port: self._heal(ear)))
            except* OSError as group:
                why = str(next(_leaves(group)))
                if self._faults.get(ear) != why:
                    log.error("%s: cannot listen: %s", ear, why)  # noqa: TRY400 - no bug
                self._faults[ear] = why
            await asyncio.sleep(LISTEN_RETRY_S)

    def _heal(self, ear: Ear) -> None:
        self._faults.pop(ear, None)

    def _serving(
        self, ear: Ear, on_bound: Callable[[int], None]
    ) -> Coroutine[None, None, None]:
        terminals = {"jt808 tcp": serve_jt808_tcp, "jt808 udp": serve_jt808_udp}
        if ear.kind in terminals:
            return terminals[ear.kind](
                ear.host, ear.port, exchange=self._exchange, on_bound=on_bound
            )
        nmea = {"nmea tcp": serve_nmea_tcp, "nmea udp": serve_nmea_udp}
        stations = {"sl651": serve_sl651, "hj212": serve_hj212}
        serve = (
            partial(nmea[ear.kind], gateway=ear.code)
            if ear.kind in nmea
            else partial(stations[ear.kind], registry=lambda: self._snapshot)
        )
        return serve(
            ear.host,
            ear.port,
            inbox=self._inbox,
            clock=self._clock,
            on_bound=on_bound,
        )


def _leaves(group: BaseExceptionGroup[OSError]) -> Iterator[OSError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            with contextlib.suppress(StopIteration):
                yield next(_leaves(error))
        else:
            yield error
