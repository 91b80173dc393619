"""Which error becomes which problem document, for the whole application."""

import logging
from collections.abc import Iterable

from asyncpg import CharacterNotInRepertoireError, UntranslatableCharacterError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Mount

from api.faults import faults_from, summary
from api.problems import Fault, Kind, ProblemError, answer_problem, answer_status
from store.connection import AWAY

log = logging.getLogger(__name__)

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""Methods a resource may have; asked one by one for the Allow header."""

WORDS: dict[int, str] = {
    404: "nothing is at this address; the addresses are in /api/v1/openapi.json",
}
"""What the framework's bare statuses mean here."""

UNSTORABLE = (CharacterNotInRepertoireError, UntranslatableCharacterError)
"""What PostgreSQL says of a text with U+0000, the one character it cannot hold."""

RETRY_S = 2
"""When to ask again while the database is away."""


def install_failures(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)
    for away in AWAY:
        app.add_exception_handler(away, _on_away)
    for unstorable in UNSTORABLE:
        app.add_exception_handler(unstorable, _on_unstorable)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # noqa: S101 - registered for it alone
    return answer_problem(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    faults = faults_from(error.errors())
    problem = ProblemError(Kind.INVALID, summary(faults), errors=faults)
    return answer_problem(request, problem)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    headers = dict(error.headers or {})
    detail = WORDS.get(error.status_code, str(error.detail))
    if error.status_code == Kind.METHOD.status:
        # The framework names the methods of the first route only (a known trap: two
        # methods of one path are two routes).
        headers["Allow"] = ", ".join(_methods_of(request)) or headers["Allow"]
        detail = f"{request.method} is not for this; {headers['Allow']} would be"
    return answer_status(request, error.status_code, detail, headers)


async def _on_away(request: Request, error: Exception) -> Response:
    log.warning("%s %s: %s", request.method, request.url.path, error)
    problem = ProblemError(
        Kind.NO_DATABASE,
        "the database cannot be reached at the moment; ask again in a few seconds",
        headers={"Retry-After": str(RETRY_S)},
    )
    return answer_problem(request, problem)


async def _on_unstorable(request: Request, _: Exception) -> Response:
    fault = Fault("request", "holds the character U+0000", "text without it")
    problem = ProblemError(Kind.INVALID, fault.wrong, errors=[fault])
    return answer_problem(request, problem)


async def _on_bug(request: Request, _: Exception) -> Response:
    # Starlette raises it again after this answer, so the server logs the traceback.
    problem = ProblemError(
        Kind.OUR_FAULT,
        "this is a fault of the platform, not of the request; its log says more",
    )
    return answer_problem(request, problem)


def _methods_of(request: Request) -> Iterable[str]:
    return [method for method in METHODS if _has(request, method)]


def _has(request: Request, method: str) -> bool:
    scope = {
        "type": "http",
        "path": request.scope["path"],
        "root_path": request.scope.get("app_root_path", request.scope["root_path"]),
        "method": method,
        "headers": [],
        "app": request.app,
    }
    # A mounted application takes every method, and says itself which it means.
    return any(
        route.matches(scope)[0] is Match.FULL
        for route in request.app.router.routes
        if not isinstance(route, Mount)
    )
