"""Gateways for the tests of ingest: what they publish, and what the broker took."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import aiomqtt

from ingest.protocols.gezhi_json import DeviceReadings, UpMessage, encode

START = datetime(2026, 11, 18, 4, tzinfo=UTC)
"""Days ago: each message is a second later, and none may come to lie in the future."""


@asynccontextmanager
async def connected(
    url: str, identifier: str, will: aiomqtt.Will | None = None
) -> AsyncIterator[aiomqtt.Client]:
    """Connect to the broker as a gateway does."""
    parts = urlsplit(url)
    async with aiomqtt.Client(
        parts.hostname or "",
        parts.port or 0,
        username=parts.username,
        password=parts.password,
        identifier=identifier,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,
        will=will,
    ) as client:
        client.pending_calls_threshold = 10_000
        yield client


def numbered(device: str, seq: int) -> bytes:
    """Make message `seq` of a device: one tilt, its value and its second are `seq`."""
    part = DeviceReadings(
        device=device,
        measured_at=START + timedelta(seconds=seq),
        values={"tilt_deg": float(seq)},
    )
    return encode(UpMessage(seq=seq, sent_at=START, readings=[part]))


@dataclass
class Publisher:
    """Publishes numbered messages and notes which ones the broker acknowledged."""

    url: str
    gateway: str
    device: str
    padding: int = 0  # octets that mean nothing, to make messages long
    acknowledged: set[int] = field(default_factory=set)
    sent: int = 0

    async def run(self, stop: asyncio.Event, *, at_once: int, pause_s: float) -> None:
        """Publish until told to stop."""
        async with connected(self.url, f"{self.gateway}-publisher") as client:
            while not stop.is_set():
                seqs = range(self.sent, self.sent + at_once)
                self.sent += at_once
                await self._publish(client, seqs)
                await asyncio.sleep(pause_s)

    async def _publish(self, client: aiomqtt.Client, seqs: Sequence[int]) -> None:
        async def publish(seq: int) -> None:
            topic = f"gezhi/v1/{self.gateway}/up"
            payload = numbered(self.device, seq) + b" " * self.padding
            await client.publish(topic, payload, qos=1)
            self.acknowledged.add(seq)

        await asyncio.gather(*map(publish, seqs))
