"""Accounts of a mosquitto that runs in a container beside ours.

    python -m gezhi.stack.shared_broker write DIRECTORY    write its settings and users
    python -m gezhi.stack.shared_broker follow DIRECTORY   keep the users as registered

The directory is a volume both containers see; `follow` also sees the broker's process
and tells it to read its users anew. GEZHI_BROKER_PASSWORD is ingest's own, DATABASE_URL
where the registry is.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from gezhi.stack import mosquitto
from gezhi.stack.accounts import (
    NO_RIGHTS,
    Rights,
    gateways_in,
    keep_gateways,
    keep_rights,
    rights_in,
)
from gezhi.stack.home import Home
from gezhi.stack.postgres import PROCESSES
from gezhi.stack.secrets import write_private
from vocabulary.broker_user import INGEST

QUEUE = Path("/mosquitto/data")
"""Where the image keeps what is saved."""

SETTINGS = "mosquitto.conf"
"""The file it was started with, in the shared directory."""

PORT = 1883
"""Where it listens, within its container: IANA's port of MQTT."""


class SharedBroker:
    """The broker whose files are in a shared directory."""

    def __init__(self, directory: Path, ingest_password: str) -> None:
        """Describe it.

        Args:
            directory: Where its files are, as both containers see it.
            ingest_password: What our ingest process connects with.
        """
        self.home = Home(directory)
        self._ingest_password = ingest_password

    def write_files(self, *, listener: str = str(PORT), queue: Path = QUEUE) -> None:
        """Write its settings, and the users known so far."""
        directory = self.home.root
        self.home.secrets.mkdir(mode=0o700, exist_ok=True)
        settings = mosquitto.settings(listener, directory, queue)
        write_private(directory / SETTINGS, settings)
        self._write_users()

    async def set_gateways(
        self, passwords: Mapping[str, str], rights: Rights = NO_RIGHTS
    ) -> None:
        """Let these gateways in and no others, on our topics and on these."""
        if gateways_in(self.home.secrets) != passwords:
            keep_gateways(self.home.secrets, passwords)
        keep_rights(self.home.secrets, rights)
        self._write_users()
        for process in processes_of(self.home.root / SETTINGS):
            os.kill(process, signal.SIGHUP)

    def _write_users(self) -> None:
        users = gateways_in(self.home.secrets) | {INGEST: self._ingest_password}
        text = mosquitto.password_file(users)
        write_private(self.home.root / "passwords", text)
        access = mosquitto.access_list(INGEST, rights_in(self.home.secrets))
        write_private(self.home.root / "access", access)


def processes_of(settings: Path) -> list[int]:
    """List the processes, of those this container sees, started as `… -c SETTINGS`."""
    ending = b"\0-c\0" + os.fsencode(settings) + b"\0"
    found = []
    for process in PROCESSES.glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:  # it ended meanwhile
            continue
        if command.endswith(ending):
            found.append(int(process.name))
    return found


def main() -> None:
    """Do what the arguments say; see the module's text."""
    from gezhi.gateway_accounts import follow_gateways  # noqa: PLC0415 only one verb's

    verb, directory = sys.argv[1:]
    shared = SharedBroker(Path(directory), os.environ["GEZHI_BROKER_PASSWORD"])
    if verb == "write":
        shared.write_files()
    elif verb == "follow":
        asyncio.run(follow_gateways(os.environ["DATABASE_URL"], shared.home, shared))
    else:
        raise SystemExit(f"write or follow, not {verb}")


if __name__ == "__main__":
    main()
