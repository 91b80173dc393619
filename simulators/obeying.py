"""How a device obeys: each command once, however often it comes, each time answered.

Commands are told apart by their id. What comes after its time is not done.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ingest.protocols.errors import ProtocolError
from ingest.protocols.gezhi_command import Answer, Down, command_id, decode_down
from vocabulary.command import AnyOrder, Outcome

REMEMBERED = 256
"""Commands that a device remembers; a controller's memory is small."""

Do = Callable[[AnyOrder], str]
"""Carries an order out; returns why it cannot, or nothing."""


@dataclass(slots=True)
class Obedience:
    """What a device remembers of its commands.

    Attributes:
        done: Ids of those it carried out, in that order.
        heard: How many commands came, repeats included.
    """

    done: list[str] = field(default_factory=list)
    heard: int = 0
    _answers: OrderedDict[str, Answer] = field(default_factory=OrderedDict)

    def obey(
        self, payload: bytes, device: str, do: Do, *, now: datetime
    ) -> Answer | None:
        """Return what to answer to a command; None to what has not even an id.

        Args:
            payload: As it came.
            device: The device's address.
            do: Carries an order out.
            now: By the device's clock, aware.
        """
        self.heard += 1
        try:
            down = decode_down(payload)
        except ProtocolError as error:
            known = command_id(payload)
            if not known:
                return None
            return Answer(
                id=known, device=device, outcome=Outcome.REFUSED, detail=error.detail
            )
        if down.id not in self._answers:
            self._answers[down.id] = self._carry_out(down, device, do, now)
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        return self._answers[down.id]

    def _carry_out(self, down: Down, device: str, do: Do, now: datetime) -> Answer:
        outcome, detail = Outcome.DONE, ""
        if now > down.expires_at:
            outcome, detail = Outcome.EXPIRED, "it came too late"
        elif why := do(down.order):
            outcome, detail = Outcome.REFUSED, why
        else:
            self.done.append(down.id)
        return Answer(id=down.id, device=device, outcome=outcome, detail=detail, at=now)
