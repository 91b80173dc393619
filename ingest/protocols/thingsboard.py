"""ThingsBoard's gateway API: what a gateway publishes on `v1/gateway/...`, as JSON.

    telemetry   {"MH-0001": [{"ts": 1795248000000, "values": {"tilt": 3.2}},
                             {"tilt": 3.3}], ...}       ts in ms; without it: now
    attributes  {"MH-0001": {"firmware": "1.2"}, ...}
    connect     {"device": "MH-0001", "type": "cover"}
    disconnect  {"device": "MH-0001"}

One device's list may be a single object. Values are numbers, flags, numbers in quotes,
or nested; other words are no readings. Attributes are what a device is, not what it
measures: understood, and not stored. `rpc` and `claim` are not spoken.

Docs: thingsboard.io, Reference, Gateway MQTT API.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from ingest.protocols.errors import ProtocolError
from ingest.protocols.json_document import numbers_of, read_json
from ingest.protocols.up_message import (
    DeviceReadings,
    DoubtfulReadings,
    Notice,
    UpMessage,
)
from vocabulary.quality import Quality
from vocabulary.refusal import Reason
from vocabulary.times import EPOCH

KINDS = ("telemetry", "attributes", "connect", "disconnect")
"""Last levels of the topics that are understood."""


class _Connection(msgspec.Struct, kw_only=True):
    device: str


_DEVICES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_CONNECTION = msgspec.json.Decoder(_Connection)
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
    detail = f"v1/gateway/{kind} is none of {', '.join(KINDS)}"
    raise ProtocolError(Reason.UNKNOWN_TOPIC, detail, payload)


def encode(message: UpMessage) -> bytes:
    """Return the telemetry that says a message's readings."""
    devices: dict[str, list[dict[str, object]]] = {}
    for part in message.readings:
        ms = (part.measured_at - EPOCH) // _MS
        devices.setdefault(part.device, []).append({"ts": ms, "values": part.values})
    return msgspec.json.encode(devices)


def _telemetry(payload: bytes, now: datetime) -> UpMessage:
    readings: list[DeviceReadings] = []
    errors: list[ProtocolError] = []
    for device, octets in read_json(_DEVICES, payload).items():
        try:
            told = read_json(_ONE_OR_MORE, bytes(octets))
        except ProtocolError as error:
            errors.append(_of(device, error, octets))
            continue
        for one in [told] if isinstance(told, dict) else told:
            try:
                readings += _readings(device, one, now)
            except ProtocolError as error:
                errors.append(_of(device, error, octets))
    return UpMessage(readings=readings, errors=errors)


def _of(device: str, error: ProtocolError, octets: msgspec.Raw) -> ProtocolError:
    return ProtocolError(error.reason, f"{device}: {error.detail}", bytes(octets))


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
