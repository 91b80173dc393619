"""One edge node as a host follows it: births, deaths, sequence, names. Pure.

    message         seq      what it does
    NBIRTH          any      all names are forgotten but its own; the node is up
    DBIRTH          next     learns the device's names
    NDATA, DDATA    next     values under names or aliases that were born
    DDEATH          next     the device is away; its names stay
    NDEATH          none     the node is down, if its bdSeq is the birth's; else it is
                             the will of an earlier session and says nothing

    seq is not the next        all names are forgotten, a rebirth is wished for; what
                               comes under its full name and type still counts
    seq is the last one again  delivered twice: its values count, nothing else changes
    no birth was heard         as after a gap

Names are forgotten after a gap because the message that is missing may be a birth:
then alias 5 may be another quantity, and a wrong reading is worse than none. The wish
for a rebirth is a value; whoever has the link sends `rebirth_command`. It is wished for
once a minute at most.

Sparkplug 3.0.0, clauses 5.4 to 5.16 and 6.4.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingest.protocols.errors import ProtocolError
from ingest.protocols.sparkplug.payload import (
    QUALITY_GOOD,
    DataType,
    Metric,
    Payload,
    encode_payload,
    number_of,
)
from ingest.protocols.sparkplug.topic import Kind, Topic
from ingest.protocols.up_message import (
    MAX_NAME,
    DeviceReadings,
    DoubtfulReadings,
    Number,
)
from vocabulary.quality import Quality
from vocabulary.refusal import Reason
from vocabulary.times import EPOCH

SEQS = 256
"""Sequence numbers: 0 to 255, and again from 0."""

REBIRTH_AGAIN = timedelta(minutes=1)
"""Time after which a rebirth that did not come is wished for again."""

MAX_NAMES = 20_000
"""Most metrics one node may be born with, its devices' included."""

REBIRTH = "Node Control/Rebirth"
"""The metric that makes a node be born again."""

_BD_SEQ = "bdSeq"
_CONTROLS = ("Node Control/", "Device Control/")
_BAD, _STALE = 0, 500
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one message means.

    Attributes:
        readings: In its order; a node's own are under the node's name.
        errors: What of it could not be taken.
        is_up: Whether the node is, where the message says so.
        wants_rebirth: Whether the node shall be told to be born again.
    """

    readings: Sequence[DeviceReadings] = ()
    errors: Sequence[ProtocolError] = ()
    is_up: bool | None = None
    wants_rebirth: bool = False


@dataclass(frozen=True, slots=True)
class _Born:
    device: str
    name: str
    datatype: int


@dataclass(slots=True)
class NodeSession:
    """What is remembered of one node."""

    _next_seq: int | None = None
    _is_born: bool = False
    _bd_seq: float | None = None
    _asked_at: datetime | None = None
    _by_alias: dict[int, _Born] = field(default_factory=dict)
    _by_name: dict[tuple[str, str], _Born] = field(default_factory=dict)

    def receive(
        self, topic: Topic, payload: Payload, *, octets: bytes, now: datetime
    ) -> Heard:
        """Take one message of the node.

        Args:
            topic: Who says what; one of `topic.UP`.
            payload: What.
            octets: The whole message, for what is refused.
            now: What is taken where it says no time, and when a rebirth is due; aware.
        """
        if topic.kind is Kind.NDEATH:
            return self._die(payload)
        if topic.kind is Kind.NBIRTH:
            self._be_born(payload)
        else:
            self._count(payload.seq)
        errors: list[ProtocolError] = []
        if topic.kind in {Kind.NBIRTH, Kind.DBIRTH}:
            errors += self._learn(topic.device, payload.metrics, octets)
        device = topic.device or topic.node
        named, unknown = self._named(topic.device, payload.metrics)
        if unknown:
            detail = (
                f"{len(unknown)} metrics of {device} have no name or type since its "
                f"last birth was missed: {', '.join(unknown[:5])}"
            )
            errors.append(ProtocolError(Reason.BAD_FIELD, detail, octets))
        return Heard(
            readings=list(_readings(device, named, payload.timestamp_ms, now)),
            errors=errors,
            is_up=True if topic.kind is Kind.NBIRTH else None,
            wants_rebirth=self._wants_rebirth(now),
        )

    def types(self, device: str) -> dict[str, int]:
        """Return the types of what a device was born with, by name.

        Args:
            device: Its name; empty for the node itself.
        """
        return {
            name: born.datatype
            for (whose, name), born in self._by_name.items()
            if whose == device
        }

    def _be_born(self, payload: Payload) -> None:
        self._forget()
        self._next_seq = None if payload.seq is None else (payload.seq + 1) % SEQS
        self._is_born = True
        self._bd_seq = _bd_seq(payload)
        self._asked_at = None

    def _die(self, payload: Payload) -> Heard:
        bd_seq = _bd_seq(payload)
        if None not in {bd_seq, self._bd_seq} and bd_seq != self._bd_seq:
            return Heard()
        self._forget()
        return Heard(is_up=False)

    def _count(self, seq: int | None) -> None:
        """Follow the sequence; after a gap nothing is known."""
        expected = self._next_seq
        if expected is not None and seq == (expected - 1) % SEQS:
            return
        if seq is None or seq != expected:
            self._forget()
        self._next_seq = None if seq is None else (seq + 1) % SEQS

    def _wants_rebirth(self, now: datetime) -> bool:
        """Return whether to wish for a rebirth now; a wish is remembered."""
        if self._is_born:
            return False
        if self._asked_at is not None and now - self._asked_at < REBIRTH_AGAIN:
            return False
        self._asked_at = now
        return True

    def _forget(self) -> None:
        self._next_seq = None
        self._is_born = False
        self._by_alias.clear()
        self._by_name.clear()

    def _learn(
        self, device: str, metrics: Sequence[Metric], octets: bytes
    ) -> Iterator[ProtocolError]:
        for metric in metrics:
            if len(self._by_name) >= MAX_NAMES:
                detail = f"the node is born with over {MAX_NAMES} metrics"
                yield ProtocolError(Reason.TOO_LONG, detail, octets)
                return
            if max(len(metric.name), len(device)) > MAX_NAME:
                detail = f"a name has at most {MAX_NAME} characters"
                yield ProtocolError(Reason.TOO_LONG, detail, octets)
                return
            born = _Born(device, metric.name, metric.datatype)
            self._by_name[device, metric.name] = born
            if metric.alias is not None:
                self._by_alias[metric.alias] = born

    def _named(
        self, device: str, metrics: Sequence[Metric]
    ) -> tuple[list[tuple[str, Metric, Number]], list[str]]:
        """Return names, metrics and numbers, and what has no name or type."""
        named = []
        unknown = []
        for metric in metrics:
            born = self._by_name.get((device, metric.name))
            if metric.alias is not None and not metric.name:
                born = self._by_alias.get(metric.alias)
            name = metric.name or (born.name if born and born.device == device else "")
            datatype = metric.datatype or (born.datatype if born else 0)
            if not name or (type(metric.raw) is int and not datatype):
                unknown.append(name or f"alias {metric.alias}")
                continue
            number = number_of(metric.raw, datatype)
            is_ours = name != _BD_SEQ and not name.startswith(_CONTROLS)
            is_kept = not metric.is_null and not metric.is_transient
            if is_ours and is_kept and number is not None:
                named.append((name, metric, number))
        return named, unknown


def rebirth_command(now: datetime) -> bytes:
    """Return the NCMD payload that makes a node be born again."""
    at_ms = (now - EPOCH) // _MS
    metric = Metric(
        name=REBIRTH, timestamp_ms=at_ms, datatype=DataType.BOOLEAN, raw=True
    )
    return encode_payload(Payload(timestamp_ms=at_ms, metrics=[metric]))


def _bd_seq(payload: Payload) -> float | None:
    for metric in payload.metrics:
        if metric.name == _BD_SEQ and metric.raw is not None:
            return float(metric.raw)
    return None


def _readings(
    device: str,
    named: Sequence[tuple[str, Metric, Number]],
    sent_ms: int | None,
    now: datetime,
) -> Iterator[DeviceReadings]:
    """Yield one part for each time and quality, in the order they came."""
    parts: dict[tuple[int | None, int], dict[str, Number]] = defaultdict(dict)
    for name, metric, number in named:
        at_ms = metric.timestamp_ms if metric.timestamp_ms is not None else sent_ms
        parts[at_ms, metric.quality][name] = number
    for (at_ms, quality_code), values in parts.items():
        quality = _quality(quality_code)
        at = None if at_ms is None else _time(at_ms)
        if at is None:
            quality |= Quality.NO_DEVICE_TIME
        if quality:
            yield DoubtfulReadings(
                device=device, measured_at=at or now, values=values, quality=quality
            )
        elif at is not None:
            yield DeviceReadings(device=device, measured_at=at, values=values)


def _quality(code: int) -> Quality:
    if code == _STALE:
        return Quality.STUCK
    return Quality.GOOD if code == QUALITY_GOOD else Quality.SENSOR_FAULT


def _time(at_ms: int) -> datetime | None:
    try:
        return EPOCH + at_ms * _MS
    except OverflowError:
        return None
