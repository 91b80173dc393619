"""What one read of a terminal's line brings: positions, refusals, answers to come."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ingest.arrival import Arrival
from ingest.jt808.identities import phone_key
from ingest.protocols.errors import ProtocolError
from ingest.protocols.jt808 import FieldError, Message, MessageError, encode
from ingest.quarantine.refused import refusal_of
from vocabulary.device import Device, Transport
from vocabulary.position import Position
from vocabulary.refusal import Reason, Refusal


@dataclass(slots=True)
class News:
    """What is to be stored, and what is to be answered once it is.

    Attributes:
        positions: Under their registered addresses, all of one device.
        refusals: What was not taken in.
        answers: Frames.
    """

    positions: list[Position] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)

    @property
    def is_to_be_stored(self) -> bool:
        """Whether there is anything that must be committed first."""
        return bool(self.positions or self.refusals)

    def arrival(
        self,
        device: Device | None,
        peer: str,
        *,
        at: datetime,
        committed: Callable[[], None],
    ) -> Arrival:
        """Return it for the intake.

        Args:
            device: Whose it is, if that is known.
            peer: Address of the other side.
            at: When it came.
            committed: Called once it is stored.
        """
        return Arrival(
            transport=Transport.JT808,
            gateway=device.gateway if device else "",
            peer=peer,
            received_at=at,
            readings=None,
            positions=self.positions,
            refusals=self.refusals,
            committed=committed,
        )


def refused(
    error: ProtocolError, *, device: Device | None, terminal: str, peer: str
) -> Refusal:
    """Return a refusal.

    Args:
        error: What is wrong.
        device: Who has proved that the line is its own, if anybody.
        terminal: What the other side calls itself; empty if it has not said.
        peer: Address of the other side.
    """
    header = error.header if isinstance(error, MessageError) else None
    claimed = header.terminal if header else terminal
    is_its = device is not None and phone_key(claimed) == phone_key(device.address)
    return refusal_of(
        error,
        transport=Transport.JT808,
        gateway=device.gateway if device and is_its else "",
        peer=peer,
        identity=device.address if device and is_its else claimed,
    )


def unknown_terminal(message: Message) -> MessageError:
    """Return why a message is refused whose terminal nobody registered."""
    detail = (
        f"terminal {message.header.terminal} is not registered; if it is ours, "
        f"register it below a gateway of transport {Transport.JT808}"
    )
    return _refusing(message, Reason.UNKNOWN_DEVICE, detail)


def unproven_terminal(message: Message) -> MessageError:
    """Return why a message is refused that comes before its terminal's token."""
    detail = (
        f"terminal {message.header.terminal} has not proved who it is on this line; "
        "authentication (0x0102) comes first"
    )
    return _refusing(message, Reason.UNKNOWN_IDENTITY, detail)


def wrong_token(message: Message) -> MessageError:
    """Return why an authentication is refused; its octets are not kept."""
    detail = (
        f"terminal {message.header.terminal} has not the token it was given last; it "
        "must register (0x0100) again"
    )
    error = FieldError(Reason.UNKNOWN_IDENTITY, detail)
    return MessageError(error, b"", message.header, message.serials)


def unknown_message(message: Message) -> MessageError:
    """Return why a message is refused that we do not take in."""
    detail = f"message {message.header.message_id:#06x} is not taken in"
    return _refusing(message, Reason.UNKNOWN_MESSAGE, detail)


def _refusing(message: Message, reason: Reason, detail: str) -> MessageError:
    header = message.header
    frames = encode(
        message.body,
        terminal=header.terminal,
        serial=message.serials[0],
        edition=header.edition,
    )
    error = FieldError(reason, detail)
    return MessageError(error, b"".join(frames), header, message.serials)
