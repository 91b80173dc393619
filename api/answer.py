"""Answers: large lists are encoded by orjson straight from the rows, page by page."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

import orjson
from fastapi import Request
from starlette.responses import Response

Row = TypeVar("Row")

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SERIALIZE_NUMPY
"""Times end in Z; arrays are written as they lie."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list.

    Attributes:
        items: The rows.
        next: Address of the following page; None on the last one.
    """

    items: Sequence[Row]
    next: str | None


def encoded(content: object) -> bytes:
    """Return the JSON of dataclasses, arrays, times and the plain types."""
    return orjson.dumps(content, option=OPTIONS)


def answer(content: object, *, status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(encoded(content), status, media_type="application/json")


def answer_page(
    request: Request, rows: Sequence[Row], *, limit: int, after: str
) -> Response:
    """Return one page of a list, with the address of the next one.

    Args:
        request: What was asked; the next page is asked with the same words.
        rows: One more than `limit` where there is a next page.
        limit: Rows of a page.
        after: The key of the last row of this page, as `?after=` takes it.
    """
    following = next_address(request, after) if len(rows) > limit else None
    response = answer(Page(rows[:limit], following))
    if following:
        response.headers["Link"] = link_to(following)
    return response


def link_to(following: str) -> str:
    """Return the Link header that names the next page."""
    return f'<{following}>; rel="next"'


def answer_whole(request: Request, body: bytes, media_type: str) -> Response:
    """Return a body that seldom changes; 304 if the asker has it already."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def next_address(request: Request, after: str) -> str:
    """Return the address of the page after a row, asked in the same words."""
    return address_with(request, after=after)


def address_with(request: Request, **new: str) -> str:
    """Return the address that was asked with some of its words replaced."""
    words = [pair for pair in request.query_params.multi_items() if pair[0] not in new]
    return f"{request.url.path}?{urlencode([*words, *new.items()])}"
