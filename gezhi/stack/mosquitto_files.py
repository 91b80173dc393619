"""What mosquitto reads: its settings, its users and what each may do, as text."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path

from gezhi.stack.loopback import LOOPBACK

HASH_ROUNDS = 101
"""PBKDF2 rounds, mosquitto's own number. It hashes in the loop that carries messages,
and a random password of 192 bits gains nothing from slower hashing."""

SALT_BYTES = 12
"""Octets of salt, as mosquitto_passwd(1) takes."""

MAX_PACKET_BYTES = 4 << 20
"""Largest message taken: some ten thousand readings in one batch."""

MAX_QUEUED_BYTES = 512 << 20
"""What may wait for one client that is away, ingest above all."""


def access_list(ingest: str) -> str:
    """Return the ACL: a gateway speaks as itself only, ingest hears all of them.

    Args:
        ingest: The user that our ingest process connects as.
    """
    return f"""\
# Written anew at every start. What is not allowed here is denied.
pattern write gezhi/v1/%u/up
pattern write gezhi/v1/%u/status
pattern read gezhi/v1/%u/down/#

user {ingest}
topic read gezhi/v1/#
topic write gezhi/v1/+/down/#
"""


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


def settings(directory: Path, port: int) -> str:
    """Return mosquitto.conf for a broker whose files are all in `directory`.

    The queue of an absent client and the retained messages are saved every second; what
    arrived in the last one is lost when the broker is killed, not when it is stopped.
    """
    return f"""\
# Written anew at every start; see mosquitto.conf(5).
listener {port} {LOOPBACK}
allow_anonymous false
password_file {directory}/passwords
acl_file {directory}/access

persistence true
persistence_location {directory}/
persistence_file queue.db
autosave_interval 1
persistent_client_expiration 14d

max_queued_messages 0
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
