"""What a node or a device is told: NCMD and DCMD (Sparkplug 3.0.0, 6.4.19, 6.4.20).

    spBv1.0/{group}/NCMD/{node}
    spBv1.0/{group}/DCMD/{node}/{device}

Metrics to be written, by the names they were born with, each with its type: a node
refuses a value of another type than the birth's. There is no sequence number.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from ingest.protocols.sparkplug.payload import (
    SIGNED_BITS,
    UNSIGNED,
    DataType,
    Metric,
    Payload,
    Raw,
    encode_payload,
)
from vocabulary.times import EPOCH

UNSIGNED_BITS = {
    DataType.UINT8: 8,
    DataType.UINT16: 16,
    DataType.UINT32: 32,
    DataType.UINT64: 64,
}
"""Width of the unsigned types."""

_MS = timedelta(milliseconds=1)


class CommandValueError(ValueError):
    """A value does not fit the type of the metric that it is for."""

    def __init__(self, name: str, value: Raw, datatype: DataType) -> None:
        super().__init__(f"{name}: {value!r} is no {datatype.name.lower()}")


def encode_command(
    values: Mapping[str, Raw], *, types: Mapping[str, int], now: datetime
) -> bytes:
    """Return the payload of an NCMD or DCMD that writes some metrics.

    Args:
        values: What to write, by name.
        types: Their types, as they were born; where one is not known, true and false
            are BOOLEAN, other numbers DOUBLE.
        now: When it is said, aware.

    Raises:
        CommandValueError: If a value does not fit its type.
    """
    at_ms = (now - EPOCH) // _MS
    metrics = [
        _metric(name, value, types.get(name, 0), at_ms)
        for name, value in values.items()
    ]
    return encode_payload(Payload(timestamp_ms=at_ms, metrics=metrics))


def _metric(name: str, value: Raw, datatype: int, at_ms: int) -> Metric:
    is_flag = isinstance(value, bool)
    kind = DataType(datatype or (DataType.BOOLEAN if is_flag else DataType.DOUBLE))
    raw = _raw(value, kind)
    if raw is None:
        raise CommandValueError(name, value, kind)
    return Metric(name=name, timestamp_ms=at_ms, datatype=kind, raw=raw)


def _raw(value: Raw, kind: DataType) -> Raw | None:
    """Return a value as its type is written; None if it does not fit."""
    if kind is DataType.BOOLEAN:
        return bool(value) if value in (0, 1) else None
    if kind in {DataType.FLOAT, DataType.DOUBLE}:
        return float(value)
    number = int(value) if value == value // 1 else None
    if number is None:
        return None
    if kind in UNSIGNED:
        return number if 0 <= number < 1 << UNSIGNED_BITS[kind] else None
    half = 1 << SIGNED_BITS[kind] - 1
    return number if -half <= number < half else None
