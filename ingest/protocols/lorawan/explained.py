"""What a LoRaWAN payload means, and what a codec of payloads must do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ingest.protocols.errors import ProtocolError
from vocabulary.quantity import Quantity
from vocabulary.refusal import Reason

MAX_PAYLOAD = 242
"""Longest FRMPayload any region allows, octets (LoRaWAN Regional Parameters)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What was measured at one time.

    Attributes:
        values: By quantity.
        measured_at: When, aware, where the payload says so; None is "now".
    """

    values: Mapping[Quantity, float]
    measured_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """What one payload means.

    Attributes:
        samples: The present one first, then what the device kept of the past.
        errors: What of it could not be read.
    """

    samples: Sequence[Sample] = ()
    errors: Sequence[ProtocolError] = field(default=())


class PayloadCodec(Protocol):
    """Reads and writes the payloads of one model."""

    def decode(self, payload: bytes, port: int) -> Explained:
        """Return what a payload means; nothing where its port carries no readings.

        Args:
            payload: FRMPayload, decrypted.
            port: FPort; 0 where it is not known.
        """

    def encode(self, values: Mapping[Quantity, float]) -> bytes:
        """Return the payload that says these values; those it has no words for not."""


def bad_payload(detail: str, octets: bytes) -> ProtocolError:
    """Return the error for octets that are not what the model sends."""
    return ProtocolError(Reason.BAD_FRAME, detail, octets)
