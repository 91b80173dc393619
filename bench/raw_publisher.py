"""A publisher that costs next to nothing: MQTT 5, QoS 1, packets made beforehand.

Told URL, gateway, shape and first second; says "ready", waits for a line, publishes,
and says "done" when the broker has acknowledged all.
"""

import socket
import struct
import sys
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from bench.shapes import QUANTITIES, SHAPES, Shape
from ingest.protocols.gezhi_json import DeviceReadings, UpMessage, encode

WINDOW = 4000
"""Messages under way."""

AT_ONCE = 200
"""Messages a write."""

PACKET_IDS = 65_000
"""Packet identifiers used in turn."""


def text(word: str) -> bytes:
    """Return a string as MQTT writes it."""
    octets = word.encode()
    return struct.pack(">H", len(octets)) + octets


def packet(kind: int, rest: bytes) -> bytes:
    """Return a control packet."""
    length, octets = len(rest), bytearray()
    while True:
        length, low = divmod(length, 128)
        octets.append(low | (128 if length else 0))
        if not length:
            return bytes([kind]) + bytes(octets) + rest


def payload(shape: Shape, n: int, start: datetime) -> bytes:
    """Return message `n`: some devices, each with some quantities, one time."""
    first = n * shape.devices_a_message
    at = start + timedelta(seconds=first // shape.devices)
    parts = [
        DeviceReadings(
            device=f"D-{(first + offset) % shape.devices:04d}",
            measured_at=at,
            values=dict.fromkeys(QUANTITIES[: shape.values_a_device], n % 1000 / 7),
        )
        for offset in range(shape.devices_a_message)
    ]
    return encode(UpMessage(seq=n, readings=parts))


def packets(shape: Shape, gateway: str, start: datetime) -> list[bytes]:
    """Return all PUBLISH packets, joined in groups of AT_ONCE."""
    topic = text(f"gezhi/v1/{gateway}/up")
    made = [
        packet(
            0x32,
            topic
            + struct.pack(">H", n % PACKET_IDS + 1)
            + b"\0"
            + payload(shape, n, start),
        )
        for n in range(shape.messages)
    ]
    return [
        b"".join(made[first : first + AT_ONCE])
        for first in range(0, len(made), AT_ONCE)
    ]


def connect(url: str, client_id: str) -> socket.socket:
    """Connect and log in."""
    parts = urlsplit(url)
    link = socket.create_connection((parts.hostname or "", parts.port or 1883))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    rest = text("MQTT") + bytes([5, 0xC2, 0, 60, 0]) + text(client_id)
    link.sendall(
        packet(0x10, rest + text(parts.username or "") + text(parts.password or ""))
    )
    answer = link.recv(1024)
    if answer[0] != 0x20 or answer[3] != 0:  # noqa: PLR2004 - CONNACK, success
        raise SystemExit(f"refused: {answer.hex()}")
    return link


def publish(link: socket.socket, groups: list[bytes], messages: int) -> None:
    """Send all, never more than WINDOW unacknowledged."""
    sent = acknowledged = 0
    waiting = b""
    while acknowledged < messages:
        while groups and sent - acknowledged < WINDOW:
            link.sendall(groups.pop(0))
            sent = min(sent + AT_ONCE, messages)
        waiting += link.recv(1 << 16)
        at = 0
        while at + 1 < len(waiting) and at + 2 + waiting[at + 1] <= len(waiting):
            acknowledged += waiting[at] == 0x40  # noqa: PLR2004 - PUBACK
            at += 2 + waiting[at + 1]
        waiting = waiting[at:]


def main() -> None:
    """Publish one shape."""
    url, gateway, name, second = sys.argv[1:]
    shape = SHAPES[name]
    start = datetime.fromtimestamp(int(second), UTC)
    groups = packets(shape, gateway, start)
    link = connect(url, f"{gateway}-bench")
    print("ready", flush=True)
    sys.stdin.readline()
    publish(link, groups, shape.messages)
    print("done", flush=True)


if __name__ == "__main__":
    main()
