"""A codec's error and where it came from, together: a refusal for quarantine."""

from ingest.protocols.errors import ProtocolError
from vocabulary.device import Transport
from vocabulary.refusal import Refusal


def refusal_of(
    error: ProtocolError,
    *,
    transport: Transport,
    gateway: str,
    peer: str,
    identity: str = "",
) -> Refusal:
    """Say what was refused, and from whom.

    Args:
        error: What the codec said.
        transport: How it came.
        gateway: The gateway it came through.
        peer: Address of the other side.
        identity: The device it claims to be; empty if unknown.
    """
    return Refusal(
        reason=error.reason,
        detail=error.detail,
        transport=transport,
        gateway=gateway,
        identity=identity,
        peer=peer,
        octets=error.octets,
    )
