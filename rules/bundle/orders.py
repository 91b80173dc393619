"""What a bundle tells of the orders that its device was given. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rules.bundle.bundle import Bundle
from rules.bundle.replay import Replayed
from rules.engine.learned import CommandWord
from vocabulary.times import datetime_from_us


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderShown:
    """One step of what the device was told.

    Attributes:
        at: Journal time.
        device: Its code.
        number: The command's place in the queue.
        turn: What it is to bring about, see `vocabulary.command.turn_of`.
        state: The state it came to.
        quantity: Which reading shows that it is done; None if none does.
        low: Least value that shows it; None with `quantity`.
        high: Greatest value that shows it; None with `quantity`.
        is_judged: Whether it is the command that the alarm is about.
    """

    at: datetime
    device: str
    number: int
    turn: str
    state: str
    quantity: str | None
    low: float | None
    high: float | None
    is_judged: bool


def orders_shown(bundle: Bundle, replayed: Replayed) -> Iterator[OrderShown]:
    """Yield the orders of the device whose alarm is about one, step by step."""
    if replayed.raised is None or replayed.raised.command is None:
        return
    for entry in bundle.entries:
        word, decided = entry.content, bundle.decided
        if isinstance(word, CommandWord) and word.device_id == decided.device_id:
            wanted = word.wanted
            yield OrderShown(
                at=datetime_from_us(entry.at_us),
                device=replayed.plan.device_codes[word.device_id],
                number=word.number,
                turn=word.turn,
                state=word.state,
                quantity=None if wanted is None else wanted.quantity,
                low=None if wanted is None else wanted.low,
                high=None if wanted is None else wanted.high,
                is_judged=word.number == replayed.raised.command,
            )
