"""From the queue to the broker: what is new at once, what waited behind it, in measure.

When a line is up again after hours, the newest must not stand behind a day of old
messages, and these must not come as a flood. So there are two streams, each in order:

    live     made since shortly before the line came up; as fast as it can be
    backlog  made earlier; so many a second
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ingest.forwarding.keeping import Keeper
from ingest.forwarding.queue_file import Waiting
from vocabulary.times import Clock

LIVE_AT_ONCE = 14
"""Live messages on their way together. With the backlog's, no more than brokers take
(mosquitto's `max_inflight_messages` is 20 unless set)."""

BACKLOG_AT_ONCE = 4
"""Messages of the backlog on their way together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast.

    Attributes:
        live_s: What was made so shortly before the line came up is live.
        backlog_per_s: Messages of the backlog in each second, at most.
    """

    live_s: float = 60.0
    backlog_per_s: float = 50.0


Send = Callable[[bytes], Awaitable[None]]
"""Publishes one message; returns once the broker has taken it."""


async def pump(keeper: Keeper, send: Send, *, pace: Pace, clock: Clock) -> None:
    """Send what waits and what comes over one connection, until that is lost.

    Args:
        keeper: The queue.
        send: The connection.
        pace: How fast.
        clock: Tells what is live.
    """
    since = clock() - timedelta(seconds=pace.live_s)
    live_from = await keeper.first_made_since(since)
    async with asyncio.TaskGroup() as streams:
        streams.create_task(_send_live(keeper, send, live_from), name="live")
        streams.create_task(
            _send_backlog(keeper, send, live_from, pace.backlog_per_s), name="backlog"
        )


async def _send_live(keeper: Keeper, send: Send, live_from: int) -> None:
    after = live_from - 1
    while True:
        rows = await keeper.read_next(after=after, limit=LIVE_AT_ONCE)
        await _send_together(keeper, send, rows)
        after = rows[-1].seq


async def _send_backlog(keeper: Keeper, send: Send, before: int, per_s: float) -> None:
    loop = asyncio.get_running_loop()
    after = 0
    due_s = loop.time()
    while rows := await keeper.read(after=after, before=before, limit=BACKLOG_AT_ONCE):
        await asyncio.sleep(due_s - loop.time())
        # A line that was slow for a while may not catch up in a burst.
        due_s = max(due_s, loop.time()) + len(rows) / per_s
        await _send_together(keeper, send, rows)
        after = rows[-1].seq


async def _send_together(keeper: Keeper, send: Send, rows: Sequence[Waiting]) -> None:
    async def send_one(row: Waiting) -> None:
        await send(row.payload)
        keeper.acknowledge(row.seq)

    async with asyncio.TaskGroup() as sending:
        for row in rows:
            sending.create_task(send_one(row), name=f"message {row.seq}")
