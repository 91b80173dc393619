"""A lamp controller with a SIM card of its own: reports, obeys, and may sleep.

It is its own gateway. While it sleeps it has no link, so whatever is published to it
then is lost; when it wakes it first listens, then says that it is there.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ingest.protocols.gezhi_command import encode_answer
from ingest.protocols.gezhi_json import DeviceReadings, UpMessage, encode
from simulators.mqtt_link import LinkError, MqttLink, PublishRefusedError, mqtt_link
from simulators.obeying import Obedience
from tasks.attempt import attempt
from vocabulary.command import AnyOrder, Dim, Interval, Programme, ProgrammeStep, Switch
from vocabulary.times import Clock

log = logging.getLogger(__name__)

FULL_W = 120.0
"""What the lamp draws at full light."""

STANDBY_W = 0.8
"""What its driver draws in the dark."""

RETRY_S = 0.5
"""Pause before a broker that went away is called again."""


@dataclass(slots=True, kw_only=True)
class Lamp:
    """One lamp and its controller.

    Attributes:
        gateway: Its code as a gateway.
        address: Its address below that.
        interval_s: How often it reports while it is awake.
        pct: How bright it is.
        is_stuck: Whether its relay no longer moves; it answers all the same.
        programme: What it was last loaded with.
        obedience: What it remembers of its commands.
        seq: Number of its next message.
    """

    gateway: str
    address: str
    interval_s: float = 10.0
    pct: float = 100.0
    is_stuck: bool = False
    programme: Sequence[ProgrammeStep] = ()
    obedience: Obedience = field(default_factory=Obedience)
    seq: int = 0

    def do(self, order: AnyOrder) -> str:
        """Carry an order out; return why it cannot."""
        match order:
            case Switch():
                self._shine(100.0 if order.on else 0.0)
            case Dim():
                self._shine(order.pct)
            case Programme():
                self.programme = order.steps
            case Interval():
                self.interval_s = float(order.interval_s)
            case _:
                return "a lamp cannot do that"
        return ""

    def message(self, at: datetime) -> bytes:
        """Return its next message."""
        values = {
            "dimming_pct": self.pct,
            "power_w": STANDBY_W + (FULL_W - STANDBY_W) * self.pct / 100,
        }
        part = DeviceReadings(device=self.address, measured_at=at, values=values)
        message = UpMessage(seq=self.seq, sent_at=at, readings=[part])
        self.seq += 1
        return encode(message)

    def _shine(self, pct: float) -> None:
        if not self.is_stuck:
            self.pct = pct


async def run_mqtt_lamp(lamp: Lamp, *, url: str, clock: Clock) -> None:
    """Play one lamp until cancelled; that is when it falls asleep.

    Args:
        lamp: Which one; goes on from where it stands.
        url: `mqtt://user:password@host:port`.
        clock: Tells the time.
    """
    while True:
        try:
            await attempt(_connected(lamp, url, clock))
        except* (LinkError, PublishRefusedError) as group:
            log.warning("%s: %s", lamp.gateway, group.exceptions[0])
        await asyncio.sleep(RETRY_S)


async def _connected(lamp: Lamp, url: str, clock: Clock) -> None:
    async with (
        mqtt_link(
            url,
            gateway=lamp.gateway,
            client_id=lamp.gateway,
            clock=clock,
            listens=True,
        ) as link,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(_listen(lamp, link, clock), name=f"{lamp.gateway} listens")
        # Not a second task: a group that fails while its owner only waits for it
        # leaves the owner marked as cancelled (Python 3.11).
        await _report(lamp, link, clock)


async def _report(lamp: Lamp, link: MqttLink, clock: Clock) -> None:
    while True:
        await link.send_up(lamp.message(clock()))
        await asyncio.sleep(lamp.interval_s)


async def _listen(lamp: Lamp, link: MqttLink, clock: Clock) -> None:
    async for address, payload in link.commands():
        if address != lamp.address:
            continue
        answer = lamp.obedience.obey(payload, address, lamp.do, now=clock())
        if answer is not None:
            await link.send_answer(encode_answer(answer))
