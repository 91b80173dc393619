"""The live stream: cases, positions, readings and edges as they enter the journal."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse
from starlette.responses import Response

from api.access import Viewer
from api.blocks import Block, Name, number_only
from api.live import Live, NotStartedError
from api.parts import ACQUIRE_S, Held, Parts
from api.problems import Kind, ProblemError
from store.access import live_token
from store.connection import AWAY

router = APIRouter(tags=["live"])

MOST_STREAMS = 1_000
"""Streams of one process; more are refused with a word."""

STALLED_S = 30.0
"""A listener that takes nothing for this long is hung up on."""

ASK_AGAIN_S = 15.0
"""How often a stream's token is looked up again, so that revoking ends it."""

PING_S = 15
"""How often a comment is sent, for proxies that close quiet connections."""

RETRY_MS = 2_000
"""When a browser whose stream broke is to call again."""

_NAME = "(case|position|reading|edge)"


class StreamQuery(BaseModel, extra="forbid"):
    """What a listener asks for."""

    last_event_id: int | None = Field(
        None,
        alias="lastEventId",
        ge=0,
        lt=2**63,
        description="Go on after this number; the header Last-Event-ID outweighs it.",
    )
    names: str | None = Field(
        None,
        pattern=f"^{_NAME}(,{_NAME})*$",
        description="Only these, with commas between; everything when left out.",
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one listener is sent.

    Attributes:
        names: Kinds of blocks; a gap is always told.
        scope: The only unit whose cases it sees; None for all.
    """

    names: frozenset[str]
    scope: int | None

    def passes(self, block: Block) -> bool:
        """Tell whether the listener gets this block."""
        if block.name is Name.GAP:
            return True
        if block.name is None or block.name not in self.names:
            return False
        return (
            block.name not in {Name.CASE, Name.COMMAND}
            or self.scope is None
            or block.unit_id == self.scope
        )

    def octets(self, blocks: Sequence[Block]) -> bytes:
        """Return what to send of `blocks`; it ends on the last one's number."""
        sent = [block for block in blocks if self.passes(block)]
        last = blocks[-1].seq
        end = b"" if sent and sent[-1].seq == last else number_only(last)
        return b"".join((*(block.octets for block in sent), end))


@router.get(
    "/stream",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def stream(
    parts: Held,
    caller: Viewer,
    query: Annotated[StreamQuery, Query()],
    last_event_id: Annotated[int | None, Header(ge=0, lt=2**63)] = None,
) -> Response:
    """Follow the journal; go on after `Last-Event-ID` with nothing lost or doubled.

    Ids are the journal's numbers. A `gap` says that some are not kept any more. A
    token bound to a unit is sent that unit's cases only.
    """
    _refuse_if_full(parts.live)
    known = query.last_event_id if last_event_id is None else last_event_id
    start, gap = await parts.live.placed(known)
    names = query.names.split(",") if query.names else list(Name)
    octets = _octets(
        parts,
        Wanted(frozenset(names), caller.unit_id),
        key=caller.key,
        start=start,
        gap=gap,
    )
    return EventSourceResponse(octets, ping=PING_S, send_timeout=STALLED_S, sep="\n")


async def _octets(
    parts: Parts, wanted: Wanted, *, key: str, start: int, gap: Block | None
) -> AsyncIterator[bytes]:
    loop = asyncio.get_running_loop()
    with parts.live.listening():
        yield b"retry: %d\n%s" % (RETRY_MS, gap.octets if gap else number_only(start))
        seq, ask_at = start, loop.time() + ASK_AGAIN_S
        while True:
            blocks = await _blocks(parts.live, seq, until=ask_at)
            if blocks is None:
                return
            if blocks:
                seq = blocks[-1].seq
                yield wanted.octets(blocks)
            if loop.time() >= ask_at:
                ask_at = loop.time() + ASK_AGAIN_S
                if not await _is_live(parts, key):
                    return


async def _blocks(live: Live, seq: int, *, until: float) -> list[Block] | None:
    """Return what is new, nothing if it is time, None if the journal is away."""
    try:
        async with asyncio.timeout_at(until):
            return await live.after(seq)
    except TimeoutError:
        return []
    except AWAY:
        return None


async def _is_live(parts: Parts, key: str) -> bool:
    try:
        async with parts.pool.acquire(timeout=ACQUIRE_S) as connection:
            return await live_token(connection, key) is not None
    except AWAY:
        return True


def _refuse_if_full(live: Live) -> None:
    if live.listeners >= MOST_STREAMS:
        raise ProblemError(
            Kind.TOO_MANY_STREAMS,
            f"this process serves {MOST_STREAMS} streams at most; ask again later",
            headers={"Retry-After": "10"},
        )
    try:
        _ = live.ring
    except NotStartedError:
        raise ProblemError(
            Kind.NO_DATABASE,
            "the journal was not reached yet; ask again in a few seconds",
            headers={"Retry-After": "2"},
        ) from None
