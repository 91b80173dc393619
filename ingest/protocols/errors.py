"""The one way octets from a device can be refused by a codec."""

from vocabulary.refusal import Reason


class ProtocolError(ValueError):
    """The peer broke the protocol, or said what cannot be.

    Attributes:
        reason: Why, as the word that is counted.
        detail: What was wrong, where, and what would be right, for people.
        octets: What came, as it came, kept for quarantine.
    """

    def __init__(self, reason: Reason, detail: str, octets: bytes) -> None:
        super().__init__(reason, detail, octets)
        self.reason = reason
        self.detail = detail
        self.octets = octets

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"
