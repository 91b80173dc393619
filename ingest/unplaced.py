"""Refusals of what a codec could read and nobody can place: pure."""

import math
from collections.abc import Iterable, Sequence

import msgspec

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival
from vocabulary.refusal import Reason, Refusal
from vocabulary.times import datetime_from_us

MOST_ROWS = 20
"""How many of a device's refused rows are kept in one refusal."""


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
        rows: Which of the arrival's readings; all of this device.
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
        octets=_octets(arrival, list(rows)[:MOST_ROWS]),
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
        octets=msgspec.json.encode(fix),
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


def time_words(us: int) -> str:
    """Return a time for people, also one that no calendar holds."""
    try:
        return datetime_from_us(us).isoformat()
    except OverflowError:
        return f"{us} microseconds after 1970"


def _octets(arrival: Arrival, rows: Sequence[int]) -> bytes:
    readings = arrival.readings
    if readings is None:
        return b""
    return msgspec.json.encode(
        [
            {
                "device": readings.device[row],
                "quantity": readings.quantity[row],
                "measured_at": time_words(int(readings.measured_us[row])),
                "value": _number(float(readings.value[row])),
            }
            for row in rows
        ]
    )


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)  # JSON has no NaN
