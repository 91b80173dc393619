"""Broker accounts of the registered MQTT gateways: a random password each."""

import asyncio
import json
import logging
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from gezhi.settings import SettingError, Settings
from gezhi.stack.accounts import TakesGateways, new_gateway
from gezhi.stack.child import ChildDiedError
from gezhi.stack.home import Home
from gezhi.stack.secrets import write_private
from ingest.mqtt.topics import reads, writes
from tasks.attempt import attempt
from vocabulary.broker_user import RIGHT, is_user_name
from vocabulary.device import Format, Gateway, Transport

log = logging.getLogger(__name__)

CHANNEL = "registry"
"""NOTIFY channel that tells of a changed registry."""

WHY = f"code cannot be a user name: that is {RIGHT}, and not ingest's own"
"""What to say of a gateway without an account."""

RETRY_S = 2.0
"""Pause before a lost database is called again."""


def passwords_file(home: Home) -> Path:
    """Return where the gateways' passwords are, by code, for whoever sets them up."""
    return home.secrets / "gateways.json"


def gateway_url(settings: Settings, gateway: str) -> str:
    """Return the broker's address with a gateway's own account.

    Raises:
        SettingError: If there is no broker, or no password of that gateway.
    """
    parts = urlsplit(settings.needs_broker())
    password = _passwords(settings).get(gateway)
    if password is None:
        raise SettingError(
            "GEZHI_MQTT_PASSWORDS",
            f"names no file that has the broker password of gateway {gateway!r}",
        )
    account = f"{quote(gateway)}:{quote(password)}"
    place = f"{account}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=place))


def _passwords(settings: Settings) -> dict[str, str]:
    if not settings.mqtt_passwords:
        return {}
    text = Path(settings.mqtt_passwords).read_text("utf-8")
    return {str(name): str(word) for name, word in json.loads(text).items()}


async def follow_gateways(dsn: str, home: Home, broker: TakesGateways) -> None:
    """Give each MQTT gateway of the registry an account, now and after each change."""
    while True:
        try:
            await attempt(_follow(dsn, home, broker))
        except (
            OSError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            ChildDiedError,  # a broker that was just started again
        ):
            await asyncio.sleep(RETRY_S)


async def give_accounts(
    connection: asyncpg.Connection, home: Home, broker: TakesGateways
) -> None:
    """Bring the broker's accounts up to the registry, making missing passwords.

    A gateway whose code cannot be a user name of its own has none, and the log says so;
    the import takes no such code, but an older one may have.
    """
    rows = await connection.fetch(
        "SELECT id, code, transport, host, port, simulated, format, native_topics"
        " FROM gateway WHERE transport = 'mqtt' ORDER BY code"
    )
    for row in rows:
        if not is_user_name(row["code"]):
            log.warning("gateway %r gets no broker account: its %s", row["code"], WHY)
    gateways = [
        Gateway(
            **{
                **row,
                "transport": Transport(row["transport"]),
                "format": Format(row["format"]),
            }
        )
        for row in rows
        if is_user_name(row["code"])
    ]
    passwords = {each.code: new_gateway(home.secrets, each.code) for each in gateways}
    write_private(passwords_file(home), json.dumps(passwords, indent=1) + "\n")
    await broker.set_gateways(
        passwords, {each.code: _rights(each) for each in gateways}
    )


def _rights(gateway: Gateway) -> list[str]:
    """Return the topics of its own format that a gateway may use."""
    may_write = [f"write {topic}" for topic in writes(gateway)]
    return may_write + [f"read {topic}" for topic in reads(gateway)]


async def _follow(dsn: str, home: Home, broker: TakesGateways) -> None:
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
