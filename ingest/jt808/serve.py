"""All there is to JT/T 808 in one group of tasks: both listeners, and the commands."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import asyncpg

from devices.registry.snapshot import Snapshot
from ingest.inbox import Inbox
from ingest.jt808.commands import Commands
from ingest.jt808.edge import serve_jt808_tcp, serve_jt808_udp
from ingest.jt808.exchange import Exchange
from ingest.jt808.identities import QUESTIONS_AT_ONCE, DatabaseTokens, Identities
from ingest.jt808.limits import Doors, Limits
from ingest.jt808.lines import Lines
from store.connection import IMPATIENT
from vocabulary.times import Clock

LOGIN_TIMEOUT_S = 10
"""How long the database may take over a token; then the terminal must call again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Jt808Ports:
    """Where to listen.

    Attributes:
        host: Address to bind.
        tcp: TCP port; 0 for any free one, None for none.
        udp: UDP port; 0 for any free one, None for none.
    """

    host: str
    tcp: int | None
    udp: int | None


async def serve_jt808(
    ports: Jt808Ports,
    *,
    dsn: str,
    registry: Callable[[], Snapshot],
    inbox: Inbox,
    clock: Clock,
    doors: Doors | None = None,
) -> None:
    """Serve terminals until cancelled.

    Args:
        ports: Where to listen.
        dsn: The database of tokens and commands; it may come and go.
        registry: Returns the registry as it is now.
        inbox: Where positions and refusals go.
        clock: Tells the time.
        doors: Who may come in over TCP; the usual if not given.
    """
    if ports.tcp is None and ports.udp is None:
        return
    # A pool of its own, so that terminals that log in never keep the intake waiting.
    pool = await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=QUESTIONS_AT_ONCE,
        command_timeout=LOGIN_TIMEOUT_S,
        server_settings=IMPATIENT,
    )
    try:
        identities = Identities(DatabaseTokens(pool, clock=clock), registry)
        lines = Lines()
        commands = Commands(dsn, identities, lines, clock=clock)
        exchange = Exchange(
            identities=identities,
            lines=lines,
            doors=doors or Doors(Limits()),
            inbox=inbox,
            clock=clock,
            answered=commands.answered,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(commands.run(), name="jt808 commands")
            if ports.tcp is not None:
                tcp = serve_jt808_tcp(ports.host, ports.tcp, exchange=exchange)
                tasks.create_task(tcp, name="jt808 tcp")
            if ports.udp is not None:
                udp = serve_jt808_udp(ports.host, ports.udp, exchange=exchange)
                tasks.create_task(udp, name="jt808 udp")
    finally:
        pool.terminate()
