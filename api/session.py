"""The page's log-in: a token in, a cookie out."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from api.access import COOKIE, Caller, Viewer, caller_with, refuse_other_sites
from api.answer import answer
from api.parts import Held
from store.access import Role

router = APIRouter(prefix="/session", tags=["session"])

KEPT_S = 30 * 24 * 3600
"""How long a browser stays logged in; a wall display must not fall out at night."""

TOKEN_CHARACTERS = 200
"""More than any token has."""


class LogIn(BaseModel, extra="forbid"):
    """What to log in with."""

    token: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=TOKEN_CHARACTERS)
    ] = Field(description="As `gezhi token create` printed it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who is logged in.

    Attributes:
        name: Whose token it is.
        role: What it may do.
        unit_code: The only unit it sees cases of; None for all.
        unit_zh: That unit's name, 中文.
        unit_en: That unit's name.
        time_zone: The city's own, IANA name; the page shows times in it.
    """

    name: str
    role: Role
    unit_code: str | None
    unit_zh: str | None
    unit_en: str | None
    time_zone: str


@router.post("", response_model=Session, status_code=201)
async def log_in(request: Request, parts: Held, body: LogIn) -> Response:
    """Trade a token for a cookie that scripts cannot read."""
    refuse_other_sites(request)
    caller = await caller_with(parts.pool, parts.verifier, body.token)
    response = answer(_session(caller, parts.time_zone), status=201)
    response.set_cookie(
        COOKIE,
        body.token,
        max_age=KEPT_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.get("", response_model=Session)
async def who_am_i(parts: Held, caller: Viewer) -> Response:
    """Show who is logged in."""
    return answer(_session(caller, parts.time_zone))


@router.delete("", status_code=204)
async def log_out(request: Request) -> Response:
    """Forget the cookie; the token itself holds until it is revoked."""
    refuse_other_sites(request)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def _session(caller: Caller, time_zone: str) -> Session:
    return Session(
        name=caller.name,
        role=caller.role,
        unit_code=caller.unit_code,
        unit_zh=caller.unit_zh,
        unit_en=caller.unit_en,
        time_zone=time_zone,
    )
