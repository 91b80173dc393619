"""The database is slow: ingest reads less, the broker keeps more, memory is bounded."""

import asyncio
from pathlib import Path

import pytest

from gezhi.stack.broker import Broker
from ingest.serve import INBOX_SIZE
from tests.faults.figures import Note
from tests.faults.load import ingest, load_of
from tests.faults.proxy import proxied
from tests.faults.sizes import IS_SOAK, sized
from tests.faults.test_disk_full import Watched
from tests.ports import free_port

pytestmark = [
    pytest.mark.db,
    pytest.mark.broker,
    pytest.mark.skipif(
        not Path("/proc/net/tcp").exists(), reason="what waits in a socket is in /proc"
    ),
]

OCTETS_PER_S = 20_000
"""Of the way to the database: some two hundred messages a second."""

PADDING = 2_000
"""Makes messages so long that less than mosquitto sends ahead fills ingest's pile."""

MESSAGES = sized(12_000, 100_000)
"""More than twice what ingest may hold."""

MOST_RSS_MIB = 400
"""Asserted in the long form only; short of work, ingest takes about 70."""

LEFT_IN_SOCKET = 20_000
"""So much that it cannot be what merely was on its way."""


async def test_a_slow_database_slows_the_reading_and_loses_nothing(
    database_url: str, broker: Broker, unique: str, note: Note
) -> None:
    load = await load_of(database_url, broker, unique)
    for publisher in load.publishers:
        publisher.padding = PADDING
    port = free_port()
    async with (
        asyncio.timeout(300),
        proxied(database_url) as (address, proxy),
        ingest(address, broker.ingest_url, unique, metrics_port=port) as process,
    ):
        platform = Watched("", f"http://127.0.0.1:{port}")
        async with load.publishing(at_once=200, pause_s=0.01):
            await load.until_stored(1)
            proxy.octets_per_s = OCTETS_PER_S
            deepest = 0.0
            most_mib = 0.0
            unread = 0
            while load.acknowledged < MESSAGES or unread <= LEFT_IN_SOCKET:
                deepest = max(
                    deepest, await platform.metric("gezhi_ingest_inbox_depth")
                )
                most_mib = max(most_mib, rss_mib(process.pid))
                unread = max(unread, unread_octets(process.pid, broker.ports.v5))
                await asyncio.sleep(0.1)
        waiting = load.acknowledged - await load.stored()
        proxy.octets_per_s = 0
        back_s = await load.catch_up_s()
        outcome = await load.outcome(within_s=120)
    note(
        f"database behind a wire of {OCTETS_PER_S // 1000} kB/s",
        acknowledged=outcome.acknowledged,
        stored=outcome.stored,
        lost=outcome.lost,
        doubled=outcome.doubled,
        waiting_at_most=waiting,
        octets_left_in_the_socket=unread,
        deepest_inbox=deepest,
        MiB_of_ingest=most_mib,
        s_to_catch_up=back_s,
    )
    assert deepest <= INBOX_SIZE
    assert unread > LEFT_IN_SOCKET
    if IS_SOAK:
        assert most_mib < MOST_RSS_MIB
    assert outcome.is_whole


def rss_mib(pid: int) -> float:
    """Return the memory that a process has in hand."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (each for each in status.splitlines() if each.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def unread_octets(pid: int, port: int) -> int:
    """Return what most waits unread in a process's connections to a port."""
    links = map(_target, Path(f"/proc/{pid}/fd").iterdir())
    own = {link.removeprefix("socket:[").removesuffix("]") for link in links}
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    # Hexadecimal, as the kernel has it: the peer's port, then sent:unread octets.
    waiting = [
        int(fields[4].partition(":")[2], 16)
        for fields in map(str.split, rows)
        if fields[9] in own and int(fields[2].partition(":")[2], 16) == port
    ]
    return max(waiting, default=0)


def _target(link: Path) -> str:
    """Return what a file of a process is; nothing if it was closed just now."""
    try:
        return link.readlink().name
    except FileNotFoundError:
        return ""
