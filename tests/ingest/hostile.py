"""Payloads that nobody means well with, by the format they pretend to be.

Each has the reason it ends in quarantine for. All are at most a megabyte, or just over:
what a broker lets through.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.protocols.gezhi_json import MAX_MESSAGE
from ingest.protocols.sparkplug.wire import octets_field, varint_field
from vocabulary.refusal import Reason

NO_JSON = None
"""Bad JSON, or a bad field: whether the type or the end is seen first."""

DEEP = 100_000
DIGITS = b"9" * 1_000_000
LONG = b"x" * (MAX_MESSAGE // 4)
AT = b"2026-11-21T04:00:00Z"
AT_MS = b"1795233600000"


@dataclass(frozen=True, slots=True)
class Hostile:
    """One payload, and why it, or what of it, is refused; None where formats differ."""

    name: str
    payload: bytes
    reason: Reason | None


def _reading(values: bytes, device: bytes = b"MH-1", at: bytes = AT) -> bytes:
    text = b'{"readings":[{"device":"%b","measured_at":"%b","values":{%b}}]}'
    return text % (device, at, values)


def _many(head: bytes, item: bytes, tail: bytes) -> bytes:
    n = (MAX_MESSAGE - len(head) - len(tail)) // (len(item) + 1)
    return head + b",".join([item] * n) + tail


_STRANGERS = b",".join(
    b'{"device":"S-%d","measured_at":"%b","values":{"tilt_deg":1}}' % (n, AT)
    for n in range(10_000)
)
_WRONG_VALUES = b",".join(b'"%05d":""' % n for n in range(60_000))

ANY_JSON = (
    Hostile("over a megabyte", b" " * (MAX_MESSAGE + 1), Reason.TOO_LONG),
    Hostile("a megabyte of nothing", b" " * MAX_MESSAGE, NO_JSON),
    Hostile("no octet", b"", NO_JSON),
    Hostile("a NUL", b"\0", NO_JSON),
    Hostile("half of a surrogate pair", b'{"device":"\\ud800"}', NO_JSON),
    Hostile("an endless key", b'{"x' * (MAX_MESSAGE // 3), NO_JSON),
    Hostile("NaN", b'{"x":NaN}', NO_JSON),
    Hostile("Infinity", b'{"x":-Infinity}', NO_JSON),
    Hostile("deep objects", b'{"x":' * DEEP + b"1" + b"}" * DEEP, NO_JSON),
)

GEZHI = (
    *ANY_JSON,
    Hostile("deep lists", b"[" * DEEP, NO_JSON),
    Hostile("no UTF-8", _reading(b'"tilt_deg":1', b"\xff\xfe"), NO_JSON),
    Hostile("1e999", _reading(b'"tilt_deg":1e999'), Reason.BAD_VALUE),
    Hostile("a million digits", _reading(b'"tilt_deg":' + DIGITS), Reason.BAD_VALUE),
    Hostile("a number of digits", b'{"seq":' + DIGITS + b"}", Reason.BAD_FIELD),
    Hostile(
        "the year 1",
        _reading(b'"tilt_deg":1', at=b"0001-01-01T00:00:00+14:00"),
        Reason.IMPOSSIBLE_TIME,
    ),
    Hostile(
        "the year 9999",
        _reading(b'"tilt_deg":1', at=b"9999-12-31T23:59:59-14:00"),
        Reason.IMPOSSIBLE_TIME,
    ),
    Hostile(
        "a NUL in a name",
        _reading(b'"tilt_deg":1', b"MH\\u0000"),
        Reason.UNKNOWN_DEVICE,
    ),
    Hostile("a long name", _reading(b'"tilt_deg":1', LONG), Reason.BAD_FIELD),
    Hostile("a long quantity", _reading(b'"%b":1' % LONG), Reason.UNKNOWN_QUANTITY),
    Hostile("wrong values", _reading(_WRONG_VALUES), Reason.BAD_VALUE),
    Hostile("wrong readings", _many(b'{"readings":[', b"0", b"]}"), Reason.BAD_FIELD),
    Hostile("strangers", b'{"readings":[' + _STRANGERS + b"]}", Reason.UNKNOWN_DEVICE),
)

MSGPACK = (
    Hostile("MessagePack: a huge map", b"\xdf\xff\xff\xff\xff", Reason.BAD_FRAME),
    Hostile(
        "MessagePack: a huge list",
        b"\x81\xa8readings\xdd\xff\xff\xff\xff",
        Reason.BAD_FRAME,
    ),
    Hostile(
        "MessagePack: huge octets",
        b"\x81\xa8readings\xc6\xff\xff\xff\xff",
        Reason.BAD_FRAME,
    ),
    Hostile("MessagePack: deep lists", b"\x81\xa1x" + b"\x91" * DEEP, Reason.BAD_FRAME),
    Hostile(
        "MessagePack: no UTF-8",
        b"\x81\xa8readings\x91\x81\xa6device\xa1\xff",
        Reason.BAD_FRAME,
    ),
    Hostile(
        "MessagePack: NaN",
        b"\x81\xa8readings\x91\x83\xa6device\xa4MH-1\xabmeasured_at\xb4"
        + AT
        + b"\xa6values\x81\xa8tilt_deg\xcb\x7f\xf8"
        + bytes(6),
        Reason.BAD_VALUE,
    ),
    Hostile(
        "MessagePack: Infinity",
        b"\x81\xa8readings\x91\x83\xa6device\xa4MH-1\xabmeasured_at\xb4"
        + AT
        + b"\xa6values\x81\xa8tilt_deg\xcb\x7f\xf0"
        + bytes(6),
        Reason.BAD_VALUE,
    ),
)

SENML = (
    *ANY_JSON,
    Hostile("a million digits", b'[{"n":"a","v":' + DIGITS + b"}]", Reason.BAD_FIELD),
    Hostile("no UTF-8", b'[{"n":"\xff\xfe","v":1}]', NO_JSON),
    Hostile("1e999", b'[{"bn":"MH-1/","n":"tilt","v":1e999}]', Reason.BAD_FIELD),
    Hostile(
        "sums beyond numbers",
        b'[{"bn":"MH-1/","bv":1e300,"n":"tilt","v":1.7e308}]',
        Reason.BAD_FIELD,
    ),
    Hostile(
        "a long base name", b'[{"bn":"' + LONG + b'","n":"a","v":1}]', Reason.TOO_LONG
    ),
    Hostile("wrong records", _many(b"[", b'{"v":""}', b"]"), Reason.BAD_FIELD),
    Hostile("CBOR: a huge list", b"\x9b\x7f" + b"\xff" * 7, Reason.BAD_FRAME),
    Hostile(
        "CBOR: a huge text",
        b"\x81\xa1\x20\x7b\0\0\0\x7f" + b"\xff" * 4,
        Reason.BAD_FRAME,
    ),
    Hostile("CBOR: deep lists", b"\x81" * DEEP, Reason.BAD_FRAME),
    Hostile(
        "CBOR: a number of 8 million bits",
        b"\x81\xa1\x02\xc2\x5a\x00\x0f\x00\x00" + b"\xff" * 0xF0000,
        Reason.BAD_FIELD,
    ),
    Hostile(
        "CBOR: 1e2147483647",
        b"\x81\xa1\x02\xc4\x82\x1a\x7f\xff\xff\xff\x01",
        Reason.BAD_FRAME,
    ),
    Hostile(
        "CBOR: NaN",
        b"\x81\xa3\x00\x64tilt\x21\x65MH-1/\x02\xf9\x7e\x00",
        Reason.BAD_VALUE,
    ),
    Hostile(
        "CBOR: a record within itself",
        b"\x81\xd8\x1c\xa1\x02\xd8\x1d\x00",
        Reason.BAD_FIELD,
    ),
)

THINGSBOARD = (
    *ANY_JSON,
    Hostile("a million digits", b'{"MH-1":{"tilt":' + DIGITS + b"}}", Reason.BAD_FIELD),
    Hostile(
        "a time of digits",
        b'{"MH-1":{"ts":' + DIGITS + b',"tilt":1}}',
        Reason.BAD_FIELD,
    ),
    Hostile("a time of 1e999", b'{"MH-1":{"ts":1e999,"tilt":1}}', Reason.BAD_FIELD),
    Hostile("wrong times", _many(b'{"MH-1":[', b'{"ts":""}', b"]}"), Reason.BAD_TIME),
    Hostile("a long name", b'{"' + LONG + b'":{"tilt":1}}', Reason.TOO_LONG),
    Hostile("no UTF-8", b'{"\xff\xfe":{"tilt":1}}', NO_JSON),
)

_UPLINK = b'{"deviceInfo":{"devEui":"24e124785c420001"},"fCnt":1,"fPort":85,'

CHIRPSTACK4 = (
    *ANY_JSON,
    Hostile(
        "a long name",
        b'{"deviceInfo":{"deviceName":"' + LONG + b'"},"fCnt":1}',
        Reason.TOO_LONG,
    ),
    Hostile(
        "a frame of 100 kB",
        _UPLINK + b'"data":"' + b"AAAA" * 33_000 + b'"}',
        Reason.BAD_FIELD,
    ),
    Hostile("no UTF-8", b'{"deviceInfo":{"deviceName":"\xff\xfe"}}', NO_JSON),
    Hostile("a counter of digits", b'{"fCnt":' + DIGITS + b"}", Reason.BAD_FIELD),
)


def _metric(octets: bytes) -> bytes:
    return octets_field(2, octets)


SPARKPLUG = (
    Hostile("a huge length", b"\x12" + b"\xff" * 8 + b"\x7f", Reason.BAD_FRAME),
    Hostile("a number without an end", b"\x08" + b"\xff" * 100, Reason.BAD_FRAME),
    Hostile("empty metrics", b"\x12\x00" * 500_000, Reason.BAD_FRAME),
    Hostile(
        "empty properties",
        _metric(octets_field(9, b"\x0a\x00\x12\x00" * 200_000)),
        Reason.BAD_FIELD,
    ),
    Hostile("no UTF-8", _metric(octets_field(1, b"\xff\xfe")), Reason.BAD_FRAME),
    Hostile(
        "an alias nobody was born with",
        _metric(varint_field(2, 2**64 - 1)),
        Reason.BAD_FIELD,
    ),
    Hostile("over a megabyte", bytes(MAX_MESSAGE + 1), Reason.TOO_LONG),
)

BY_FORMAT: Mapping[str, tuple[Hostile, ...]] = {
    "gezhi": (*GEZHI, *MSGPACK),
    "senml": SENML,
    "thingsboard": THINGSBOARD,
    "chirpstack4": CHIRPSTACK4,
    "sparkplug": SPARKPLUG,
}
