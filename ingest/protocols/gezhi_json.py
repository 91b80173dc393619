"""Our own MQTT messages: JSON on `gezhi/v1/{gateway}/up` and `.../status`.

    up      {"seq": 17, "sent_at": T, "readings": [R, ...], "positions": [P, ...]}
      R     {"device": "MH-0001", "measured_at": T, "values": {"tilt_deg": 3.2, ...}}
      P     {"device": "VT-0001", "fixed_at": T, "lon": 111.0, "lat": 35.0,
             "speed_kmh": 31.5, "course_deg": 270, "altitude_m": 390,
             "satellites": 9, "hdop": 0.8, "inputs": 1}
    status  {"up": true, "at": T}            retained; the last will says false
      T     RFC 3339 with its zone, "2026-11-21T08:00:00Z"

A gateway counts `seq` up by one a message. In P all after `lat` may be left out, and so
may `seq`, `sent_at`, `readings`, `positions` and a status's `at`; a field that is not
known is skipped. Values are numbers or true and false. A bad value, reading or position
is refused by itself: its neighbours count. Nothing is flagged for want of a checksum,
because TCP has one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec

from ingest.protocols.errors import ProtocolError
from vocabulary.position import Position
from vocabulary.refusal import Reason

MAX_MESSAGE = 1024 * 1024
"""Longest message taken, octets."""

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone."""


class DeviceReadings(msgspec.Struct, frozen=True, kw_only=True):
    """What one device measured at one time.

    Attributes:
        device: Its address below the gateway.
        measured_at: When, aware.
        values: By quantity, the unit in its name; flags are 0 or 1.
    """

    device: str
    measured_at: Time
    values: Mapping[str, float | bool]


class UpMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway says.

    Attributes:
        seq: Its count of messages, if it counts.
        sent_at: When it sent this, aware, if it says.
        readings: In its order.
        positions: In its order.
        errors: What of it could not be taken; not sent.
    """

    seq: int | None = None
    sent_at: datetime | None = None
    readings: Sequence[DeviceReadings] = ()
    positions: Sequence[Position] = ()
    errors: Sequence[ProtocolError] = ()


class StatusMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whether a gateway is connected.

    Attributes:
        up: Whether it is.
        at: Since when, aware, if it says.
    """

    up: bool
    at: Time | None = None


def decode(payload: bytes) -> UpMessage:
    """Return what a gateway says; parts of it that cannot be are among its errors.

    Raises:
        ProtocolError: If it is too long, or not a JSON object.
    """
    _check_length(payload)
    try:
        up = _UP.decode(payload)
    except msgspec.ValidationError:
        return _decode_in_parts(payload)
    except _UNREADABLE as error:
        raise ProtocolError(Reason.BAD_JSON, str(error), payload) from error
    return UpMessage(
        seq=up.seq,
        sent_at=up.sent_at,
        readings=up.readings,
        positions=[_position(fix) for fix in up.positions],
    )


def encode(message: UpMessage) -> bytes:
    """Return the payload that says `message`; its errors are not said."""
    up = _Up(
        seq=message.seq,
        sent_at=message.sent_at,
        readings=list(message.readings),
        positions=[_fix(position) for position in message.positions],
    )
    return msgspec.json.encode(up)


def decode_status(payload: bytes) -> StatusMessage:
    """Return whether a gateway is connected.

    Raises:
        ProtocolError: If it does not say so.
    """
    _check_length(payload)
    try:
        return _STATUS.decode(payload)
    except msgspec.ValidationError as error:
        raise ProtocolError(_reason(str(error)), str(error), payload) from error
    except _UNREADABLE as error:
        raise ProtocolError(Reason.BAD_JSON, str(error), payload) from error


def encode_status(message: StatusMessage) -> bytes:
    """Return the payload that says `message`."""
    return msgspec.json.encode(message)


class _Fix(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    device: str
    fixed_at: Time
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    speed_kmh: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    satellites: Annotated[int, msgspec.Meta(ge=0, lt=2**15)] | None = None
    hdop: float | None = None
    inputs: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0


class _Up(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    seq: int | None = None
    sent_at: Time | None = None
    readings: list[DeviceReadings] = []
    positions: list[_Fix] = []


# The same, not looked into: how the good parts of a bad message are found.
class _RawUp(msgspec.Struct, frozen=True, kw_only=True):
    seq: msgspec.Raw = msgspec.Raw(b"null")
    sent_at: msgspec.Raw = msgspec.Raw(b"null")
    readings: msgspec.Raw = msgspec.Raw(b"[]")
    positions: msgspec.Raw = msgspec.Raw(b"[]")


class _RawReadings(msgspec.Struct, frozen=True, kw_only=True):
    device: str
    measured_at: Time
    values: dict[str, msgspec.Raw]


_UP = msgspec.json.Decoder(_Up)
_STATUS = msgspec.json.Decoder(StatusMessage)
_RAW_UP = msgspec.json.Decoder(_RawUp)
_RAW_READINGS = msgspec.json.Decoder(_RawReadings)
_FIX = msgspec.json.Decoder(_Fix)
_PARTS = msgspec.json.Decoder(list[msgspec.Raw])
_SEQ = msgspec.json.Decoder(int | None)
_SENT_AT = msgspec.json.Decoder(Time | None)
_VALUE = msgspec.json.Decoder(float | bool)

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises: no JSON, text that is not UTF-8, brackets without an end."""

Word = TypeVar("Word")


def _check_length(payload: bytes) -> None:
    if len(payload) > MAX_MESSAGE:
        detail = f"{len(payload)} octets; a message has at most {MAX_MESSAGE}"
        raise ProtocolError(Reason.TOO_LONG, detail, payload)


def _decode_in_parts(payload: bytes) -> UpMessage:
    try:
        up = _RAW_UP.decode(payload)
    except _UNREADABLE as error:
        raise ProtocolError(Reason.BAD_JSON, str(error), payload) from error
    errors: list[ProtocolError] = []
    return UpMessage(
        seq=_part(_SEQ, up.seq, "seq", errors),
        sent_at=_part(_SENT_AT, up.sent_at, "sent_at", errors),
        readings=_readings_in_parts(up.readings, errors),
        positions=_positions_in_parts(up.positions, errors),
        errors=errors,
    )


def _readings_in_parts(
    octets: msgspec.Raw, errors: list[ProtocolError]
) -> list[DeviceReadings]:
    good = []
    parts = _part(_PARTS, octets, "readings", errors)
    for n, part in enumerate(parts or []):
        readings = _part(_RAW_READINGS, part, f"readings[{n}]", errors)
        if readings is None:
            continue
        values: dict[str, float | bool] = {}
        for quantity, number in readings.values.items():
            where = f"readings[{n}].values.{quantity} of {readings.device}"
            value = _part(_VALUE, number, where, errors, Reason.BAD_VALUE)
            if value is not None:
                values[quantity] = value
        good.append(
            DeviceReadings(
                device=readings.device,
                measured_at=readings.measured_at,
                values=values,
            )
        )
    return good


def _positions_in_parts(
    octets: msgspec.Raw, errors: list[ProtocolError]
) -> list[Position]:
    parts = _part(_PARTS, octets, "positions", errors)
    fixes = [
        _part(_FIX, part, f"positions[{n}]", errors)
        for n, part in enumerate(parts or [])
    ]
    return [_position(fix) for fix in fixes if fix is not None]


def _part(
    decoder: msgspec.json.Decoder[Word],
    octets: msgspec.Raw,
    where: str,
    errors: list[ProtocolError],
    reason: Reason | None = None,
) -> Word | None:
    """Return what a part says, or None and one more error."""
    try:
        return decoder.decode(octets)
    except _UNREADABLE as error:
        why = str(error)
        errors.append(
            ProtocolError(reason or _reason(why), f"{where}: {why}", bytes(octets))
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


def _position(fix: _Fix) -> Position:
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
    )


def _fix(position: Position) -> _Fix:
    return _Fix(
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
    )
