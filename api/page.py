"""The page: static files of known kinds, and the headers that keep it to itself."""

import os
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_PATH = "/page"
"""Where the page's files are; its only document is at /."""

SHOWN_SUFFIXES = frozenset({".html", ".css", ".js", ".png", ".svg", ".txt"})
"""What of the folder is the page; everything else is not there."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
"""Sent with every answer: nothing is loaded from elsewhere, nobody frames us."""


class PageFiles(StaticFiles):
    """Files of the page; the folder's other files are answered with 404."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Find a file, if it is of a kind that the page has."""
        if Path(path).suffix not in SHOWN_SUFFIXES:
            return "", None
        return super().lookup_path(path)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file that is asked for again each time, by its tag."""
        if scope["method"] not in {"GET", "HEAD"}:
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


class Guarded:
    """ASGI middleware that sends `HEADERS` with every answer.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to its answer."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)


def install_page(app: FastAPI, web_root: Path) -> None:
    """Serve the page in `web_root` at /, its files below `PAGE_PATH`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def index() -> Response:
        return FileResponse(
            web_root / "index.html", headers={"Cache-Control": "no-cache"}
        )

    app.include_router(router)
    app.mount(PAGE_PATH, PageFiles(directory=web_root), name="page")
