"""The gateway process: edges, queue and uplink, in one group of tasks."""

import asyncio
import contextlib
import logging
import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from ingest.forwarding.edges import Edges
from ingest.forwarding.keeping import Keeper, keeper_of
from ingest.forwarding.orders import Orders
from ingest.forwarding.plan import lines_in
from ingest.forwarding.pump import Pace, pump
from ingest.forwarding.status import (
    GatewayStatus,
    plan_status,
    queue_status,
    refused_plan,
)
from ingest.forwarding.terminal_tokens import TokenFile
from ingest.forwarding.uplink import Uplink, UplinkLostError, uplink
from ingest.inbox import Inbox
from ingest.mqtt.address import BrokerAddress
from tasks.attempt import attempt
from vocabulary.times import Clock

log = logging.getLogger(__name__)

INBOX_SIZE = 64
"""Arrivals that may wait to be kept."""

FIRST_RETRY_S = 0.5
"""Wait after the first failure; doubled each time, with chance."""

LONGEST_RETRY_S = 30.0
"""Longest wait between two calls to the broker."""

STEADY_S = 30.0
"""A line that held so long was no failure."""

LAST_KEEPING_S = 3.0
"""How long keeping what is in the inbox may take at the end."""

FAREWELL_S = 2.0
"""How long saying good-bye to the broker may take."""


USUAL_PACE = Pace()
"""How fast a gateway sends unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardSettings:
    """What a gateway process is told.

    Attributes:
        mqtt_url: The broker upstream and our account there, MQTT 5.
        plan_file: The local plan.
        state: Our directory: the queue, and the plan from upstream.
        most_octets: How much may wait in the queue.
        pace: How fast it is sent.
        status_every_s: How often the status is told, beside when it changes.
    """

    mqtt_url: str
    plan_file: Path
    state: Path
    most_octets: int = 512 * 1024 * 1024
    pace: Pace = USUAL_PACE
    status_every_s: float = 60.0


async def forward(settings: ForwardSettings, *, clock: Clock) -> None:
    """Hear devices and pass on what they say, until cancelled.

    Args:
        settings: What to do.
        clock: Tells the time.

    Raises:
        PlanError: If the local plan cannot be followed.
        QueueInUseError: If another process has the queue.
        ValueError: If the broker's URL is none.
    """
    broker = BrokerAddress.from_url(settings.mqtt_url)
    orders = Orders(settings.plan_file, settings.state / "plan-from-upstream.toml")
    code = orders.order.plan.gateway
    if broker.username not in {None, code}:
        log.warning("we are %s, but %s to the broker", code, broker.username)
    async with keeper_of(
        settings.state / "queue.db", most_octets=settings.most_octets
    ) as keeper:
        inbox = Inbox(INBOX_SIZE)
        try:
            async with asyncio.TaskGroup() as tasks:
                tokens = TokenFile(settings.state / "tokens.db")
                edges = Edges(tasks, inbox, clock, tokens)
                gateway = _Gateway(settings, orders, keeper, edges, clock)
                edges.follow(orders.order.plan)
                tasks.create_task(keeper.keep(inbox, clock), name="keep")
                tasks.create_task(keeper.forget(), name="forget")
                tasks.create_task(gateway.stay_connected(broker), name="uplink")
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_KEEPING_S):
                    await keeper.keep_rest(inbox, clock)


class _Gateway:
    """What one connection after the other is used for."""

    def __init__(
        self,
        settings: ForwardSettings,
        orders: Orders,
        keeper: Keeper,
        edges: Edges,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._orders = orders
        self._keeper = keeper
        self._edges = edges
        self._clock = clock
        self._code = orders.order.plan.gateway

    async def stay_connected(self, broker: BrokerAddress) -> None:
        """Use one line after the other, until cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began_s = loop.time()
            try:
                await attempt(self._connected(broker))
            except* UplinkLostError as group:
                failures = 0 if loop.time() - began_s > STEADY_S else failures + 1
                log.log(
                    logging.WARNING if failures <= 1 else logging.INFO,
                    "no line to %s:%d: %s",
                    broker.host,
                    broker.port,
                    _first(group),
                )
            await asyncio.sleep(_retry_s(failures))

    async def _connected(self, broker: BrokerAddress) -> None:
        async with uplink(broker, self._code) as line:
            log.info("connected to %s:%d", broker.host, broker.port)
            await self._use(line)

    async def _use(self, line: Uplink) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._take_plans(line), name="plans")
                tasks.create_task(self._tell_status(line), name="status")
                tasks.create_task(
                    pump(
                        self._keeper,
                        line.send_up,
                        pace=self._settings.pace,
                        clock=self._clock,
                    ),
                    name="pump",
                )
        finally:
            # A proper farewell cancels the last will, so say it ourselves: also where
            # the line still stands and is of no use, since we may never call again.
            with contextlib.suppress(TimeoutError, UplinkLostError):
                async with asyncio.timeout(FAREWELL_S):
                    await line.send_status(await self._status(up=False))

    async def _take_plans(self, line: Uplink) -> None:
        async for octets in line.plans():
            before = self._orders.order
            if self._orders.take(octets):
                if self._orders.order is not before:
                    self._edges.follow(self._orders.order.plan)
                self._keeper.news.set()

    async def _tell_status(self, line: Uplink) -> None:
        while True:
            self._keeper.news.clear()
            await line.send_status(await self._status(up=True))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.status_every_s):
                    await self._keeper.news.wait()

    async def _status(self, *, up: bool) -> bytes:
        codes = {line.code for line in lines_in(self._orders.order.plan)}
        status = GatewayStatus(
            up=up,
            at=self._clock(),
            queue=queue_status(
                await self._keeper.depth(), is_full=self._keeper.is_full
            ),
            plan=plan_status(self._orders),
            refused_plan=refused_plan(self._orders),
            faults=self._edges.faults | self._keeper.counts.faults_of(codes),
            unreadable=self._keeper.counts.refused,
            load_pct=round(100 * os.getloadavg()[0] / (os.cpu_count() or 1), 1),
            disk_free_mb=shutil.disk_usage(self._settings.state).free // 2**20,
        )
        return msgspec.json.encode(status)


def _retry_s(failures: int) -> float:
    longest_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures, 10))
    return longest_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load


def _first(group: BaseExceptionGroup[UplinkLostError]) -> BaseException:
    """Return one error of a group; groups stand within groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
