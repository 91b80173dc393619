"""The one way octets from a device can be refused by a codec."""

from vocabulary.refusal import Reason

MOST_DETAIL = 500
"""Longest detail, characters: it may quote a name of a whole megabyte."""

MOST_ERRORS = 100
"""Errors of one message that are told one by one."""


class ProtocolError(ValueError):
    """The peer broke the protocol, or said what cannot be.

    Attributes:
        reason: Why, as the word that is counted.
        detail: What was wrong, where, and what would be right, for people; at most
            `MOST_DETAIL` of it.
        octets: What came, as it came, kept for quarantine.
    """

    def __init__(self, reason: Reason, detail: str, octets: bytes) -> None:
        if len(detail) > MOST_DETAIL:
            detail = f"{detail[: MOST_DETAIL - 1]}…"
        super().__init__(reason, detail, octets)
        self.reason = reason
        self.detail = detail
        self.octets = octets

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class FirstErrors:
    """The first errors of one message; the others are counted.

    A megabyte of `{"v":""}` has a hundred thousand of them, and each would be a row.
    """

    def __init__(self) -> None:
        self._first: list[ProtocolError] = []
        self._more = 0

    @property
    def is_full(self) -> bool:
        """Whether another one would only be counted."""
        return len(self._first) >= MOST_ERRORS

    def count(self) -> None:
        """Count one more that nobody need make."""
        self._more += 1

    def add(self, error: ProtocolError) -> None:
        """Keep it, or count it."""
        if self.is_full:
            self.count()
        else:
            self._first.append(error)

    def told(self, payload: bytes) -> list[ProtocolError]:
        """Return the first ones, and one that stands for all others.

        Args:
            payload: The whole message.
        """
        if not self._more:
            return self._first
        detail = f"{self._more} more errors in it; the first {MOST_ERRORS} are told"
        return [*self._first, ProtocolError(self._first[-1].reason, detail, payload)]
