"""ThingsBoard's gateway API: what a gateway publishes on `v1/gateway/...`, as JSON.

    telemetry   {"MH-0001": [{"ts": 1795248000000, "values": {"tilt": 3.2}},
                             {"tilt": 3.3}], ...}       ts in ms; without it: now
    attributes  {"MH-0001": {"firmware": "1.2"}, ...}
    connect     {"device": "MH-0001", "type": "cover"}
    disconnect  {"device": "MH-0001"}
    rpc         {"device": "L-01", "data": {"id": 7, "method": "set", "params": {}}}
                what we ask; a gateway answers on the same topic:
                {"device": "L-01", "id": 7, "data": {"success": true}}

One device's list may be a single object. Values are numbers, flags, numbers in quotes,
or nested; other words are no readings. Attributes are what a device is, not what it
measures: understood, and not stored. `claim` is not spoken.

A broker sends us back what we ask on the gateway's own topic, and a gateway its own
answers: a question has its number in `data`, an answer beside it, so both are known.

Docs: thingsboard.io, Reference, Gateway MQTT API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from ingest.protocols.errors import FirstErrors, ProtocolError
from ingest.protocols.json_document import numbers_of, read_json
from ingest.protocols.up_message import (
    MAX_NAME,
    DeviceReadings,
    DoubtfulReadings,
    Notice,
    UpMessage,
)
from vocabulary.quality import Quality
from vocabulary.refusal import Reason
from vocabulary.times import EPOCH

KINDS = ("telemetry", "attributes", "connect", "disconnect", "rpc")
"""Last levels of the topics that are understood."""

RPC_TOPIC = "v1/gateway/rpc"
"""Where a gateway is asked, and answers."""

MAX_DETAIL = 200
"""Most characters kept of what a device answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcAnswer:
    """What a device answers to an `rpc` of ours.

    Attributes:
        device: Its name.
        number: The question's.
        is_done: Whether it says so: it does not say `success: false`, nor an error.
        detail: Its own words, as JSON, at most `MAX_DETAIL` characters.
    """

    device: str
    number: int
    is_done: bool
    detail: str


class _Connection(msgspec.Struct, kw_only=True):
    device: str


class _Rpc(msgspec.Struct, kw_only=True):
    device: str
    id: int | None = None  # in an answer
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Outcome(msgspec.Struct, kw_only=True):
    success: bool = True
    error: object = None


_DEVICES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_CONNECTION = msgspec.json.Decoder(_Connection)
_RPC = msgspec.json.Decoder(_Rpc)
_OUTCOME = msgspec.json.Decoder(_Outcome)
_ONE_OR_MORE = msgspec.json.Decoder(list[dict[str, object]] | dict[str, object])

_MS = timedelta(milliseconds=1)


def decode(payload: bytes, kind: str, now: datetime) -> UpMessage | Notice:
    """Return what a message says; parts of it that cannot be are among its errors.

    Args:
        payload: Its octets.
        kind: The last level of its topic.
        now: What is taken where a device says no time, aware.

    Raises:
        ProtocolError: If it is too long, no JSON, or of no kind that is known.
    """
    if kind in {"connect", "disconnect"}:
        return Notice(kind=kind, device=read_json(_CONNECTION, payload).device)
    if kind == "attributes":
        devices = read_json(_DEVICES, payload)
        return Notice(kind=kind, device=" ".join(devices))
    if kind == "telemetry":
        return _telemetry(payload, now)
    if kind == "rpc":
        return Notice(kind=kind, device=read_json(_RPC, payload).device)
    detail = f"v1/gateway/{kind} is none of {', '.join(KINDS)}"
    raise ProtocolError(Reason.UNKNOWN_TOPIC, detail, payload)


def encode(message: UpMessage) -> bytes:
    """Return the telemetry that says a message's readings."""
    devices: dict[str, list[dict[str, object]]] = {}
    for part in message.readings:
        ms = (part.measured_at - EPOCH) // _MS
        devices.setdefault(part.device, []).append({"ts": ms, "values": part.values})
    return msgspec.json.encode(devices)


def encode_rpc(
    *, device: str, number: int, method: str, params: Mapping[str, object]
) -> bytes:
    """Return the payload that asks a device for something; it goes to `RPC_TOPIC`.

    Args:
        device: Its name.
        number: Ours, which the answer will have.
        method: What it shall do, in its own word.
        params: How, in its own words.
    """
    question = {"id": number, "method": method, "params": params}
    return msgspec.json.encode({"device": device, "data": question})


def decode_rpc(payload: bytes) -> RpcAnswer | None:
    """Return what a device answers; None for a question, which is ours come back.

    Raises:
        ProtocolError: If it is too long, no JSON, or neither.
    """
    said = read_json(_RPC, payload)
    if said.id is None:
        return None
    data = bytes(said.data)
    return RpcAnswer(
        device=said.device,
        number=said.id,
        is_done=_is_done(data),
        detail=data.decode()[:MAX_DETAIL],
    )


def encode_rpc_answer(*, device: str, number: int, is_done: bool) -> bytes:
    """Return what a gateway answers for a device; the inverse of `decode_rpc`."""
    outcome = {"success": is_done}
    return msgspec.json.encode({"device": device, "id": number, "data": outcome})


def _is_done(data: bytes) -> bool:
    """Return whether an answer is a success; what is no object of ours is one."""
    try:
        outcome = _OUTCOME.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return True
    return outcome.success and not outcome.error


def _telemetry(payload: bytes, now: datetime) -> UpMessage:
    readings: list[DeviceReadings] = []
    errors = FirstErrors()
    for device, raw in read_json(_DEVICES, payload).items():
        octets = bytes(raw)
        try:
            told = _told(device, octets)
        except ProtocolError as error:
            errors.add(_of(device, error, octets))
            continue
        for one in [told] if isinstance(told, dict) else told:
            try:
                readings += _readings(device, one, now)
            except ProtocolError as error:
                errors.add(_of(device, error, octets))
    return UpMessage(readings=readings, errors=errors.told(payload))


def _told(device: str, octets: bytes) -> list[dict[str, object]] | dict[str, object]:
    if len(device) > MAX_NAME:
        detail = f"{len(device)} characters; a name has at most {MAX_NAME}"
        raise ProtocolError(Reason.TOO_LONG, detail, octets)
    told: list[dict[str, object]] | dict[str, object] = read_json(_ONE_OR_MORE, octets)
    return told


def _of(device: str, error: ProtocolError, octets: bytes) -> ProtocolError:
    """Return an error of a device; all of one device share its octets."""
    detail = f"{device[:MAX_NAME]}: {error.detail}"
    return ProtocolError(error.reason, detail, octets)


def _readings(
    device: str, told: Mapping[str, object], now: datetime
) -> list[DeviceReadings]:
    """Return what one entry of a device says; nothing if it has no numbers."""
    values = told.get("values")
    if not isinstance(values, dict):
        values = {name: value for name, value in told.items() if name != "ts"}
    numbers = numbers_of(values)
    at = _time(told.get("ts"))
    if not numbers:
        return []
    if at is not None:
        return [DeviceReadings(device=device, measured_at=at, values=numbers)]
    return [
        DoubtfulReadings(
            device=device,
            measured_at=now,
            values=numbers,
            quality=Quality.NO_DEVICE_TIME,
        )
    ]


def _time(ts: object) -> datetime | None:
    if ts is None:
        return None
    if isinstance(ts, bool) or not isinstance(ts, int | float):
        raise ProtocolError(Reason.BAD_TIME, f"ts {ts!r} is no number of ms", b"")
    try:
        return EPOCH + ts * _MS
    except (OverflowError, ValueError) as error:
        raise ProtocolError(
            Reason.BAD_TIME, f"ts {ts} is in no calendar", b""
        ) from error
