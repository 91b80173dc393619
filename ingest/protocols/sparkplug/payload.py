"""The Sparkplug B payload: metrics, each a name or an alias with a value.

    Payload   1 timestamp  2 metric ...  3 seq
    Metric    1 name  2 alias  3 timestamp  4 datatype  6 is_transient  7 is_null
              9 properties
              10 int (u32)  11 long (u64)  12 float  13 double  14 boolean
    PropertySet 1 key ...  2 value ...      PropertyValue 3 int (u32)

Times are milliseconds since 1970 UTC. Signed integers are in `int` and `long` as two's
complement, so without a datatype nobody knows their sign. The property `Quality` is 0
bad, 192 good, 500 stale.

Sparkplug 3.0.0, clause 6.4; `sparkplug_b.proto` there.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import TypeAlias

from ingest.protocols.errors import ProtocolError
from ingest.protocols.sparkplug.wire import (
    BrokenWireError,
    WireField,
    WireType,
    fields_of,
    fixed_field,
    octets_field,
    varint_field,
)
from ingest.protocols.up_message import MAX_MESSAGE
from vocabulary.refusal import Reason

MAX_PROPERTIES = 100
"""Most properties of a metric that are looked through for its quality."""

MAX_METRICS = 20_000
"""Most metrics in one payload."""


class DataType(IntEnum):
    """Types of values that can be readings (clause 6.4.16)."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11


SIGNED_BITS = {
    DataType.INT8: 8,
    DataType.INT16: 16,
    DataType.INT32: 32,
    DataType.INT64: 64,
}
"""Width of the signed types."""

UNSIGNED = frozenset(
    {DataType.UINT8, DataType.UINT16, DataType.UINT32, DataType.UINT64}
)

_REAL = frozenset({DataType.FLOAT, DataType.DOUBLE})

QUALITY_GOOD = 192
"""The quality of a metric that says nothing of it."""

Raw: TypeAlias = int | float | bool
"""A value as written: an integer without its sign, or the real thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One value of a node or a device.

    Attributes:
        name: Its name; empty where the alias stands for it.
        alias: A number instead of its name; None for none.
        timestamp_ms: When it was taken; None if not said.
        datatype: Its type; 0 where only the birth says it.
        is_transient: Whether nobody shall store it.
        is_null: Whether it has no value.
        quality: 0 bad, 192 good, 500 stale.
        raw: Its value as written; None where it is none that could be a reading.
    """

    name: str = ""
    alias: int | None = None
    timestamp_ms: int | None = None
    datatype: int = 0
    is_transient: bool = False
    is_null: bool = False
    quality: int = QUALITY_GOOD
    raw: Raw | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What one message holds.

    Attributes:
        timestamp_ms: When it was sent; None if not said.
        seq: 0 to 255; None if not said.
        metrics: In their order.
    """

    timestamp_ms: int | None = None
    seq: int | None = None
    metrics: Sequence[Metric] = ()


def decode_payload(octets: bytes) -> Payload:
    """Return what a payload holds.

    Raises:
        ProtocolError: If it is none, or too long.
    """
    if len(octets) > MAX_MESSAGE:
        detail = f"{len(octets)} octets; a message has at most {MAX_MESSAGE}"
        raise ProtocolError(Reason.TOO_LONG, detail, octets)
    try:
        return _payload(octets)
    except (BrokenWireError, UnicodeDecodeError) as error:
        raise ProtocolError(Reason.BAD_FRAME, str(error), octets) from error


def encode_payload(payload: Payload) -> bytes:
    """Return the octets that say a payload."""
    octets = b""
    if payload.timestamp_ms is not None:
        octets += varint_field(1, payload.timestamp_ms)
    for metric in payload.metrics:
        octets += octets_field(2, b"".join(_metric_octets(metric)))
    if payload.seq is not None:
        octets += varint_field(3, payload.seq)
    return octets


def number_of(raw: Raw | None, datatype: int) -> Raw | None:
    """Return a written value as a number or a flag.

    Args:
        raw: As written.
        datatype: Its type.

    Returns:
        None where there is no value, or its type is needed and not known.
    """
    if raw is None or isinstance(raw, bool | float):
        return raw
    if datatype in SIGNED_BITS:
        bits = SIGNED_BITS[DataType(datatype)]
        low = raw & (1 << bits) - 1
        return low - (1 << bits) if low >> bits - 1 else low
    if datatype == DataType.BOOLEAN:
        return bool(raw)
    return raw if datatype in UNSIGNED else None


def _payload(octets: bytes) -> Payload:
    timestamp_ms = seq = None
    metrics: list[Metric] = []
    for field in fields_of(octets):
        match field.number, field.wire_type:
            case 1, WireType.VARINT:
                timestamp_ms = field.varint
            case 2, WireType.LEN:
                metrics.append(_metric(field.octets))
                if len(metrics) > MAX_METRICS:
                    raise BrokenWireError(f"over {MAX_METRICS} metrics")
            case 3, WireType.VARINT:
                seq = field.varint
            case _:
                pass
    return Payload(timestamp_ms=timestamp_ms, seq=seq, metrics=metrics)


def _metric(octets: bytes) -> Metric:
    name, alias, timestamp_ms, datatype = "", None, None, 0
    is_transient, is_null, quality = False, False, QUALITY_GOOD
    raw: Raw | None = None
    for field in fields_of(octets):
        match field.number, field.wire_type:
            case 1, WireType.LEN:
                name = field.octets.decode()
            case 2, WireType.VARINT:
                alias = field.varint
            case 3, WireType.VARINT:
                timestamp_ms = field.varint
            case 4, WireType.VARINT:
                datatype = field.varint
            case 6, WireType.VARINT:
                is_transient = bool(field.varint)
            case 7, WireType.VARINT:
                is_null = bool(field.varint)
            case 9, WireType.LEN:
                quality = _quality(field.octets)
            case _:
                raw = _raw(field, raw)
    return Metric(
        name=name,
        alias=alias,
        timestamp_ms=timestamp_ms,
        datatype=datatype,
        is_transient=is_transient,
        is_null=is_null,
        quality=quality,
        raw=raw,
    )


def _raw(field: WireField, before: Raw | None) -> Raw | None:
    """Return the value that a field holds, or the one before if it holds none."""
    match field.number, field.wire_type:
        case ((10 | 11), WireType.VARINT):
            return field.varint
        case 12, WireType.I32:
            return float(struct.unpack("<f", field.octets)[0])
        case 13, WireType.I64:
            return float(struct.unpack("<d", field.octets)[0])
        case 14, WireType.VARINT:
            return bool(field.varint)
        case _:
            return before


def _quality(octets: bytes) -> int:
    """Return the property `Quality` of a property set."""
    fields = list(islice(fields_of(octets), 2 * MAX_PROPERTIES))
    keys = [field.octets for field in fields if field.number == 1]
    values = [field.octets for field in fields if field.number == 2]  # noqa: PLR2004
    for key, value in zip(keys, values, strict=False):
        if key == b"Quality":
            for field in fields_of(value):
                if field.number == 3:  # noqa: PLR2004 - int_value
                    return field.varint
    return QUALITY_GOOD


def _metric_octets(metric: Metric) -> Iterator[bytes]:
    if metric.name:
        yield octets_field(1, metric.name.encode())
    if metric.alias is not None:
        yield varint_field(2, metric.alias)
    if metric.timestamp_ms is not None:
        yield varint_field(3, metric.timestamp_ms)
    if metric.datatype:
        yield varint_field(4, metric.datatype)
    if metric.is_transient:
        yield varint_field(6, 1)
    if metric.is_null:
        yield varint_field(7, 1)
    if metric.quality != QUALITY_GOOD:
        value = varint_field(1, DataType.INT32) + varint_field(3, metric.quality)
        yield octets_field(9, octets_field(1, b"Quality") + octets_field(2, value))
    if metric.raw is not None:
        yield _raw_octets(metric.raw, metric.datatype)


def _raw_octets(raw: Raw, datatype: int) -> bytes:
    if isinstance(raw, bool):
        return varint_field(14, raw)
    if isinstance(raw, float) or datatype in _REAL:
        is_single = datatype == DataType.FLOAT
        octets = struct.pack("<f" if is_single else "<d", raw)
        return fixed_field(12 if is_single else 13, octets)
    if datatype in {DataType.INT64, DataType.UINT64}:
        return varint_field(11, raw)
    return varint_field(10, raw & 0xFFFFFFFF)
