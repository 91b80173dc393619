"""Ports on the loopback, kept over restarts where they are still free."""

import itertools
import os
import socket
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
"""The only address the private stack listens on."""

FIRST_PORT, PORTS = 28_000, 4_768
"""Up to 32767. From 32768 on Linux gives ports to every connection that is made: while
a server is down to be started again, another program would get the one it is known by.
"""

_STRIDE = 97
"""How far apart processes begin that were started one after the other."""

_numbers = itertools.count(os.getpid() * _STRIDE)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where a broker listens: for MQTT 5 and for MQTT 3.1.1, maybe the same port."""

    v5: int
    v311: int


def kept_port(record: Path) -> int:
    """Return the port written in `record` while it is free, else a new one.

    The port is written down, so that an address someone copied yesterday works today.
    """
    port = _read(record)
    if port is None or not is_free(port):
        port = free_port()
        record.write_text(f"{port}\n", encoding="ascii")
    return port


def free_port(*, is_udp: bool = False) -> int:
    """Return a port nobody listens on (another process may still take it first).

    A process is given no port twice until it was given all.

    Args:
        is_udp: Whether it is for datagrams.

    Raises:
        OSError: If each of them is taken.
    """
    for number in itertools.islice(_numbers, PORTS):
        port = FIRST_PORT + number % PORTS
        if is_free(port, is_udp=is_udp):
            return port
    raise OSError(f"no port is free from {FIRST_PORT} on, of {PORTS}")


def is_free(port: int, *, is_udp: bool = False) -> bool:
    """Tell whether a server could listen on the port now, for TCP or for datagrams."""
    with socket.socket(
        type=socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM
    ) as probe:
        if not is_udp:  # where it would let two have the same port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def answers(port: int) -> bool:
    """Tell whether someone accepts connections on the port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _read(record: Path) -> int | None:
    try:
        return int(record.read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
