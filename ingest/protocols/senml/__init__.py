"""SenML (RFC 8428), as JSON and as CBOR: `application/senml+json`, `+cbor`.

    [{"bn": "MH-0001/", "bt": 1795248000, "n": "tilt", "u": "deg", "v": 3.2},
     {"n": "temperature", "u": "Cel", "v": 21.5}]

In CBOR the fields are numbers (clause 6): bn -2, bt -3, bu -4, bv -5, bs -6, bver -1,
n 0, u 1, v 2, vs 3, vb 4, s 5, t 6, ut 7, vd 8. The first octet tells JSON (`[` or
space) from CBOR (an array, 80..9f).

Whose a record is: the base name's, without the mark at its end. Where the base name or
the name is missing, the whole name is parted at its last `/`, or behind the device of
a `urn:dev:TYPE:ID` (RFC 9039), or at its last `:`. `urn:dev:ow:10e2073a0108_voltage` is
`voltage` of `urn:dev:ow:10e2073a0108`; without `_voltage` the unit says what it is.

A longitude (unit `lon`) and a latitude (`lat`) of one device at one time are a
position. A record without a time is of now, which is flagged. Text, data and sums are
no readings.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

import cbor2
import msgspec

from ingest.protocols.errors import FirstErrors, ProtocolError
from ingest.protocols.json_document import read_json
from ingest.protocols.senml.record import Member, Resolved, resolve
from ingest.protocols.senml.units import ours
from ingest.protocols.up_message import (
    MAX_MESSAGE,
    DeviceReadings,
    DoubtfulReadings,
    Number,
    UpMessage,
)
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

LABELS: Mapping[int, str] = {
    -6: "bs",
    -5: "bv",
    -4: "bu",
    -3: "bt",
    -2: "bn",
    -1: "bver",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}
"""Names of the fields by their CBOR label (clause 6, table 4)."""

_NUMBERS = {name: label for label, name in LABELS.items()}
_CBOR_ARRAYS = range(0x80, 0xA0)
_MAX_DEPTH = 3  # an array of maps of plain values
_PLAIN = (int, float, bool, str, bytes)
_JSON = msgspec.json.Decoder(list[dict[str, float | bool | str]])
_MARKS = "/:.-_"  # what may end a base name (clause 4.5.1)
_DEVICE_URN = re.compile(r"(urn:dev:[^:]+:[^:_;/]+)[:_;]?(.*)")


def is_cbor(payload: bytes) -> bool:
    """Tell whether a message is in CBOR."""
    return bool(payload) and payload[0] in _CBOR_ARRAYS


def decode(payload: bytes, now: datetime) -> UpMessage:
    """Return what a message says; records that cannot be are among its errors.

    Args:
        payload: Its octets, JSON or CBOR.
        now: What relative times count from, aware.

    Raises:
        ProtocolError: If it is neither, too long, or must not be read.
    """
    read = _cbor if is_cbor(payload) else _json
    records: list[Resolved] = []
    errors = FirstErrors()
    for found in resolve(read(payload), now=now, octets=payload):
        if isinstance(found, Resolved):
            records.append(found)
        else:
            errors.add(found)
    return UpMessage(
        readings=_readings(records, now),
        positions=_positions(records, now),
        errors=errors.told(payload),
    )


def encode(message: UpMessage) -> bytes:
    """Return the JSON that says a message's readings, names as they are."""
    return msgspec.json.encode(_records(message))


def encode_cbor(message: UpMessage) -> bytes:
    """Return the CBOR that says a message's readings, names as they are."""
    numbered = [
        {_NUMBERS[name]: value for name, value in record.items()}
        for record in _records(message)
    ]
    return cbor2.dumps(numbered)


def _json(payload: bytes) -> Sequence[Mapping[str, Member]]:
    return read_json(_JSON, payload)


def _cbor(payload: bytes) -> Sequence[Mapping[str, Member]]:
    if len(payload) > MAX_MESSAGE:
        detail = f"{len(payload)} octets; a message has at most {MAX_MESSAGE}"
        raise ProtocolError(Reason.TOO_LONG, detail, payload)
    try:
        document: object = cbor2.loads(payload, max_depth=_MAX_DEPTH)
    except (cbor2.CBORDecodeError, ValueError, TypeError, ArithmeticError) as error:
        raise ProtocolError(Reason.BAD_FRAME, str(error), payload) from error
    if not isinstance(document, list):
        raise ProtocolError(Reason.BAD_FRAME, "no CBOR array", payload)
    return [_labelled(record, payload) for record in document]


def _labelled(record: object, payload: bytes) -> Mapping[str, Member]:
    """Return a CBOR map with the names that JSON has; unknown labels are skipped."""
    if not isinstance(record, dict):
        raise ProtocolError(Reason.BAD_FIELD, "a record is no CBOR map", payload)
    named: dict[str, Member] = {}
    for label, value in record.items():
        name = label if isinstance(label, str) else LABELS.get(label)
        if name is None:
            continue
        if not isinstance(value, _PLAIN):
            detail = f"field {name} is neither number, flag, text nor octets"
            raise ProtocolError(Reason.BAD_FIELD, detail, payload)
        named[name] = value
    return named


def _readings(records: Sequence[Resolved], now: datetime) -> list[DeviceReadings]:
    values: dict[tuple[str, datetime | None], dict[str, Number]] = defaultdict(dict)
    for record in records:
        if record.value is None or record.unit in {"lon", "lat"}:
            continue
        device, name = _device_and_name(record)
        if isinstance(record.value, bool):
            values[device, record.at][name or "value"] = record.value
        else:
            quantity, value = ours(name, record.unit, record.value)
            values[device, record.at][quantity] = value
    return [
        DeviceReadings(device=device, measured_at=at, values=found)
        if at
        else DoubtfulReadings(
            device=device,
            measured_at=now,
            values=found,
            quality=Quality.NO_DEVICE_TIME,
        )
        for (device, at), found in values.items()
    ]


def _positions(records: Sequence[Resolved], now: datetime) -> list[Position]:
    found: dict[tuple[str, datetime | None], dict[str, float]] = defaultdict(dict)
    for record in records:
        if record.unit in {"lon", "lat"} and record.value is not None:
            device, _ = _device_and_name(record)
            found[device, record.at][record.unit] = float(record.value)
    return [
        Position(
            device=device,
            fixed_at=at or now,
            lon=place["lon"],
            lat=place["lat"],
            quality=Quality.GOOD if at else Quality.NO_DEVICE_TIME,
        )
        for (device, at), place in found.items()
        if len(place) > 1
    ]


def _device_and_name(record: Resolved) -> tuple[str, str]:
    if record.base and record.name:
        return record.base.rstrip(_MARKS), record.name
    whole = record.base + record.name
    if "/" in whole.rstrip(_MARKS):
        device, _, name = whole.rstrip(_MARKS).rpartition("/")
        return device, name
    urn = _DEVICE_URN.fullmatch(whole)
    if urn:
        return urn[1], urn[2]
    device, _, name = whole.rpartition(":")
    return (device, name) if device else (whole, "")


def _records(message: UpMessage) -> list[dict[str, Number | str]]:
    return [
        {
            "bn": f"{part.device}/",
            "n": name,
            "t": part.measured_at.timestamp(),
            ("vb" if isinstance(value, bool) else "v"): value,
        }
        for part in message.readings
        for name, value in part.values.items()
    ]
