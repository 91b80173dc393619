"""The MQTT edge: messages in, acknowledged once they are stored.

The session outlives our connection and our process: what was not acknowledged when
either ended comes again, and the store leaves out what it has.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival, EdgeChange
from ingest.inbox import Inbox
from ingest.mqtt.address import BrokerAddress
from ingest.mqtt.link import LinkLostError, MqttLink
from ingest.mqtt.message import MqttMessage
from ingest.mqtt.messages import Ear, arrivals_of, state_message
from ingest.mqtt.mouth import Mouth
from ingest.mqtt.topics import (
    ANSWER_FILTER,
    NMEA_FILTER,
    STATE_TOPIC,
    STATUS_FILTER,
    UP_FILTER,
    foreign_filters,
    has_nodes,
)
from ingest.protocols import sparkplug
from tasks.attempt import attempt
from vocabulary.times import Clock

log = logging.getLogger(__name__)

EDGE = "mqtt"
"""What EDGE entries of the journal call this edge."""

MOST_TOGETHER = 1000
"""Messages that become arrivals together."""

MOST_OCTETS_TOGETHER = 1024 * 1024
"""Octets of payload that become arrivals together; one message may be longer."""

MOST_COMMANDS = 100
"""Commands that may wait to be published."""

GOODBYE_S = 1.0
"""How long the broker may take to hear that we go."""

SAY_AGAIN_S = 10.0
"""How soon we say again that we are there if the broker passed it on to nobody: what we
have no right to say it drops without a word, and the right to say this comes with the
first node's account, which may be later than our word."""

FIRST_RETRY_S = 0.5
"""Wait after the first failure; doubled each time, with chance."""

LONGEST_RETRY_S = 15.0
"""Longest wait between two tries."""


class FollowsRegistry(Protocol):
    """The registry as it is now, and as it will be: `RegistryWatch`."""

    @property
    def snapshot(self) -> Snapshot:
        """The registry as it was last read."""

    async def newer(self, than: Snapshot) -> Snapshot:
        """Wait for another one."""


async def run_mqtt_edge(
    broker: BrokerAddress,
    client_id: str,
    *,
    inbox: Inbox,
    clock: Clock,
    registry: FollowsRegistry,
    shared_group: str | None = None,
    mouth: Mouth | None = None,
) -> None:
    """Take messages until cancelled, connecting again whenever the link is lost.

    A full inbox stops the reading; then the broker keeps what it cannot send.

    Args:
        broker: Where to connect.
        client_id: Our session's name; each worker has its own.
        inbox: Where arrivals and changes go.
        clock: Tells the time of receipt.
        registry: Says which gateways there are, and what they speak.
        shared_group: Name of the shared subscription where several workers share the
            load.
        mouth: Speaks on our link while there is one.
    """
    mouth = mouth or Mouth()
    edge = _MqttEdge(inbox, clock, registry, shared_group)
    failures = 0

    async def connected() -> None:
        nonlocal failures
        async with MqttLink(broker, client_id, edge.will()) as link:
            failures = 0
            with mouth.on(link):
                await edge.serve(link)

    while True:
        try:
            await attempt(connected())
        except* LinkLostError as group:
            failures += 1
            await edge.tell(up=False, detail=str(group.exceptions[0]))
        await asyncio.sleep(_retry_s(failures))


class _MqttEdge:
    """What the edge remembers from one connection to the next."""

    def __init__(
        self,
        inbox: Inbox,
        clock: Clock,
        registry: FollowsRegistry,
        shared_group: str | None,
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._registry = registry
        self._share = f"$share/{shared_group}/" if shared_group else ""
        self._ear = Ear(registry.snapshot)
        self._commands = asyncio.Queue[MqttMessage](MOST_COMMANDS)
        self._is_up: bool | None = None  # what the journal was told last
        self._statuses: dict[str, bool] = {}
        self._since_ms: int | None = None  # when we came, where nodes may wait for us

    def will(self) -> MqttMessage | None:
        """Return what the broker shall say when it loses us, from now on."""
        now = sparkplug.state_at(self._clock(), is_online=False).timestamp_ms
        self._since_ms = now if has_nodes(self._registry.snapshot) else None
        return self._state(is_online=False)

    async def serve(self, link: MqttLink) -> None:
        """Take messages until the link is lost."""
        self._ear.is_state_heard = False
        await self._say_state(link, is_online=True)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._subscribe(link), name="mqtt subscribe")
                tasks.create_task(self._answer(link), name="mqtt answer")
                tasks.create_task(self._say_until_heard(link), name="mqtt state")
                while True:
                    await self._take(link)
        finally:
            with contextlib.suppress(LinkLostError, TimeoutError):
                async with asyncio.timeout(GOODBYE_S):
                    await self._say_state(link, is_online=False)

    async def _say_state(self, link: MqttLink, *, is_online: bool) -> None:
        """Say that we are there, or go, if there are nodes that could wait for us."""
        state = self._state(is_online=is_online)
        if state:
            await link.publish(state.topic, state.payload, retain=state.retain)

    async def _say_until_heard(self, link: MqttLink) -> None:
        """Say again that we are there until it comes back to us, as to any node."""
        while self._since_ms is not None:
            await asyncio.sleep(SAY_AGAIN_S)
            if self._ear.is_state_heard:
                return
            await self._say_state(link, is_online=True)

    def _state(self, *, is_online: bool) -> MqttMessage | None:
        if self._since_ms is None:
            return None
        return state_message(
            sparkplug.HostState(is_online=is_online, timestamp_ms=self._since_ms)
        )

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
        """Ask for what gateways say, and for what those to come will say."""
        subscribed: set[str] = set()
        while True:
            snapshot = self._registry.snapshot
            if has_nodes(snapshot) and self._since_ms is None:
                raise LinkLostError("connecting again, with a will for Sparkplug")
            new = [each for each in self._filters(snapshot) if each not in subscribed]
            if new:
                await link.subscribe(new)
                subscribed.update(new)
            await self.tell(up=True, detail=f"connected to {link.peer}")
            await self._registry.newer(than=snapshot)

    def _filters(self, snapshot: Snapshot) -> Sequence[str]:
        # Retained messages are not sent to shared subscriptions: each worker is told
        # all statuses.
        foreign = foreign_filters(snapshot)
        return [
            self._share + UP_FILTER,
            self._share + ANSWER_FILTER,
            self._share + NMEA_FILTER,
            STATUS_FILTER,
            *([STATE_TOPIC] if has_nodes(snapshot) else []),
            *(self._share * may_share + each for each, may_share in foreign.items()),
        ]

    async def _take(self, link: MqttLink) -> None:
        received = await link.receive(MOST_TOGETHER, MOST_OCTETS_TOGETHER)
        self._ear.follow(self._registry.snapshot)
        arrivals = arrivals_of(
            received.messages,
            received_at=self._clock(),
            peer=link.peer,
            committed=partial(link.acknowledge, received),
            ear=self._ear,
        )
        for item in arrivals:
            if isinstance(item, Arrival):
                await self._inbox.put(item)
            elif self._statuses.get(item.gateway) is not item.up:
                await self._inbox.put(item)
                # Only now: who is cancelled before hears of it again.
                self._statuses[item.gateway] = item.up
        for command in self._ear.commands_to_send():
            if not self._commands.full():  # a lost wish for a rebirth comes again
                self._commands.put_nowait(command)

    async def _answer(self, link: MqttLink) -> None:
        """Publish what is to be answered, while messages are taken."""
        while True:
            command = await self._commands.get()
            await link.publish(command.topic, command.payload, retain=command.retain)


def _retry_s(failures: int) -> float:
    longest_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures, 10))
    return longest_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load
