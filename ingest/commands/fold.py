"""The consumer `commands`: the journal in, effects, expiries and wakings out.

Output and cursor are one transaction; nothing is remembered between two of them but
which gateways are down, and that the journal tells again.
"""

from collections.abc import Sequence

from ingest.commands.hearing import heard, presence_from
from store.commands.bridge import follow_terminals
from store.commands.effects import (
    awaited,
    expire,
    is_any_open,
    note_heard,
    settle_overtaken,
)
from store.commands.moves import Moved, move_on, tell
from store.commands.queue import release_claims, wake
from store.connection import Connection
from store.journal.cursor import cursor_of, move_cursor
from store.journal.entries import Entry, Kind, head
from store.telemetry.read import edges_told
from vocabulary.command_effect import Awaited, verdict
from vocabulary.times import Clock

CONSUMER = "commands"
"""Whose cursor it is."""


class Fold:
    """What the consumer knows between two transactions.

    Args:
        connection: The only worker's.
        clock: Tells when a worker starts.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.after = 0
        self.down: set[str] = set()
        self._connection = connection
        self._clock = clock

    async def begin(self) -> None:
        """Go on where the last worker stopped; the first one starts at the end."""
        connection = self._connection
        self.after = await cursor_of(connection, CONSUMER)
        if self.after == 0 and not await is_any_open(connection):
            self.after = await head(connection)
        for told in await edges_told(connection):
            self._hear(told.body)
        await release_claims(connection, at=self._clock())

    async def take(self, entries: Sequence[Entry]) -> bool:
        """Take in entries, oldest first; return whether any command is open."""
        if not entries:
            return await is_any_open(self._connection)
        came_up = self._edges(entries)
        async with self._connection.transaction():
            is_open = await is_any_open(self._connection)
            moved = await self._moves(entries, came_up) if is_open else []
            await move_cursor(self._connection, CONSUMER, entries[-1].seq)
            await tell(self._connection, moved)
        self.after = entries[-1].seq
        return is_open

    def _edges(self, entries: Sequence[Entry]) -> list[str]:
        """Note which gateways are down; return which have come up."""
        bodies = [entry.body for entry in entries if entry.kind is Kind.EDGE]
        came_up = [self._hear(body) for body in bodies]
        return [gateway for gateway in came_up if gateway is not None]

    def _hear(self, body: bytes) -> str | None:
        """Note what an EDGE entry says; return the gateway that it says is up."""
        presence = presence_from(body)
        if presence is None:
            return None
        if presence.up:
            self.down.discard(presence.gateway)
            return presence.gateway
        self.down.add(presence.gateway)
        return None

    async def _moves(
        self, entries: Sequence[Entry], came_up: Sequence[str]
    ) -> list[Moved]:
        connection, at = self._connection, entries[-1].received_at
        await wake(connection, came_up, at=at)
        moved = await follow_terminals(connection, at=at)
        waiting = {each.number: each for each in await awaited(connection)}
        changed = heard(list(waiting.values()), entries)
        await note_heard(connection, changed)
        waiting |= {each.number: each for each in changed}
        for number in await settle_overtaken(connection, at=at):
            waiting.pop(number, None)
        for each in waiting.values():
            moved += await self._judge(each, entries[-1])
        return moved + await expire(connection, at=at)

    async def _judge(self, waiting: Awaited, last: Entry) -> list[Moved]:
        judged = verdict(waiting, now=last.received_at)
        if judged is None:
            return []
        state, detail = judged
        moved = await move_on(
            self._connection,
            waiting.number,
            state,
            at=last.received_at,
            detail=detail,
        )
        return [] if moved is None else [moved]
