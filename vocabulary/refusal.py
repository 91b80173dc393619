"""What could not be taken in, and why: one word per reason, the octets kept."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why a message went to quarantine; counted by this word."""

    BAD_FRAME = "bad-frame"
    BAD_CHECKSUM = "bad-checksum"
    MISSING_CHECKSUM = "missing-checksum"
    TOO_LONG = "too-long"
    BAD_JSON = "bad-json"
    BAD_FIELD = "bad-field"
    BAD_TIME = "bad-time"
    NAIVE_TIME = "naive-time"
    IMPOSSIBLE_TIME = "impossible-time"
    BAD_POSITION = "bad-position"
    BAD_VALUE = "bad-value"
    EXCEPTION_ANSWER = "exception-answer"
    UNKNOWN_DEVICE = "unknown-device"
    UNKNOWN_QUANTITY = "unknown-quantity"
    UNKNOWN_IDENTITY = "unknown-identity"
    OTHER_GATEWAYS_DEVICE = "other-gateways-device"
    CLONED_IDENTITY = "cloned-identity"
    UNKNOWN_TOPIC = "unknown-topic"
    UNKNOWN_MESSAGE = "unknown-message"
    TEST_MESSAGE = "test-message"
    BAD_LENGTH = "bad-length"
    ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One message, or a part of one, that was not taken in.

    Attributes:
        reason: Why, as a word.
        detail: What was wrong, where, and what would be right, for people.
        transport: How it came.
        gateway: The gateway it came through; empty if unknown.
        identity: The device it claims to be; empty if unknown.
        peer: Address of the other side.
        octets: What came, as it came.
        topic: Where it was published, if it is a whole MQTT payload; empty otherwise.
        received_at: When it came, aware; None where the batch's time will do.
    """

    reason: Reason
    detail: str
    transport: str
    gateway: str = ""
    identity: str = ""
    peer: str = ""
    octets: bytes = b""
    topic: str = ""
    received_at: datetime | None = None
