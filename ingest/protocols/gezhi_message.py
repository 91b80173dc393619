"""Our own messages, whatever octets they are written in: JSON or MessagePack.

The whole message is read at once. Only where something in it is wrong are its parts
read one by one, so that a bad value, reading or position is refused by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol, TypeVar

import msgspec

from ingest.protocols.errors import FirstErrors, ProtocolError
from ingest.protocols.up_message import (
    MAX_MESSAGE,
    DeviceReadings,
    DoubtfulReadings,
    Name,
    Number,
    Time,
    UpMessage,
)
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.refusal import Reason
from vocabulary.sequence import HIGHEST_SEQ

QualityBits = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]
"""`Quality` as it is written."""

Seq = Annotated[int, msgspec.Meta(ge=0, le=HIGHEST_SEQ)]
"""The number of a message."""

SAID = (
    Quality.CLOCK_CORRECTED
    | Quality.NO_INTEGRITY_CHECK
    | Quality.SIMULATED
    | Quality.NO_DEVICE_TIME
    | Quality.SENSOR_FAULT
)
"""Doubts that a gateway may know of; the others are ours to find, and are skipped."""

Word = TypeVar("Word")
WordOut_co = TypeVar("WordOut_co", covariant=True)


class StatusMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a gateway is connected.

    Attributes:
        up: Whether it is.
        at: Since when, aware, if it says.
    """

    up: bool
    at: Time | None = None


class Fix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A position as it is written."""

    device: Name
    fixed_at: Time
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    speed_kmh: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    satellites: Annotated[int, msgspec.Meta(ge=0, lt=2**15)] | None = None
    hdop: float | None = None
    inputs: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    quality: QualityBits = 0


class Up(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An up message as it is written."""

    seq: Seq | None = None
    sent_at: Time | None = None
    readings: list[DeviceReadings] = []
    positions: list[Fix] = []


class Part(DeviceReadings, frozen=True, kw_only=True):
    """A device's readings as they are written where some are doubtful."""

    quality: QualityBits = 0


class DoubtfulUp(msgspec.Struct, frozen=True, kw_only=True):
    """An up message as it is written where some readings are doubtful."""

    seq: Seq | None = None
    sent_at: Time | None = None
    readings: list[Part] = []
    positions: list[Fix] = []


class RawUp(msgspec.Struct, frozen=True, kw_only=True):
    """An up message whose parts are not looked into yet; what is absent is empty."""

    seq: msgspec.Raw = msgspec.Raw()
    sent_at: msgspec.Raw = msgspec.Raw()
    readings: msgspec.Raw = msgspec.Raw()
    positions: msgspec.Raw = msgspec.Raw()


class RawReadings(msgspec.Struct, frozen=True, kw_only=True):
    """A device's readings whose values are not looked into yet."""

    device: Name
    measured_at: Time
    values: dict[str, msgspec.Raw]
    quality: QualityBits = 0


class Decoder(Protocol[WordOut_co]):
    """Reads one sort of word."""

    def decode(self, octets: bytes, /) -> WordOut_co:
        """Return the word that the octets say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One way to write our messages in octets.

    Attributes:
        broken: The reason for octets that are no such writing at all.
        encode: Writes any word.
        up: Reads a whole message.
        doubtful_up: Reads one in which some readings are doubtful; the others read a
            part of one.
    """

    broken: Reason
    encode: Callable[[object], bytes]
    up: Decoder[Up]
    doubtful_up: Decoder[DoubtfulUp]
    status: Decoder[StatusMessage]
    raw_up: Decoder[RawUp]
    parts: Decoder[list[msgspec.Raw]]
    raw_readings: Decoder[RawReadings]
    fix: Decoder[Fix]
    seq: Decoder[Seq | None]
    sent_at: Decoder[datetime | None]
    value: Decoder[Number]


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises: not its writing, no UTF-8, brackets without an end."""


def decode_up(wire: Wire, payload: bytes) -> UpMessage:
    """Return what a gateway says; parts of it that cannot be are among its errors.

    Raises:
        ProtocolError: If it is too long, or no object at all.
    """
    _check_length(payload)
    try:
        readings, up = _read(wire, payload)
    except msgspec.ValidationError:
        return _InParts(wire).message(payload)
    except _UNREADABLE as error:
        raise ProtocolError(wire.broken, str(error), payload) from error
    return UpMessage(
        seq=up.seq,
        sent_at=up.sent_at,
        readings=readings,
        positions=[_position(fix) for fix in up.positions],
    )


def encode_up(wire: Wire, message: UpMessage) -> bytes:
    """Return the payload that says `message`; its errors are not said."""
    up = Up(
        seq=message.seq,
        sent_at=message.sent_at,
        readings=list(message.readings),
        positions=[_fix(position) for position in message.positions],
    )
    return wire.encode(up)


def decode_status(wire: Wire, payload: bytes) -> StatusMessage:
    """Return whether a gateway is connected.

    Raises:
        ProtocolError: If it does not say so.
    """
    _check_length(payload)
    try:
        return wire.status.decode(payload)
    except msgspec.ValidationError as error:
        raise ProtocolError(_reason(str(error)), str(error), payload) from error
    except _UNREADABLE as error:
        raise ProtocolError(wire.broken, str(error), payload) from error


def _read(
    wire: Wire, payload: bytes
) -> tuple[Sequence[DeviceReadings], Up | DoubtfulUp]:
    # Most messages doubt nothing, and are read faster without looking for it.
    if b"quality" not in payload:
        up = wire.up.decode(payload)
        return up.readings, up
    doubtful = wire.doubtful_up.decode(payload)
    parts = [
        _part(part.device, part.measured_at, part.values, part.quality)
        for part in doubtful.readings
    ]
    return parts, doubtful


def _part(
    device: str, measured_at: datetime, values: Mapping[str, Number], quality: int
) -> DeviceReadings:
    doubt = Quality(quality) & SAID
    if not doubt:
        return DeviceReadings(device=device, measured_at=measured_at, values=values)
    return DoubtfulReadings(
        device=device, measured_at=measured_at, values=values, quality=doubt
    )


def _check_length(payload: bytes) -> None:
    if len(payload) > MAX_MESSAGE:
        detail = f"{len(payload)} octets; a message has at most {MAX_MESSAGE}"
        raise ProtocolError(Reason.TOO_LONG, detail, payload)


class _InParts:
    """Reads a message part by part, and collects what is wrong."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._errors = FirstErrors()

    def message(self, payload: bytes) -> UpMessage:
        try:
            up = self._wire.raw_up.decode(payload)
        except _UNREADABLE as error:
            raise ProtocolError(self._wire.broken, str(error), payload) from error
        said = UpMessage(
            seq=self._part(self._wire.seq, up.seq, "seq"),
            sent_at=self._part(self._wire.sent_at, up.sent_at, "sent_at"),
            readings=self._readings(up.readings),
            positions=self._positions(up.positions),
        )
        return msgspec.structs.replace(said, errors=self._errors.told(payload))

    def _readings(self, octets: msgspec.Raw) -> list[DeviceReadings]:
        good = []
        parts = self._part(self._wire.parts, octets, "readings")
        for n, part in enumerate(parts or []):
            raw = self._part(self._wire.raw_readings, part, f"readings[{n}]")
            if raw is None:
                continue
            values: dict[str, Number] = {}
            for quantity, number in raw.values.items():
                where = f"readings[{n}].values.{quantity} of {raw.device}"
                value = self._part(self._wire.value, number, where, Reason.BAD_VALUE)
                if value is not None:
                    values[quantity] = value
            good.append(_part(raw.device, raw.measured_at, values, raw.quality))
        return good

    def _positions(self, octets: msgspec.Raw) -> list[Position]:
        parts = self._part(self._wire.parts, octets, "positions")
        fixes = [
            self._part(self._wire.fix, part, f"positions[{n}]")
            for n, part in enumerate(parts or [])
        ]
        return [_position(fix) for fix in fixes if fix is not None]

    def _part(
        self,
        decoder: Decoder[Word],
        octets: msgspec.Raw,
        where: str,
        reason: Reason | None = None,
    ) -> Word | None:
        """Return what a part says, or None: it is absent, or one more error."""
        if not octets:
            return None
        try:
            return decoder.decode(octets)
        except _UNREADABLE as error:
            if self._errors.is_full:
                self._errors.count()
                return None
            why = str(error)
            detail = f"{where}: {why}"
            self._errors.add(
                ProtocolError(reason or _reason(why), detail, bytes(octets))
            )
            return None


def _reason(why: str) -> Reason:
    """Return the word for what msgspec said."""
    if "timezone component" in why:
        return Reason.NAIVE_TIME
    if "datetime" in why or "_at`" in why:
        return Reason.BAD_TIME
    if "`$.lon`" in why or "`$.lat`" in why:
        return Reason.BAD_POSITION
    return Reason.BAD_FIELD


def _position(fix: Fix) -> Position:
    return Position(
        device=fix.device,
        fixed_at=fix.fixed_at,
        lon=fix.lon,
        lat=fix.lat,
        speed_kmh=fix.speed_kmh,
        course_deg=fix.course_deg,
        altitude_m=fix.altitude_m,
        satellites=fix.satellites,
        hdop=fix.hdop,
        inputs=fix.inputs,
        quality=Quality(fix.quality) & SAID,
    )


def _fix(position: Position) -> Fix:
    return Fix(
        device=position.device,
        fixed_at=position.fixed_at,
        lon=position.lon,
        lat=position.lat,
        speed_kmh=position.speed_kmh,
        course_deg=position.course_deg,
        altitude_m=position.altitude_m,
        satellites=position.satellites,
        hdop=position.hdop,
        inputs=position.inputs,
        quality=position.quality & SAID,
    )
