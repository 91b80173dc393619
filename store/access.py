"""API tokens: an opaque text for its holder, an argon2id hash for us.

    gz_<key>_<secret>      key: 12 hex digits, for look-up; secret: 32 random octets

The secret is random and long, so a small argon2id suffices; it is checked once per
process and token (`api/access.py` remembers), never per request.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from argon2 import PasswordHasher

from store.connection import Connection

PREFIX = "gz"
"""Leads every token, so that secret scanners can know one."""

KEY_OCTETS = 6
"""Random octets of the public half."""

SECRET_OCTETS = 32
"""Random octets of the secret half."""

HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
"""argon2id with 19 MiB and two passes, about 15 ms."""

_TOKEN = re.compile(r"gz_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")


class Role(StrEnum):
    """What a token may do; each role may do what the ones above it here may."""

    VIEWER = "viewer"
    DEPARTMENT = "department"  # 专业部门
    DISPATCHER = "dispatcher"  # 指挥中心
    SUPERVISOR = "supervisor"  # 监督中心
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """Order of the roles, 0 for the least."""
        return list(Role).index(self)


@dataclass(frozen=True, slots=True)
class TokenText:
    """The two halves of a token as its holder sends it."""

    key: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A token that was not revoked, with what checks it.

    Attributes:
        key: The public half.
        name: Whose it is.
        hash: argon2id of the secret half.
        role: What it may do.
        unit_id: The only unit it sees cases of; None for all.
        unit_code: Code of that unit; None for all.
        unit_zh: Its name, 中文; None for all.
        unit_en: Its name; None for all.
    """

    key: str
    name: str
    hash: str
    role: str
    unit_id: int | None
    unit_code: str | None
    unit_zh: str | None
    unit_en: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """One token as a list of tokens shows it.

    Attributes:
        key: The public half.
        name: Whose it is.
        role: What it may do.
        unit_code: The only unit it sees cases of; None for all.
        created_at: When it was made.
        revoked_at: When it was revoked; None while it holds.
    """

    key: str
    name: str
    role: str
    unit_code: str | None
    created_at: datetime
    revoked_at: datetime | None


def token_text(text: str) -> TokenText | None:
    """Return the halves of a token; None if the text is not of its form."""
    found = _TOKEN.fullmatch(text)
    return TokenText(found[1], found[2]) if found else None


async def create_token(
    connection: Connection, *, name: str, role: str, unit_id: int | None, at: datetime
) -> str:
    """Make a token and return it; the text is not kept and cannot be shown again.

    Raises:
        ValueError: If the role is unknown, or a department's token names no unit.
    """
    if role not in list(Role):
        raise ValueError(f"no role {role!r}; the roles are {', '.join(Role)}")
    if role == Role.DEPARTMENT and unit_id is None:
        raise ValueError("a department's token needs the unit it acts for")
    key = secrets.token_hex(KEY_OCTETS)
    secret = secrets.token_urlsafe(SECRET_OCTETS)
    await connection.execute(
        "INSERT INTO api_token (name, key, hash, role, unit_id, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        name,
        key,
        HASHER.hash(secret),
        role,
        unit_id,
        at,
    )
    return f"{PREFIX}_{key}_{secret}"


async def revoke_token(connection: Connection, key: str, *, at: datetime) -> bool:
    """End a token; return whether there was a live one with this key."""
    done = await connection.execute(
        "UPDATE api_token SET revoked_at = $2 WHERE key = $1 AND revoked_at IS NULL",
        key,
        at,
    )
    return bool(done == "UPDATE 1")


async def tokens(connection: Connection) -> list[TokenRow]:
    """Return every token ever made, oldest first, without what checks it."""
    rows = await connection.fetch(
        "SELECT t.key, t.name, t.role, u.code AS unit_code, t.created_at, t.revoked_at"
        " FROM api_token t LEFT JOIN unit u ON u.id = t.unit_id ORDER BY t.id"
    )
    return [TokenRow(**row) for row in rows]


async def live_token(connection: Connection, key: str) -> StoredToken | None:
    """Return the token with this key; None if there is none or it was revoked."""
    row = await connection.fetchrow(
        "SELECT t.key, t.name, t.hash, t.role, t.unit_id, u.code AS unit_code,"
        " u.name_zh AS unit_zh, u.name_en AS unit_en"
        " FROM api_token t LEFT JOIN unit u ON u.id = t.unit_id"
        " WHERE t.key = $1 AND t.revoked_at IS NULL",
        key,
    )
    return StoredToken(**row) if row else None


async def unit_id_of(connection: Connection, code: str) -> int | None:
    """Return the id of the unit with this code."""
    found: int | None = await connection.fetchval(
        "SELECT id FROM unit WHERE code = $1", code
    )
    return found
