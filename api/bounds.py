"""How large a request may be; said in the same words as every other error."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Kind, ProblemError, answer_problem

MOST_BODY_OCTETS = 1_048_576
"""Largest request body: a geofence of some ten thousand corners, a few rule files."""

TOO_LARGE = f"the body is larger than {MOST_BODY_OCTETS} octets; no request needs more"
"""What to say to a larger one."""


class Bounded:
    """ASGI middleware that refuses bodies beyond `MOST_BODY_OCTETS`.

    The framework's own limit answers in plain text before any handler of ours.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request that says it is too large, count the others' octets."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _declared(scope) > MOST_BODY_OCTETS:
            problem = ProblemError(
                Kind.TOO_LARGE, TOO_LARGE, headers={"Connection": "close"}
            )
            await answer_problem(Request(scope), problem)(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MOST_BODY_OCTETS:
                raise HTTPException(Kind.TOO_LARGE.status, TOO_LARGE)
            return message

        await self._app(scope, counted, send)


def _declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isdecimal() else 0
