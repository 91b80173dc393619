"""mosquitto: its command, its settings, its users and what each may do."""

import base64
import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gezhi.stack.account import Account, unprivileged
from gezhi.stack.accounts import NO_RIGHTS, Rights
from gezhi.stack.child import Child
from gezhi.stack.loopback import LOOPBACK, Ports

SEARCHED = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
"""Where it may be without being on an ordinary user's PATH."""

HASH_ROUNDS = 101
"""PBKDF2 rounds, mosquitto's own number. It hashes in the loop that carries messages,
and a random password of 192 bits gains nothing from slower hashing."""

SALT_BYTES = 12
"""Octets of salt, as mosquitto_passwd(1) takes."""

MAX_PACKET_BYTES = 4 << 20
"""Largest message taken: some ten thousand readings in one batch."""

MAX_QUEUED_MESSAGES = 1_000_000
"""How many may. Not 0, "no limit": mosquitto 2.0.11 then hangs up on whoever publishes
what the access list denies (`out_packet_count >= max_queued_messages`)."""

MAX_QUEUED_BYTES = 512 << 20
"""What may wait for one client that is away, ingest above all."""


@dataclass(frozen=True, slots=True)
class Mosquitto:
    """The system's broker: it keeps its queue and holds each user to its topics."""

    program: str

    name = "mosquitto"
    has_one_port = True
    reload_sentence = b"Reloading config."
    description = "mosquitto; what waits in it survives a restart"

    def account(self) -> Account | None:
        """Say who runs it."""
        return unprivileged("mosquitto")

    def command(self, directory: Path) -> list[str]:
        """Return the command line."""
        return [self.program, "-c", f"{directory}/mosquitto.conf"]

    def files(
        self,
        directory: Path,
        ports: Ports,
        ingest: str,
        passwords: Mapping[str, str],
        rights: Rights = NO_RIGHTS,
    ) -> dict[str, str]:
        """Return its files' texts by name.

        Args:
            directory: Where they will be.
            ports: Where it listens.
            ingest: The user that may hear every gateway.
            passwords: Of every user, by name.
            rights: Topics that gateways may use beside ours.
        """
        return {
            "mosquitto.conf": settings(f"{ports.v5} {LOOPBACK}", directory, directory),
            "passwords": password_file(passwords),
            "access": access_list(ingest, rights),
        }

    def is_ready(self, child: Child, ports: Ports) -> bool:
        """Tell whether it listens; a trial connection would be logged as a fault."""
        del ports
        # Not its last words: a thousand clients that waited for it made it say more.
        return child.has_said(" running\n")


def find_mosquitto() -> Mosquitto | None:
    """Return the installed mosquitto, if there is one."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SEARCHED])
    program = shutil.which("mosquitto", path=path)
    return Mosquitto(program) if program else None


def access_list(ingest: str, rights: Rights = NO_RIGHTS) -> str:
    """Return the ACL: a gateway speaks as itself only, ingest hears all of them.

    Args:
        ingest: The user that our ingest process connects as.
        rights: Topics that gateways may use beside ours; ingest has the other end.
    """
    mine = sorted({right for granted in rights.values() for right in granted})
    other_end = {"write": "read", "read": "write"}
    lines = [f"topic {other_end[verb]} {topic}" for verb, topic in map(str.split, mine)]
    for code, granted in sorted(rights.items()):
        lines += ["", f"user {code}", *(f"topic {right}" for right in granted)]
    more = "".join(f"{line}\n" for line in lines)
    return f"""\
# Written anew at every start. What is not allowed here is denied.
pattern write gezhi/v1/%u/up
pattern write gezhi/v1/%u/status
pattern write gezhi/v1/%u/answer
pattern write gezhi/v1/%u/native/#
pattern write gezhi/v1/%u/nmea/+
pattern read gezhi/v1/%u/down/#

user {ingest}
topic read gezhi/v1/#
topic read spBv1.0/STATE/+
topic write gezhi/v1/+/down/#
{more}"""


def password_file(passwords: Mapping[str, str]) -> str:
    """Return the password file of these users, salted and hashed."""
    return "".join(
        f"{user}:{password_hash(password, secrets.token_bytes(SALT_BYTES))}\n"
        for user, password in sorted(passwords.items())
    )


def password_hash(password: str, salt: bytes) -> str:
    """Hash a password in mosquitto's form 7: PBKDF2 with HMAC-SHA-512."""
    octets = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS)
    return f"$7${HASH_ROUNDS}${_base64(salt)}${_base64(octets)}"


def settings(listener: str, files: Path, queue: Path) -> str:
    """Return mosquitto.conf.

    The queue of an absent client and the retained messages are saved every second; what
    arrived in the last one is lost when the broker is killed, not when it is stopped.

    Args:
        listener: Port, and address where it is not every one.
        files: Directory of the files `passwords` and `access`.
        queue: Directory of what is saved.
    """
    return f"""\
# Written anew at every start; see mosquitto.conf(5).
listener {listener}
allow_anonymous false
password_file {files}/passwords
acl_file {files}/access

persistence true
persistence_location {queue}/
persistence_file queue.db
autosave_interval 1
persistent_client_expiration 14d

max_queued_messages {MAX_QUEUED_MESSAGES}
max_queued_bytes {MAX_QUEUED_BYTES}
max_inflight_messages 10000
max_packet_size {MAX_PACKET_BYTES}
set_tcp_nodelay true

log_dest stderr
log_type error
log_type warning
log_type notice
log_type information
log_timestamp_format %Y-%m-%dT%H:%M:%S%z
"""


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
