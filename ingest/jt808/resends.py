"""When to ask a terminal for sub-packages that did not come: pure.

A message whose sub-packages stop coming is asked about `after_s` after the last one of
them, and again as long after that, `most` times in all. Then it is left as it is: never
answered, it is the terminal's to send again. A line has few unfinished messages, so it
is asked little whatever it sends.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.protocols.jt808 import ResendRequest, Unfinished


@dataclass(slots=True)
class _Wait:
    message: Unfinished
    due_s: float
    asked: int = 0


class Resends:
    """What one terminal is waited for.

    Args:
        after_s: How long to wait for the next sub-package, s.
        most: How often to ask for those of one message.
    """

    def __init__(self, *, after_s: float, most: int) -> None:
        self._after_s = after_s
        self._most = most
        self._waits: dict[tuple[str, int], _Wait] = {}

    def look(self, unfinished: Sequence[Unfinished], now_s: float) -> None:
        """Take note of what is not whole now.

        Args:
            unfinished: All of it.
            now_s: Of any clock that only goes on, s.
        """
        waits = {}
        for each in unfinished:
            key = (each.terminal, each.message_id)
            known = self._waits.get(key)
            if known is None or not {*each.missing} <= {*known.message.missing}:
                known = _Wait(each, now_s + self._after_s)
            elif known.message != each:
                known.message, known.due_s = each, now_s + self._after_s
            waits[key] = known
        self._waits = waits

    @property
    def due_s(self) -> float | None:
        """When something is to be asked for; None if nothing is."""
        due = [each.due_s for each in self._waits.values() if each.asked < self._most]
        return min(due, default=None)

    def requests(self, now_s: float) -> list[ResendRequest]:
        """Return what is to be asked for now."""
        found = []
        for wait in self._waits.values():
            if wait.asked < self._most and wait.due_s <= now_s:
                wait.asked += 1
                wait.due_s = now_s + self._after_s
                found.append(
                    ResendRequest(
                        first_serial=wait.message.first_serial,
                        numbers=wait.message.missing,
                    )
                )
        return found
