"""A listener of the live stream as a browser is one: fields, ids, resuming."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2


@dataclass(frozen=True, slots=True)
class Told:
    """One block of the stream.

    Attributes:
        seq: Its id.
        name: What it is about; empty where only the number moved on.
        data: Its JSON, as text.
    """

    seq: int
    name: str
    data: str


@asynccontextmanager
async def listening(
    client: httpx2.AsyncClient, *, after: int | None = None, query: str = ""
) -> AsyncIterator[AsyncIterator[Told]]:
    """Open the stream, resuming after a number as a browser does."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    path = f"/api/v1/stream{query}"
    async with client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _blocks(response)


async def _blocks(response: httpx2.Response) -> AsyncIterator[Told]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if not line and "id" in fields:
            yield Told(
                int(fields["id"]), fields.get("event", ""), fields.get("data", "")
            )
        if not line:
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
