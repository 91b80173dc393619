"""SenML records and how they resolve: RFC 8428, clause 4. Pure.

    base fields   bn name, bt time, bu unit, bv value, bs sum, bver version
    of a record   n name, u unit, t time, v | vs | vb | vd value, s sum, ut update time

A base field holds from its record on. A record's name is base name + name, its time
base time + time, its value base value + value (4.6). A time below 2^28 counts from now,
and may be negative (4.5.3). A field whose name ends in `_` must be understood or the
message refused (4.4); so must a `bver` above ours.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from ingest.protocols.errors import ProtocolError
from ingest.protocols.up_message import MAX_NAME
from vocabulary.refusal import Reason
from vocabulary.times import EPOCH

VERSION = 10
"""The version of RFC 8428."""

RELATIVE_BELOW_S = 2**28
"""Times below this count from now."""

Member: TypeAlias = float | bool | str | bytes
"""What a field holds."""

_GREATEST = 1e300
_NAMES = ("bn", "bu", "n", "u", "vs")
_NUMBERS = ("bt", "bv", "bs", "bver", "v", "s", "t", "ut")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """One record that stands by itself.

    Attributes:
        base: Base name; empty if none.
        name: Its name within the base; both together are the whole name.
        unit: SenML unit; empty if none.
        at: When, aware; None if it does not say.
        value: A number or a flag; None where it is text, data, or only a sum.
    """

    base: str
    name: str
    unit: str
    at: datetime | None
    value: float | bool | None


def resolve(
    records: Iterable[Mapping[str, Member]], *, now: datetime, octets: bytes
) -> Iterator[Resolved | ProtocolError]:
    """Yield the records as they stand by themselves; a bad one is an error.

    Args:
        records: As they came, their fields under the names JSON has.
        now: What relative times count from, aware.
        octets: The whole message, for what refuses all of it.

    Raises:
        ProtocolError: If the message must not be read at all.
    """
    base: dict[str, Member] = {}
    for n, record in enumerate(records):
        _check_understood(record, octets)
        wrong = _wrong(record)
        if wrong:
            yield ProtocolError(Reason.BAD_FIELD, f"record {n}: {wrong}", octets)
            continue
        base |= {name: value for name, value in record.items() if name[:1] == "b"}
        if float(base.get("bver", VERSION)) > VERSION:
            detail = f"version {base['bver']!r}; ours is {VERSION}"
            raise ProtocolError(Reason.BAD_FIELD, detail, octets)
        try:
            for resolved in _resolved(record, base, now):
                if len(resolved.base) + len(resolved.name) > MAX_NAME:
                    detail = f"record {n}: a name has at most {MAX_NAME} characters"
                    yield ProtocolError(Reason.TOO_LONG, detail, octets)
                else:
                    yield resolved
        except (OverflowError, ValueError):  # as 1e300 s, or not a number of them
            detail = f"record {n}: its time is in no calendar"
            yield ProtocolError(Reason.BAD_TIME, detail, octets)


def _check_understood(record: Mapping[str, Member], octets: bytes) -> None:
    for name in record:
        if name.endswith("_"):
            detail = f"field {name!r} must be understood, and is not"
            raise ProtocolError(Reason.BAD_FIELD, detail, octets)


def _wrong(record: Mapping[str, Member]) -> str:
    """Return what is of the wrong type in a record, if anything."""
    for name in _NAMES:
        if name in record and not isinstance(record[name], str):
            return f"{name} is no text"
    for name in _NUMBERS:
        value = record.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{name} is no number"
        if abs(value) > _GREATEST:
            return f"{name} is beyond any number"
    if not isinstance(record.get("vb", False), bool):
        return "vb is neither true nor false"
    return ""


def _resolved(
    record: Mapping[str, Member], base: Mapping[str, Member], now: datetime
) -> Iterator[Resolved]:
    if not {"v", "vs", "vb", "vd", "s", "bv"} & record.keys():
        return  # base fields only
    yield Resolved(
        base=str(base.get("bn", "")),
        name=str(record.get("n", "")),
        unit=str(record.get("u", base.get("bu", ""))),
        at=_time(record, base, now),
        value=_value(record, base),
    )


def _value(
    record: Mapping[str, Member], base: Mapping[str, Member]
) -> float | bool | None:
    if "vb" in record:
        return bool(record["vb"])
    if {"vs", "vd"} & record.keys() or not {"v", "bv"} & (record.keys() | base.keys()):
        return None
    return float(record.get("v", 0)) + float(base.get("bv", 0))


def _time(
    record: Mapping[str, Member], base: Mapping[str, Member], now: datetime
) -> datetime | None:
    if "t" not in record and "bt" not in base:
        return None
    seconds = float(record.get("t", 0)) + float(base.get("bt", 0))
    start = now if seconds < RELATIVE_BELOW_S else EPOCH
    return (start + timedelta(seconds=seconds)).astimezone(UTC)
