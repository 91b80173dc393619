"""Tokens of vehicle terminals: given at registration, only a hash kept.

A token is 24 random octets, so nobody finds it by trying and a plain SHA-256 is enough;
argon2 would take 15 ms for each of ten thousand terminals that call again at once.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection
from store.text import storable

TOKEN_OCTETS = 24
"""Random octets of a token; 32 letters, which every edition of the wire can carry."""

_KEEP = """
INSERT INTO terminal_token (device_id, digest, made_at, maker, model, serial_id, plate)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (device_id) DO UPDATE SET
    digest = excluded.digest, made_at = excluded.made_at, maker = excluded.maker,
    model = excluded.model, serial_id = excluded.serial_id, plate = excluded.plate
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What a terminal says of itself when it registers.

    Attributes:
        maker: Who made it.
        model: What it is.
        serial_id: Its own id.
        plate: Number plate of the vehicle it says it is in.
    """

    maker: str
    model: str
    serial_id: str
    plate: str


async def create_terminal_token(
    connection: Connection, device_id: int, hardware: Hardware, *, at: datetime
) -> str:
    """Give a terminal a new token and return it; the one it had ends.

    Args:
        connection: The database.
        device_id: The terminal.
        hardware: What it says of itself.
        at: When, aware.
    """
    token = new_token()
    await connection.execute(
        _KEEP,
        device_id,
        digest_of(token),
        at,
        *map(storable, (hardware.maker, hardware.model, hardware.serial_id)),
        storable(hardware.plate),
    )
    return token


async def is_terminal_token(connection: Connection, device_id: int, token: str) -> bool:
    """Return whether a token is the one the terminal was given last."""
    kept: bytes | None = await connection.fetchval(
        "SELECT digest FROM terminal_token WHERE device_id = $1", device_id
    )
    return kept is not None and hmac.compare_digest(kept, digest_of(token))


async def drop_terminal_token(connection: Connection, device_id: int) -> None:
    """End a terminal's token: it must register again."""
    await connection.execute(
        "DELETE FROM terminal_token WHERE device_id = $1", device_id
    )


def new_token() -> str:
    """Make a token that nobody can guess."""
    return secrets.token_urlsafe(TOKEN_OCTETS)


def digest_of(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
