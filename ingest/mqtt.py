"""The MQTT edge: messages in, acknowledged once they are stored.

The session outlives our connection and our process: what was not acknowledged when
either ended comes again, and the store leaves out what it has.
"""

import asyncio
import logging
import random
from functools import partial

from ingest.arrival import Arrival, EdgeChange, Inbox
from ingest.broker_address import BrokerAddress
from ingest.mqtt_link import LinkLostError, MqttLink
from ingest.mqtt_messages import STATUS_FILTER, UP_FILTER, arrivals_of
from vocabulary.times import Clock

log = logging.getLogger(__name__)

EDGE = "mqtt"
"""What EDGE entries of the journal call this edge."""

MOST_TOGETHER = 1000
"""Messages that become arrivals together."""

MOST_OCTETS_TOGETHER = 1024 * 1024
"""Octets of payload that become arrivals together; one message may be longer."""

FIRST_RETRY_S = 0.5
"""Wait after the first failure; doubled each time, with chance."""

LONGEST_RETRY_S = 15.0
"""Longest wait between two tries."""


async def run_mqtt_edge(
    broker: BrokerAddress,
    client_id: str,
    *,
    inbox: Inbox,
    clock: Clock,
    shared_group: str | None = None,
) -> None:
    """Take messages until cancelled, connecting again whenever the link is lost.

    A full inbox stops the reading; then the broker keeps what it cannot send.

    Args:
        broker: Where to connect.
        client_id: Our session's name; each worker has its own.
        inbox: Where arrivals and changes go.
        clock: Tells the time of receipt.
        shared_group: Name of the shared subscription where several workers share the
            load.
    """
    edge = _MqttEdge(inbox, clock, shared_group)
    failures = 0
    while True:
        try:
            async with MqttLink(broker, client_id) as link:
                failures = 0
                await edge.serve(link)
        except* LinkLostError as group:
            failures += 1
            await edge.tell(up=False, detail=str(group.exceptions[0]))
        await asyncio.sleep(_retry_s(failures))


class _MqttEdge:
    """What the edge remembers from one connection to the next."""

    def __init__(self, inbox: Inbox, clock: Clock, shared_group: str | None) -> None:
        self._inbox = inbox
        self._clock = clock
        share = f"$share/{shared_group}/" if shared_group else ""
        # Retained messages are not sent to shared subscriptions: each worker is told
        # all statuses.
        self._topics = (share + UP_FILTER, STATUS_FILTER)
        self._is_up: bool | None = None  # what the journal was told last
        self._statuses: dict[str, bool] = {}

    async def serve(self, link: MqttLink) -> None:
        """Take messages until the link is lost."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._subscribe(link), name="mqtt subscribe")
            while True:
                await self._take(link)

    async def tell(self, *, up: bool, detail: str) -> None:
        """Let the journal know whether we hear, if it does not yet."""
        if self._is_up is up:
            return
        self._is_up = up
        log.log(logging.INFO if up else logging.WARNING, "mqtt: %s", detail)
        await self._inbox.put(
            EdgeChange(edge=EDGE, gateway="", up=up, detail=detail, at=self._clock())
        )

    async def _subscribe(self, link: MqttLink) -> None:
        await link.subscribe(self._topics)
        await self.tell(up=True, detail=f"connected to {link.peer}")

    async def _take(self, link: MqttLink) -> None:
        received = await link.receive(MOST_TOGETHER, MOST_OCTETS_TOGETHER)
        arrivals = arrivals_of(
            received.messages,
            received_at=self._clock(),
            peer=link.peer,
            committed=partial(link.acknowledge, received),
        )
        for item in arrivals:
            if isinstance(item, Arrival) or self._is_news(item):
                await self._inbox.put(item)

    def _is_news(self, change: EdgeChange) -> bool:
        was_up = self._statuses.get(change.gateway)
        self._statuses[change.gateway] = change.up
        return change.up is not was_up


def _retry_s(failures: int) -> float:
    longest_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures, 10))
    return longest_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load
