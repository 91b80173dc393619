"""Broker accounts of the registered MQTT gateways: a random password each."""

import asyncio
import json
from pathlib import Path

import asyncpg

from gezhi.stack.broker import Broker
from gezhi.stack.home import Home
from gezhi.stack.secrets import secret, write_private

CHANNEL = "registry"
"""NOTIFY channel that tells of a changed registry."""

RETRY_S = 2.0
"""Pause before a lost database is called again."""


def passwords_file(home: Home) -> Path:
    """Return where the gateways' passwords are, by code, for whoever sets them up."""
    return home.secrets / "gateways.json"


async def follow_gateways(dsn: str, home: Home, broker: Broker) -> None:
    """Give each MQTT gateway of the registry an account, now and after each change."""
    while True:
        try:
            await _follow(dsn, home, broker)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(RETRY_S)


async def give_accounts(
    connection: asyncpg.Connection, home: Home, broker: Broker
) -> None:
    """Bring the broker's accounts up to the registry, making missing passwords."""
    rows = await connection.fetch(
        "SELECT code FROM gateway WHERE transport = 'mqtt' ORDER BY code"
    )
    passwords = {
        row["code"]: secret(home.secrets, f"gateway-{row['code']}") for row in rows
    }
    write_private(passwords_file(home), json.dumps(passwords, indent=1) + "\n")
    broker.set_gateways(passwords)


async def _follow(dsn: str, home: Home, broker: Broker) -> None:
    changed = asyncio.Event()
    changed.set()
    connection = await asyncpg.connect(dsn)
    try:
        connection.add_termination_listener(lambda _: changed.set())
        await connection.add_listener(CHANNEL, lambda *_: changed.set())
        while True:
            await changed.wait()
            changed.clear()
            await give_accounts(connection, home, broker)
    finally:
        connection.terminate()
