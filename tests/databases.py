"""Databases of the tests' own, made and dropped on one cluster."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from gezhi.stack.postgres import OWNER, Cluster

PATIENCE_S = 300


@asynccontextmanager
async def fresh_database(
    cluster: Cluster, name: str, template: str
) -> AsyncIterator[str]:
    """Make a copy of a database, yield its address, and drop it."""
    admin = await asyncpg.connect(cluster.admin_dsn())
    try:
        # In memory, copying files is faster than writing the copy to the log.
        await _insist(
            admin,
            f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER} "
            "STRATEGY file_copy",
        )
        yield cluster.dsn(name)
        await _insist(admin, f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


async def _insist(admin: asyncpg.Connection, statement: str) -> None:
    """Do it once nobody is connected: the server itself waits five seconds for that.

    What served a process that was killed, or looks after the server, may take longer
    to go where the machine is busy.
    """
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await admin.execute(statement)
            except asyncpg.ObjectInUseError:
                await asyncio.sleep(0.1)  # a poll: the server has no word for it
            else:
                return
