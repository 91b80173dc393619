"""Ports for servers of the tests: free now, and taken by nobody by accident.

A port that was bound to 0 and let go lies where the system takes ports from for every
connection and every server that asks for any; on a busy machine it is soon another's.
These lie below that, each process of the tests walks along them from a place of its
own, and none is given twice until all were.
"""

import itertools
import os
import socket

FIRST, COUNT = 16_000, 12_000
"""From above the ports of the sample city to below those of databases and brokers
(`gezhi.stack.loopback`), which lie below 32768, Linux's first of its own."""

_STRIDE = 997
"""How far apart processes begin that were started one after the other."""

_ports = itertools.count(os.getpid() * _STRIDE)


def free_port() -> int:
    """Return a port of the loopback where nobody listens, by TCP or UDP."""
    for number in itertools.islice(_ports, COUNT):
        port = FIRST + number % COUNT
        if _is_free(port):
            return port
    raise AssertionError("every port is taken")


def _is_free(port: int) -> bool:
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
