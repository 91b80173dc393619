"""A private MQTT broker: mosquitto where it is installed, else the `iotcore` wheel."""

import asyncio
import importlib.util
import os
import re
import shutil
import signal
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from gezhi.stack import iotcore_files, mosquitto_files
from gezhi.stack.account import Account, can_reach, unprivileged
from gezhi.stack.child import POLL_S, Child, ChildDiedError, Program
from gezhi.stack.home import Home
from gezhi.stack.loopback import LOOPBACK, answers, is_free, kept_port
from gezhi.stack.secrets import replace_secret, secret, write_private

INGEST = "gezhi-ingest"
"""The user our ingest process connects as."""

GATEWAY_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A gateway's code is its user name and a level of its topics, so: no wildcards."""

SEARCHED = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
"""Where mosquitto may be without being on an ordinary user's PATH."""

READY_S = 30.0
"""How long a start or a reload may take; a large saved queue is read first."""

START_ATTEMPTS = 3
"""Starts tried when each time someone else takes the port just chosen."""

SECRET_PREFIX = "mqtt-"  # noqa: S105 the start of a file's name
"""A user of the broker is one for whom there is such a secret."""


class Kind(StrEnum):
    """Which broker it is."""

    MOSQUITTO = "mosquitto"
    """Keeps its queue over a restart, and holds users to their topics."""
    IOTCORE = "iotcore"
    """Keeps everything in memory; its users are not held to topics."""


class NoBrokerError(LookupError):
    """No broker is installed; the message says what to install."""


class Broker:
    """The private broker of one state directory."""

    def __init__(self, home: Home, *, kind: Kind | None = None) -> None:
        """Describe the broker; nothing is made or started yet.

        Args:
            home: Its state directory.
            kind: Which one; by default mosquitto where it is installed.

        Raises:
            NoBrokerError: If it is not installed.
        """
        self._home = home
        self.kind = kind or _installed()
        self._account = self._servant()
        self._port = 0
        self._port_v311 = 0
        self._child: Child | None = None

    @property
    def port(self) -> int:
        """The loopback port of MQTT 5, once started."""
        return self._port

    @property
    def port_v311(self) -> int:
        """The loopback port of MQTT 3.1.1: mosquitto's is the same one."""
        return self._port_v311

    @property
    def child(self) -> Child:
        """The broker's process."""
        if self._child is None:
            raise LookupError("the broker was not started")
        return self._child

    def url(self, user: str = INGEST) -> str:
        """Return the address for a user: ingest, or a gateway that was admitted.

        Raises:
            LookupError: If the broker does not know the user.
        """
        password = self._passwords().get(user)
        if password is None:
            raise LookupError(f"{user} was not admitted to the broker")
        return f"mqtt://{user}:{password}@{LOOPBACK}:{self._port}"

    async def admit(self, *codes: str) -> None:
        """Let gateways in, each with its own password; those already in keep theirs.

        Raises:
            ValueError: If a code is not fit to be a user name.
        """
        for code in codes:
            if code == INGEST or not GATEWAY_CODE.fullmatch(code):
                raise ValueError(f"{code!r} cannot be a gateway of the broker")
        if missing := set(codes) - self._passwords().keys():
            for code in missing:
                secret(self._home.secrets, SECRET_PREFIX + code)
            await self._reload()

    async def expel(self, *codes: str) -> None:
        """Shut gateways out; those connected are cut off."""
        for code in codes:
            (self._home.secrets / f"{SECRET_PREFIX}{code}").unlink(missing_ok=True)
        await self._reload()

    async def replace_password(self, code: str) -> str:
        """Give a user a new password and return it; the old one is refused from now."""
        made = replace_secret(self._home.secrets, SECRET_PREFIX + code)
        await self._reload()
        return made

    async def start(self) -> None:
        """Start the broker.

        Raises:
            PermissionError: If its user may not enter the state directory.
            ChildDiedError: If it refuses; its log is quoted.
        """
        secret(self._home.secrets, SECRET_PREFIX + INGEST)
        if not can_reach(self._account, self._home.broker / "queue.db"):
            raise PermissionError(f"the broker's user may not enter {self._home.root}")
        if self._account is not None:
            os.chown(self._home.broker, *self._account.ids)
        for attempt in range(1, START_ATTEMPTS + 1):
            self._choose_ports()
            self._write_files()
            self._child = Child(self._program())
            self._child.start()
            try:
                await self._child.wait_ready(self._is_ready, within_s=READY_S)
            except ChildDiedError:
                if attempt == START_ATTEMPTS or is_free(self._port):
                    raise
            else:
                return

    async def stop(self) -> None:
        """Stop the broker; mosquitto saves its queue first."""
        await self.child.stop()

    async def kill(self) -> None:
        """End the broker by SIGKILL."""
        await self.child.kill()

    def _servant(self) -> Account | None:
        account = unprivileged("mosquitto")
        if self.kind is Kind.MOSQUITTO:
            return account
        # Python may be installed where only root can read; then it stays root's.
        python = Path(sys.executable).resolve()
        package = Path(_iotcore_origin())
        is_open = can_reach(account, python) and can_reach(account, package)
        return account if is_open else None

    def _passwords(self) -> Mapping[str, str]:
        directory = self._home.secrets
        names = sorted(path.name for path in directory.glob(f"{SECRET_PREFIX}*"))
        return {
            name.removeprefix(SECRET_PREFIX): secret(directory, name) for name in names
        }

    def _choose_ports(self) -> None:
        self._port = self._port_v311 = kept_port(self._home.broker / "port")
        if self.kind is Kind.IOTCORE:
            self._port_v311 = kept_port(self._home.broker / "port-v311")

    def _write_files(self) -> None:
        directory, passwords = self._home.broker, self._passwords()
        if self.kind is Kind.IOTCORE:
            text = iotcore_files.settings(self._port, self._port_v311, passwords)
            self._write("iotcore.toml", text)
            return
        self._write("mosquitto.conf", mosquitto_files.settings(directory, self._port))
        self._write("passwords", mosquitto_files.password_file(passwords))
        self._write("access", mosquitto_files.access_list(INGEST))

    def _write(self, name: str, text: str) -> None:
        owner = self._account.ids if self._account else None
        write_private(self._home.broker / name, text, owner=owner)

    async def _reload(self) -> None:
        """Make the running broker take the users as they are now."""
        if self._child is None or not self._child.is_running:
            return
        if self.kind is Kind.IOTCORE:  # it reads its users at the start only
            await self.stop()
            await self.start()
            return
        self._write_files()
        log = self.child.program.log
        before = log.read_bytes().count(b"Reloading config.")
        self.child.send(signal.SIGHUP)
        async with asyncio.timeout(READY_S):
            # It says so before it accepts the next connection.
            while log.read_bytes().count(b"Reloading config.") <= before:  # noqa: ASYNC110 it tells its log only
                await asyncio.sleep(POLL_S)

    def _is_ready(self) -> bool:
        if self.kind is Kind.MOSQUITTO:
            return " running\n" in self.child.last_words() + "\n"
        return answers(self._port) and answers(self._port_v311)

    def _program(self) -> Program:
        if self.kind is Kind.MOSQUITTO:
            command = [_mosquitto() or "", "-c", f"{self._home.broker}/mosquitto.conf"]
        else:
            settings = f"{self._home.broker}/iotcore.toml"
            command = [sys.executable, "-I", "-m", "iotcore", "--config", settings]
        return Program(
            name=self.kind,
            command=command,
            log=self._home.log / f"{self.kind}.log",
            user=self._account.name if self._account else "",
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            directory=self._home.broker,
        )


def _installed() -> Kind:
    if _mosquitto():
        return Kind.MOSQUITTO
    if _iotcore_origin():
        return Kind.IOTCORE
    raise NoBrokerError(
        "no MQTT broker is installed: run scripts/install-system as root, "
        "or pip install 'gezhi[embedded]'"
    )


def _mosquitto() -> str | None:
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SEARCHED])
    return shutil.which("mosquitto", path=path)


def _iotcore_origin() -> str:
    spec = importlib.util.find_spec("iotcore")
    return (spec.origin or "") if spec else ""
