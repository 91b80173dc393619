"""Refusals of what a codec could read and nobody can place: pure."""

from collections.abc import Iterable

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival
from ingest.quarantine.kept import fix_octets, rows_octets, time_words
from vocabulary.refusal import Reason, Refusal

MOST_ROWS = 200
"""How many of a device's refused rows are kept in one refusal; more make more."""


def stranger(snapshot: Snapshot, gateway: str, device: str) -> tuple[Reason, str]:
    """Return why a device cannot be placed, and the same for people.

    Args:
        snapshot: The registry.
        gateway: Code of the gateway it spoke through.
        device: Its name on the wire.
    """
    other = snapshot.gateway_of(device)
    if gateway not in snapshot.gateways:
        return Reason.UNKNOWN_DEVICE, f"gateway {gateway} is not registered"
    if other is None:
        return (
            Reason.UNKNOWN_DEVICE,
            f"{device} is not registered; if it is ours, register it below {gateway}",
        )
    return (
        Reason.OTHER_GATEWAYS_DEVICE,
        f"{device} is registered below {other}, not below {gateway}",
    )


def refusal_of_rows(
    arrival: Arrival, device: str, rows: Iterable[int], *, why: tuple[Reason, str]
) -> Refusal:
    """Return the refusal of some readings of one device.

    Args:
        arrival: What they came in.
        device: Its name on the wire.
        rows: Which of the arrival's readings; all of this device, at most `MOST_ROWS`.
        why: The reason, and the same for people.
    """
    reason, detail = why
    return Refusal(
        reason=reason,
        detail=detail,
        transport=arrival.transport,
        gateway=arrival.gateway,
        identity=device,
        peer=arrival.peer,
        octets=rows_octets(arrival.readings, rows) if arrival.readings else b"",
        received_at=arrival.received_at,
    )


def refusal_of_fix(arrival: Arrival, n: int, *, why: tuple[Reason, str]) -> Refusal:
    """Return the refusal of position `n` of an arrival.

    Args:
        arrival: What it came in.
        n: Which of its positions.
        why: The reason, and the same for people.
    """
    reason, detail = why
    fix = arrival.positions[n]
    return Refusal(
        reason=reason,
        detail=detail,
        transport=arrival.transport,
        gateway=arrival.gateway,
        identity=fix.device,
        peer=arrival.peer,
        octets=fix_octets(fix),
        received_at=arrival.received_at,
    )


def impossible_time(arrival: Arrival, device: str, us: int) -> tuple[Reason, str]:
    """Return why a time cannot be.

    Args:
        arrival: What it came in.
        device: Who says it.
        us: The time, microseconds since 1970.
    """
    received = arrival.received_at.isoformat()
    detail = f"{device} says {time_words(us)}, received at {received}"
    return Reason.IMPOSSIBLE_TIME, detail
