"""A private MQTT broker: mosquitto where it is installed, else the `iotcore` wheel."""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from gezhi.stack.account import Account, can_reach
from gezhi.stack.accounts import (
    NO_RIGHTS,
    Rights,
    gateways_in,
    keep_gateways,
    keep_rights,
    new_gateway,
    rights_in,
)
from gezhi.stack.child import POLL_S, Child, ChildDiedError, Program
from gezhi.stack.home import Home
from gezhi.stack.iotcore import find_iotcore
from gezhi.stack.loopback import LOOPBACK, Ports, is_free, kept_port
from gezhi.stack.mosquitto import find_mosquitto
from gezhi.stack.secrets import secret, write_private
from vocabulary.broker_user import INGEST

READY_S = 120.0
"""How long a start or a reload may take; a large saved queue is read first."""

START_ATTEMPTS = 3
"""Starts tried when each time someone else takes the port just chosen."""


class NoBrokerError(LookupError):
    """No broker is installed; the message says what to install."""


class Engine(Protocol):
    """One kind of broker: `Mosquitto` or `Iotcore`."""

    name: str
    description: str
    has_one_port: bool
    reload_sentence: bytes
    """What it logs when told by SIGHUP to read its users; empty if it cannot."""

    def account(self) -> Account | None:
        """Say who runs it; None is ourselves."""

    def command(self, directory: Path) -> list[str]:
        """Return the command line."""

    def files(
        self,
        directory: Path,
        ports: Ports,
        ingest: str,
        passwords: Mapping[str, str],
        rights: Rights = NO_RIGHTS,
    ) -> dict[str, str]:
        """Return its files' texts by name; see `Mosquitto.files`."""

    def is_ready(self, child: Child, ports: Ports) -> bool:
        """Tell whether it listens."""


class Broker:
    """The private broker of one state directory."""

    def __init__(self, home: Home, *, engine: Engine | None = None) -> None:
        """Describe the broker; nothing is made or started yet.

        Args:
            home: Its state directory.
            engine: Which kind; by default mosquitto where it is installed.

        Raises:
            NoBrokerError: If none is installed.
        """
        self._home = home
        self._engine = engine or installed()
        self._account = self._engine.account()
        self._ports = Ports(0, 0)
        self._users: Mapping[str, str] = {}
        self._rights: Rights = NO_RIGHTS
        self._child: Child | None = None
        self._is_starting = False

    @property
    def name(self) -> str:
        """Which broker it is."""
        return self._engine.name

    @property
    def description(self) -> str:
        """Which broker it is and what it cannot do, in a line."""
        return self._engine.description

    @property
    def ports(self) -> Ports:
        """Its loopback ports, once started."""
        return self._ports

    @property
    def child(self) -> Child:
        """The broker's process."""
        if self._child is None:
            raise LookupError("the broker was not started")
        return self._child

    @property
    def ingest_url(self) -> str:
        """The address for our ingest process."""
        return self.url(INGEST)

    def url(self, user: str = INGEST) -> str:
        """Return the MQTT 5 address for a user, with its password.

        Raises:
            LookupError: If the broker does not know the user.
        """
        password = self._users.get(user)
        if password is None:
            raise LookupError(f"{user} has no account on the broker")
        return f"mqtt://{user}:{password}@{LOOPBACK}:{self._ports.v5}"

    async def set_gateways(
        self, passwords: Mapping[str, str], rights: Rights = NO_RIGHTS
    ) -> None:
        """Let these gateways in and no others; who is shut out is cut off.

        Args:
            passwords: By gateway code, which is the user name.
            rights: Topics that gateways may use beside ours.

        Raises:
            ValueError: If a code is not fit to be a user name, or a right is none.
        """
        keep_rights(self._home.secrets, rights)
        keep_gateways(self._home.secrets, passwords)
        async with asyncio.timeout(READY_S):
            # Until it has begun to listen to signals, one that it is sent ends it.
            while self._is_starting:  # noqa: ASYNC110 another task, of any loop
                await asyncio.sleep(POLL_S)
        if self._child is not None and self._child.is_running:
            await self._reload()

    async def admit(self, *codes: str) -> None:
        """Let gateways in beside the others, with a new password if they have none."""
        secrets = self._home.secrets
        made = {code: new_gateway(secrets, code) for code in codes}
        await self.set_gateways(gateways_in(secrets) | made, rights_in(secrets))

    async def start(self) -> None:
        """Start the broker, with the gateways it had when it ran last.

        Raises:
            PermissionError: If its user may not enter the state directory.
            ChildDiedError: If it refuses; its log is quoted.
        """
        directory = self._home.broker
        if not can_reach(self._account, directory / "queue.db"):
            raise PermissionError(f"the broker's user may not enter {directory}")
        if self._account is not None:
            os.chown(directory, *self._account.ids)
        self._is_starting = True
        try:
            await self._start()
        finally:
            self._is_starting = False

    async def stop(self) -> None:
        """Stop the broker; mosquitto saves its queue first."""
        await self.child.stop()

    async def kill(self) -> None:
        """End the broker by SIGKILL."""
        await self.child.kill()

    async def _start(self) -> None:
        for attempt in range(1, START_ATTEMPTS + 1):
            self._choose_ports()
            self._write_files()
            self._child = Child(self._program())
            self._child.start()
            try:
                await self._child.wait_ready(self._is_ready, within_s=READY_S)
            except ChildDiedError:
                if attempt == START_ATTEMPTS or is_free(self._ports.v5):
                    raise
            else:
                return

    def _accounts(self) -> dict[str, str]:
        secrets = self._home.secrets
        return {**gateways_in(secrets), INGEST: secret(secrets, "broker-ingest")}

    def _choose_ports(self) -> None:
        v5 = kept_port(self._home.broker / "port")
        one = self._engine.has_one_port
        v311 = v5 if one else kept_port(self._home.broker / "port-v311")
        self._ports = Ports(v5, v311)

    def _write_files(self) -> None:
        directory = self._home.broker
        self._users = self._accounts()
        self._rights = rights_in(self._home.secrets)
        texts = self._engine.files(
            directory, self._ports, INGEST, self._users, self._rights
        )
        owner = self._account.ids if self._account else None
        for name, text in texts.items():
            write_private(directory / name, text, owner=owner)

    async def _reload(self) -> None:
        """Make the running broker take the users as they are now."""
        is_known = rights_in(self._home.secrets) == self._rights
        if is_known and self._accounts() == self._users:
            return
        if not self._engine.reload_sentence:
            await self.stop()
            await self.start()
            return
        before = self.child.program.log.stat().st_size
        self._write_files()
        self.child.send(signal.SIGHUP)
        async with asyncio.timeout(READY_S):
            # It says so before it accepts the next connection.
            while not self._has_reloaded(before):  # noqa: ASYNC110 it tells only its log
                await asyncio.sleep(POLL_S)

    def _has_reloaded(self, since: int) -> bool:
        with self.child.program.log.open("rb") as log:
            # A log that became shorter was set aside meanwhile.
            log.seek(since if log.seek(0, os.SEEK_END) >= since else 0)
            return self._engine.reload_sentence in log.read()

    def _is_ready(self) -> bool:
        return self._engine.is_ready(self.child, self._ports)

    def _program(self) -> Program:
        return Program(
            name=self._engine.name,
            command=self._engine.command(self._home.broker),
            log=self._home.log / f"{self._engine.name}.log",
            user=self._account.name if self._account else "",
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            directory=self._home.broker,
        )


def installed() -> Engine:
    """Return the broker to run: mosquitto, else iotcore.

    Raises:
        NoBrokerError: If neither is installed.
    """
    engine = find_mosquitto() or find_iotcore()
    if engine is None:
        raise NoBrokerError(
            "no MQTT broker is installed: run scripts/install-system as root, "
            "or pip install 'gezhi[embedded]'"
        )
    return engine
