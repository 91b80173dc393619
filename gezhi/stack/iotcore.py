"""The `iotcore` wheel's broker (rumqttd): its command and its settings."""

import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gezhi.stack.account import Account, can_reach, unprivileged
from gezhi.stack.accounts import NO_RIGHTS, Rights
from gezhi.stack.child import Child
from gezhi.stack.loopback import LOOPBACK, Ports, answers
from gezhi.stack.mosquitto import MAX_PACKET_BYTES


@dataclass(frozen=True, slots=True)
class Iotcore:
    """The broker that pip brings: in memory only, and users are not held to topics."""

    package: Path

    name = "iotcore"
    has_one_port = False
    reload_sentence = b""  # it reads its users at the start only
    description = "iotcore; what waits in it is lost when it ends"

    def account(self) -> Account | None:
        """Say who runs it: ourselves where only we can read Python."""
        account = unprivileged()
        python = Path(sys.executable).resolve()
        is_open = can_reach(account, python) and can_reach(account, self.package)
        return account if is_open else None

    def command(self, directory: Path) -> list[str]:
        """Return the command line."""
        settings_file = f"{directory}/iotcore.toml"
        return [sys.executable, "-I", "-m", "iotcore", "--config", settings_file]

    def files(
        self,
        directory: Path,
        ports: Ports,
        ingest: str,
        passwords: Mapping[str, str],
        rights: Rights = NO_RIGHTS,
    ) -> dict[str, str]:
        """Return its files' texts by name; see `Mosquitto.files`."""
        del directory, ingest, rights  # its users are not held to topics
        return {"iotcore.toml": settings(ports, passwords)}

    def is_ready(self, child: Child, ports: Ports) -> bool:
        """Tell whether it listens."""
        del child
        return answers(ports.v5) and answers(ports.v311)


def find_iotcore() -> Iotcore | None:
    """Return the installed iotcore, if there is one."""
    spec = importlib.util.find_spec("iotcore")
    return Iotcore(Path(spec.origin)) if spec and spec.origin else None


def settings(ports: Ports, passwords: Mapping[str, str]) -> str:
    """Return rumqttd's TOML: the loopback only, a password for every user.

    It has no access lists: any user may publish on any topic. Each version of MQTT has
    a port of its own.
    """
    return f"""\
# Written anew at every start.
id = 0

[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
{_listener("v4", ports.v311, passwords)}{_listener("v5", ports.v5, passwords)}"""


def _listener(version: str, port: int, passwords: Mapping[str, str]) -> str:
    users = "".join(f'"{user}" = "{word}"\n' for user, word in passwords.items())
    return f"""
[{version}.1]
name = "{version}"
listen = "{LOOPBACK}:{port}"
next_connection_delay_ms = 1

[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = {MAX_PACKET_BYTES}
max_inflight_count = 500
dynamic_filters = true

[{version}.1.connections.auth]
{users}"""
