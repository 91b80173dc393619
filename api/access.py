"""Who is asking, and whether they may: tokens, roles, a unit's scope.

A token comes as `Authorization: Bearer gz_…` (programs) or in the page's cookie. Roles
rise: viewer < department < dispatcher < supervisor < admin. A token bound to a unit
sees and acts on that unit's cases only, whatever its role.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import asyncpg
from fastapi import Depends, Request

from api.parts import ACQUIRE_S, Held
from api.problems import Kind, ProblemError
from api.verifier import Verifier
from store.access import Role, StoredToken, live_token, token_text

COOKIE = "gezhi_session"
"""Holds the page's token; out of reach of scripts, sent to this site only."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

OWN_SITE = frozenset({"same-origin", "none"})
"""Values of Sec-Fetch-Site that are not another site's doing."""

HOW_TO_ASK = (
    "send a token as 'Authorization: Bearer gz_…', or log in on the page; "
    "'gezhi token create' makes one"
)
"""What to tell who is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is asking.

    Attributes:
        key: Public half of the token.
        name: Whose token it is.
        role: What it may do.
        unit_id: The only unit it sees cases of; None for all.
        unit_code: That unit's code.
        unit_zh: That unit's name, 中文.
        unit_en: That unit's name.
    """

    key: str
    name: str
    role: Role
    unit_id: int | None
    unit_code: str | None
    unit_zh: str | None
    unit_en: str | None


async def caller_with(pool: asyncpg.Pool, verifier: Verifier, text: str) -> Caller:
    """Return whose token this is.

    Raises:
        ProblemError: If it is not of a token's form, unknown, wrong or revoked.
    """
    sent = token_text(text)
    if sent is None:
        raise _unknown("that is not of a token's form (gz_ key _ secret)")
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        stored = await live_token(connection, sent.key)
    if stored is None or not await verifier.is_right(sent, stored):
        raise _unknown("this token is not known, or it was revoked")
    return _caller(stored)


async def _caller_of(request: Request, parts: Held) -> Caller:
    return await caller_with(parts.pool, parts.verifier, _sent(request))


def _sent(request: Request) -> str:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip()
    cookie = request.cookies.get(COOKIE)
    if cookie is None:
        raise _unknown("no token came with the request")
    refuse_other_sites(request)
    return cookie


def refuse_other_sites(request: Request) -> None:
    """Refuse a change that another site's page asks for with this browser's cookie.

    The cookie is SameSite=Strict already; this is for browsers that do not mind it.

    Raises:
        ProblemError: If the browser says that the request is another site's.
    """
    site = request.headers.get("sec-fetch-site", "none")
    if request.method not in SAFE_METHODS and site not in OWN_SITE:
        raise ProblemError(
            Kind.NOT_ALLOWED,
            f"the browser says that this came from another site ({site})",
        )


def refuse_units(caller: Caller, why: str = "this is the whole city's") -> None:
    """Refuse a token of one unit.

    Raises:
        ProblemError: If it is one.
    """
    if caller.unit_id is not None:
        raise ProblemError(
            Kind.NOT_ALLOWED, f"{why}, and this token is unit {caller.unit_code}'s"
        )


def _unknown(why: str) -> ProblemError:
    return ProblemError(
        Kind.UNKNOWN_TOKEN,
        f"{why}; {HOW_TO_ASK}",
        headers={"WWW-Authenticate": 'Bearer realm="gezhi"'},
    )


def _caller(stored: StoredToken) -> Caller:
    return Caller(
        key=stored.key,
        name=stored.name,
        role=Role(stored.role),
        unit_id=stored.unit_id,
        unit_code=stored.unit_code,
        unit_zh=stored.unit_zh,
        unit_en=stored.unit_en,
    )


def at_least(role: Role) -> Callable[[Caller], Awaitable[Caller]]:
    """Return the dependency that lets `role` and the ones above it pass."""

    async def passed(caller: Annotated[Caller, Depends(_caller_of)]) -> Caller:
        if caller.role.rank < role.rank:
            raise ProblemError(
                Kind.NOT_ALLOWED,
                f"the role {caller.role} may not do this; {role} or above may",
            )
        return caller

    return passed


Viewer = Annotated[Caller, Depends(at_least(Role.VIEWER))]
"""Anybody who is known."""

Department = Annotated[Caller, Depends(at_least(Role.DEPARTMENT))]
"""Who may act on cases."""

Dispatcher = Annotated[Caller, Depends(at_least(Role.DISPATCHER))]
"""Who may see what could not be taken in."""

Supervisor = Annotated[Caller, Depends(at_least(Role.SUPERVISOR))]
"""Who may write rules and try them."""

Admin = Annotated[Caller, Depends(at_least(Role.ADMIN))]
"""Who may throw away what could not be taken in, or have it tried again."""
