"""Datagrams that devices send us, a few at a time so that others get their turn."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 64
"""Datagrams read before others get their turn."""

BUFFER = 4 * 1024 * 1024
"""Octets that may wait in the system; asked for, it may give less."""

_READ_SIZE = 65536


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Open a socket for datagrams.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as listener:
        listener.setblocking(False)  # noqa: FBT003 (the standard library's own form)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        listener.bind((host, port))
        yield listener


async def received(listener: socket.socket) -> list[tuple[bytes, tuple[str, int]]]:
    """Wait for datagrams; return them and whom each is from."""
    await _readable(listener)
    datagrams: list[tuple[bytes, tuple[str, int]]] = []
    for _ in range(AT_ONCE):
        try:
            datagrams.append(listener.recvfrom(_READ_SIZE))
        except BlockingIOError:
            break
    return datagrams


async def _readable(listener: socket.socket) -> None:
    # Not loop.sock_recvfrom: uvloop has none.
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(listener, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(listener)
