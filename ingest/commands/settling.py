"""Answers to commands, settled in the transaction of the batch they came in."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.accounting import account
from ingest.arrival import Arrival
from store.commands.moves import tell
from store.commands.queue import settle_answers
from store.connection import Connection
from vocabulary.command import CommandAnswer
from vocabulary.sequence import Number

log = logging.getLogger(__name__)

Answers = Sequence[tuple[str, CommandAnswer]]
"""Code of the gateway that passed it on, and the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What belongs into a batch's transaction beside its rows.

    Attributes:
        numbers: Of messages, by gateway's id, to be accounted for.
        answers: To commands, to be settled.
        at: When they came, aware.
    """

    numbers: Mapping[int, Sequence[Number]]
    answers: Answers
    at: datetime

    async def __call__(self, connection: Connection) -> None:
        """Write it, in the caller's transaction."""
        await account(connection, self.numbers, at=self.at)
        if self.answers:
            moved = await settle_answers(connection, self.answers, at=self.at)
            await tell(connection, moved)
            if not moved:
                log.info("answers that change nothing: %s", self.answers[:3])


def answers_of(arrivals: Iterable[Arrival]) -> list[tuple[str, CommandAnswer]]:
    """Return the answers in some arrivals, in their order."""
    return [
        (arrival.gateway, answer) for arrival in arrivals for answer in arrival.answers
    ]
