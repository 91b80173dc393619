"""What is upstream of a gateway process, and the process itself."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt

from ingest.protocols.gezhi_json import UpMessage, decode
from ingest.protocols.up_message import DoubtfulReadings
from ingest.sequence import accounted
from tasks.attempt import attempt
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.sequence import Epoch, Number
from vocabulary.times import us_from_datetime


async def until(is_so: Callable[[], bool], *, within_s: float = 240) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - what happens elsewhere
            await asyncio.sleep(0.02)


@dataclass
class FarEnd:
    """Hears one gateway through a session that outlives its connections."""

    url: Callable[[], str]
    gateway: str
    messages: list[UpMessage] = field(default_factory=list)
    heard_s: list[float] = field(default_factory=list)
    status: Mapping[str, object] = field(default_factory=dict)
    is_listening: bool = False

    async def run(self) -> None:
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                await attempt(self._listen())
            await asyncio.sleep(0.05)

    async def _listen(self) -> None:
        async with _client(self.url(), f"far-{self.gateway}") as client:
            await client.subscribe(f"gezhi/v1/{self.gateway}/#", qos=1)
            self.is_listening = True
            async for message in client.messages:
                self._take(message)

    def _take(self, message: aiomqtt.Message) -> None:
        payload = bytes(message.payload)
        if message.topic.value.endswith("/up"):
            self.messages.append(decode(payload))
            self.heard_s.append(asyncio.get_running_loop().time())
        elif message.topic.value.endswith("/status"):
            self.status = json.loads(payload)

    @property
    def seqs(self) -> list[int]:
        return [message.seq for message in self.messages if message.seq is not None]

    def account(self) -> Epoch:
        """Return what the platform's own account makes of it: one run of numbers."""
        numbers = [
            Number(message.seq or 0, us_from_datetime(message.sent_at))
            for message in self.messages
            if message.sent_at is not None
        ]
        at_us = max(number.sent_us or 0 for number in numbers)
        (epoch,) = accounted((), numbers, at_us=at_us).epochs
        return epoch

    @property
    def positions(self) -> list[Position]:
        return [fix for message in self.messages for fix in message.positions]

    def doubts(self, device: str) -> set[Quality]:
        return {
            part.quality if isinstance(part, DoubtfulReadings) else Quality.GOOD
            for message in self.messages
            for part in message.readings
            if part.device == device
        }

    def told(self, device: str, quantity: str) -> list[float]:
        return [
            float(part.values[quantity])
            for message in self.messages
            for part in message.readings
            if part.device == device and quantity in part.values
        ]


async def send_plan(url: str, gateway: str, plan: bytes) -> None:
    """Publish a plan as the platform does."""
    async with _client(url, f"plan-{gateway}") as client:
        topic = f"gezhi/v1/{gateway}/down/config"
        await client.publish(topic, plan, qos=1, retain=True)


@asynccontextmanager
async def gateway_process(
    url: str, plan: Path, *, state: Path, options: Iterable[str] = ()
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `gezhi gateway`; kill it with SIGKILL at the end."""
    with (state.parent / "gateway.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gezhi",
            "gateway",
            plan,
            "--state",
            state,
            *options,
            env={**os.environ, "MQTT_URL": url},
            stderr=log,
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _client(url: str, identifier: str) -> aiomqtt.Client:
    parts = urlsplit(url)
    return aiomqtt.Client(
        parts.hostname or "",
        parts.port or 0,
        username=parts.username,
        password=parts.password,
        identifier=identifier,
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=False,
    )
