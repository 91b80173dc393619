"""Many devices on one broker: small MQTT 3.1.1 clients that keep what is not safe yet.

Only what is needed to publish at QoS 1, so that two thousand fit into a test's process.
"""

import asyncio
import contextlib
import random
import struct
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.ingest.publisher import numbered

CONNACK, PUBACK = 0x20, 0x40
ANSWER_OCTETS = 4
"""Both answers are as long as that."""

HIGHEST_ID = 65_535


@dataclass
class Device:
    """One gateway with one device, by its own connection.

    Attributes:
        url: Its account on the broker.
        code: The gateway's code.
        address: The device's.
        acknowledged: Numbers that the broker has said it has.
        waiting: Numbers that it has not.
        connections: How often it got in.
    """

    url: str
    code: str
    address: str
    acknowledged: set[int] = field(default_factory=set)
    waiting: dict[int, None] = field(default_factory=dict)
    connections: int = 0
    sent: int = 0
    _writer: asyncio.StreamWriter | None = None

    async def run(self, jitter_s: float, chance: random.Random) -> None:
        """Stay connected until cancelled."""
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self._connect_and_hear()
            await asyncio.sleep(chance.random() * jitter_s)

    def publish(self) -> None:
        """Make the next message; it goes now, or when there is a connection."""
        self.waiting[self.sent] = None
        self.sent += 1
        self._send([self.sent - 1])

    def send_again(self) -> None:
        """Send all that was ever acknowledged, as one does who kept it for a while."""
        self._send(sorted(self.acknowledged))

    async def _connect_and_hear(self) -> None:
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(_connect(self.code, parts.username, parts.password))
            kind, code = await _answer(reader)
            if kind != CONNACK or code:
                raise ConnectionError(f"refused with {code}")
            self._writer = writer
            self.connections += 1
            self._send(list(self.waiting))
            while True:
                _, packet_id = await _answer(reader)
                self._note(packet_id)
        finally:
            self._writer = None
            writer.transport.abort()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _send(self, seqs: list[int]) -> None:
        if self._writer is None:
            return
        topic = f"gezhi/v1/{self.code}/up"
        self._writer.write(
            b"".join(_publish(topic, n, numbered(self.address, n)) for n in seqs)
        )

    def _note(self, packet_id: int) -> None:
        seq = packet_id - 1
        self.waiting.pop(seq, None)
        self.acknowledged.add(seq)


async def _answer(reader: asyncio.StreamReader) -> tuple[int, int]:
    """Return the next answer's kind, and its code or packet id."""
    octets = await reader.readexactly(ANSWER_OCTETS)
    return octets[0], int.from_bytes(octets[2:])


def _connect(code: str, user: str | None, password: str | None) -> bytes:
    # Clean session, user and password; no keep-alive.
    body = _text("MQTT") + bytes([4, 0xC2]) + struct.pack(">H", 0)
    return _packet(0x10, body + _text(code) + _text(user or "") + _text(password or ""))


def _publish(topic: str, seq: int, payload: bytes) -> bytes:
    assert seq < HIGHEST_ID
    return _packet(0x32, _text(topic) + struct.pack(">H", seq + 1) + payload)


def _packet(kind: int, body: bytes) -> bytes:
    length, octets = len(body), bytearray([kind])
    while True:
        length, digit = divmod(length, 128)
        octets.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(octets) + body


def _text(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()
