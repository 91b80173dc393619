"""A database connection: its type, and what it says when the database is away."""

from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
"""What every query in this folder runs on: one's own, or one lent by a pool."""

AWAY = (
    OSError,  # refused, reset, no such socket; TimeoutError is one of these
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,  # the connection was lost in the middle
    asyncpg.InternalClientError,  # what asyncpg says if it was just hung up on
    asyncpg.OperatorInterventionError,  # starting, stopping, an administrator
    asyncpg.InsufficientResourcesError,  # too many connections, disk full
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,  # we stood still ourselves
    asyncpg.ReadOnlySQLTransactionError,  # a fail-over is under way
)
"""What is cured by trying again later: the database is away, stopping or full."""

STILL_S = 5
"""Who stands still for so long amid a transaction (or whose machine is gone) is hung
up on: else it would hold the journal's head, and everybody else with it."""

IMPATIENT = {"idle_in_transaction_session_timeout": f"{STILL_S}s"}
"""Server settings of connections that write to the journal."""


async def make_impatient(connection: Connection) -> None:
    """Let the server hang up on the rest of this transaction if it stands still."""
    await connection.execute(
        f"SET LOCAL idle_in_transaction_session_timeout = '{STILL_S}s'"
    )
