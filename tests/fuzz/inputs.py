"""How a fuzzer's octets become a recording, and recordings a fuzzer's seeds.

    M  PART  FF FE FD  PART ...

M even: the parts are the recording as it is. M odd: each part is the inside of a
message, whose frame, length and check code are made right: no fuzzer guesses a CRC. In
formats that go over MQTT each part is a payload; its first octet chooses the topic.
"""

from collections.abc import Callable, Iterator, Mapping

from ingest.protocols.crc16 import modbus_crc16
from ingest.protocols.hj212.frame import MAX_SEGMENT, encode_frame
from ingest.protocols.jt808.frame import Deframer
from ingest.protocols.jt808.frame import pack as pack_jt808
from ingest.protocols.nmea0183.sentence import pack as pack_nmea
from ingest.protocols.sl651.frame import START
from tests.protocols.mutants import HEXADECIMAL, family
from tests.protocols.test_captures import Capture

PARTED = b"\xff\xfe\xfd"

TOPICS: Mapping[str, tuple[bytes, ...]] = {
    "sparkplug": tuple(
        b"spBv1.0/city/%b/GW-7%b" % (kind, b"/MH-0001" * (kind[:1] == b"D"))
        for kind in (b"NBIRTH", b"DBIRTH", b"NDATA", b"DDATA", b"DDEATH", b"NDEATH")
    ),
    "gezhi-msgpack": (b"gezhi/v1/GW-1/up", b"gezhi/v1/GW-1/status"),
}
"""Topics of formats whose recordings are hexadecimal and have some."""

NO_TOPIC = (b"",)


def recording_of(protocol: str, octets: bytes) -> bytes:
    """Return the recording that a fuzzer's octets stand for."""
    name, parts = family(protocol), octets[1:].split(PARTED)
    if name in HEXADECIMAL:
        return b"".join(_line(TOPICS.get(name, NO_TOPIC), part) for part in parts)
    if name in SEALS and octets[:1] and octets[0] % 2:
        return b"".join(map(SEALS[name], parts))
    return b"".join(parts)


def seeds_of(capture: Capture) -> Iterator[bytes]:
    """Return what stands for a recorded message."""
    name = family(capture.protocol)
    if name in HEXADECIMAL:
        yield b"\0" + PARTED.join(_parts(TOPICS.get(name, NO_TOPIC), capture.sent))
        return
    yield b"\0" + capture.sent
    if name in UNSEALED:
        yield b"\1" + PARTED.join(UNSEALED[name](capture.sent))


def _line(topics: tuple[bytes, ...], part: bytes) -> bytes:
    topic = topics[part[0] % len(topics)] if part else topics[0]
    return topic + b" " * bool(topic) + part[1:].hex().encode() + b"\n"


def _parts(topics: tuple[bytes, ...], sent: bytes) -> Iterator[bytes]:
    for line in sent.splitlines():
        topic, _, text = line.rpartition(b" ")
        chosen = topics.index(topic) if topic in topics else 0
        yield bytes([chosen]) + bytes.fromhex(text.decode())


def _seal_sl651(part: bytes) -> bytes:
    head, body = part[:12], part[12:4000]
    if len(head) < 12:
        return START + part
    length = (head[9] & 0xF0) << 8 | max(len(body) - 1, 0)
    whole = START + head[:9] + length.to_bytes(2, "big") + head[11:] + body
    return whole + modbus_crc16(whole).to_bytes(2, "big")


def _unseal_sl651(sent: bytes) -> list[bytes]:
    parts, rest = [], sent
    while rest.startswith(START) and len(rest) > 14:
        end = 14 + (int.from_bytes(rest[11:13], "big") & 0xFFF) + 1
        parts.append(rest[2:end])
        rest = rest[end + 2 :]
    return parts


def _seal_modbus(part: bytes) -> bytes:
    return b"\0\1\0\0" + len(part[:254]).to_bytes(2, "big") + part[:254]


def _unseal_modbus(sent: bytes) -> list[bytes]:
    parts, rest = [], sent
    while len(rest) > 6:
        end = 6 + int.from_bytes(rest[4:6], "big")
        parts.append(rest[6:end])
        rest = rest[end:]
    return parts


def _unseal_jt808(sent: bytes) -> list[bytes]:
    return [item for item in Deframer().receive_data(sent) if type(item) is bytes]


SEALS: Mapping[str, Callable[[bytes], bytes]] = {
    "nmea0183": lambda part: pack_nmea(part.replace(b"*", b"")),
    "jt808": pack_jt808,
    "sl651": _seal_sl651,
    "hj212": lambda part: encode_frame(part[:MAX_SEGMENT]),
    "modbus": _seal_modbus,
}
"""Makes the frame of a message around its inside."""

UNSEALED: Mapping[str, Callable[[bytes], list[bytes]]] = {
    "nmea0183": lambda sent: [
        line[1:].partition(b"*")[0] for line in sent.splitlines() if line[:1] == b"$"
    ],
    "jt808": _unseal_jt808,
    "sl651": _unseal_sl651,
    "hj212": lambda sent: [line[6:-4] for line in sent.split(b"\r\n") if line],
    "modbus": _unseal_modbus,
}
"""Takes the frames of recorded messages off."""
