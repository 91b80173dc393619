"""One frame of SL 651-2014 in HEX/BCD encoding (6.5, tables 20 to 23).

Layout, station to centre; the other way round A and C change places::

    7E 7E  C  A A A A A  P P  F  L L  S  [N N N]  body  E  K K

- C: centre (中心站), 1 to 255; A: station (遥测站), five octets; P: password
- F: function (annex B)
- L: high four bits 0 up, 8 down; low twelve bits the octets between S and E
- S: 02 STX, or 16 SYN: then N is total and number of packets, twelve bits each
- E: 03 ETX, 17 ETB up; 05 ENQ, 06 ACK, 15 NAK, 04 EOT, 1B ESC down
- K: CRC of Modbus of all before it, high octet first
"""

from dataclasses import dataclass
from enum import IntEnum

from ingest.protocols.crc16 import modbus_crc16
from ingest.protocols.errors import ProtocolError
from vocabulary.refusal import Reason

START = b"\x7e\x7e"
"""Begins every frame."""

HEADER = 14
"""Octets up to and with STX or SYN."""

MAX_BODY = 4095
"""Most octets between STX and the end; the length field holds no more."""

TAIL = 3
"""Octets of the end and the CRC."""

MAX_FRAME = HEADER + MAX_BODY + TAIL
"""Longest frame."""

UP, DOWN = 0x0, 0x8
"""The direction's four bits."""

STX, SYN = 0x02, 0x16
"""Begin the body of a whole message, and of one packet of several."""

_NUMBERING = 3
_STATION = 5


class End(IntEnum):
    """The octet that ends a body, and what it asks for (table 10)."""

    ETX = 0x03  # the last of what there is to say
    EOT = 0x04  # all is taken in; the station may leave
    ENQ = 0x05  # a question or command of the centre
    ACK = 0x06  # taken in, go on
    NAK = 0x15  # send this packet again
    ETB = 0x17  # more follows
    ESC = 0x1B  # all is taken in; the station stays on line


class Function(IntEnum):
    """What a message is (annex B); codes without a name here are answers or private."""

    KEEP_ALIVE = 0x2F  # 链路维持报
    TEST = 0x30  # 测试报
    UNIFORM = 0x31  # 均匀时段水文信息报
    TIMED = 0x32  # 定时报
    EXTRA = 0x33  # 加报报
    HOURLY = 0x34  # 小时报
    MANUAL = 0x35  # 人工置数报
    PICTURE = 0x36  # 图片报
    CURRENT = 0x37  # 查询实时数据
    PERIOD = 0x38  # 查询时段数据
    LAST_MANUAL = 0x39  # 查询人工置数
    CHOSEN = 0x3A  # 查询指定要素
    PUMPS = 0x44  # 查询水泵电机实时数据
    STATUS = 0x46  # 查询状态和报警
    CLOCK = 0x51  # 查询时钟


@dataclass(frozen=True, slots=True)
class Packet:
    """Which packet of how many.

    Attributes:
        total: 1 to 4095.
        number: 1 to `total`.
    """

    total: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame, or a message whose packets were put together.

    Attributes:
        is_down: Whether it goes from the centre to the station.
        centre: The centre's address, 0 to 255.
        station: The station's five octets as ten hex digits, upper case; those of
            hydrological stations are decimal digits and begin with 00 (6.2.3.2).
        password: 0 to 65535.
        function: What it is, see `Function`.
        packet: Which packet; None after STX. Of a message put together, the last.
        body: Between STX (or the packet's number) and the end.
        end: What the end asks for.
    """

    is_down: bool
    centre: int
    station: str
    password: int
    function: int
    packet: Packet | None
    body: bytes
    end: End


def frame_length(octets: bytes) -> int | None:
    """Return how long the frame at the beginning of `octets` says it is.

    Args:
        octets: At least `HEADER` of them, beginning with `START`.

    Returns:
        None if no frame begins so.
    """
    direction, length = octets[11] >> 4, _length(octets)
    least = _NUMBERING if octets[13] == SYN else 1
    is_frame = direction in (UP, DOWN) and octets[13] in (STX, SYN) and length >= least
    return HEADER + length + TAIL if is_frame else None


def decode_frame(octets: bytes) -> Frame:
    """Read one whole frame.

    Args:
        octets: As long as `frame_length` says.

    Raises:
        ProtocolError: If its check code or one of its fixed octets is wrong.
    """
    if octets[-TAIL] not in End.__members__.values():
        detail = f"octet {octets[-TAIL]:02X} stands where the body must end"
        raise ProtocolError(Reason.BAD_FRAME, detail, octets)
    sent, right = int.from_bytes(octets[-2:], "big"), modbus_crc16(octets[:-2])
    if sent != right:
        detail = f"the check code is {sent:04X}, the octets' own is {right:04X}"
        raise ProtocolError(Reason.BAD_CHECKSUM, detail, octets)
    is_down = octets[11] >> 4 == DOWN
    packet, body = None, octets[HEADER:-TAIL]
    if octets[13] == SYN:
        packet, body = _packet(octets), body[_NUMBERING:]
    station = octets[2:7] if is_down else octets[3:8]
    return Frame(
        is_down=is_down,
        centre=octets[7] if is_down else octets[2],
        station=station.hex().upper(),
        password=int.from_bytes(octets[8:10], "big"),
        function=octets[10],
        packet=packet,
        body=body,
        end=End(octets[-TAIL]),
    )


def encode_frame(frame: Frame) -> bytes:
    """Write one frame; the inverse of `decode_frame`.

    Raises:
        ValueError: If a field is not what a frame can carry.
    """
    station, centre = bytes.fromhex(frame.station), bytes([frame.centre])
    numbering = b"" if frame.packet is None else _numbering(frame.packet)
    length = len(numbering) + len(frame.body)
    if len(station) != _STATION or not 0 < length <= MAX_BODY:
        raise ValueError(f"station {frame.station} or a body of {length} octets")
    direction = DOWN if frame.is_down else UP
    octets = b"".join(
        (
            START,
            station + centre if frame.is_down else centre + station,
            frame.password.to_bytes(2, "big"),
            bytes([frame.function]),
            (direction << 12 | length).to_bytes(2, "big"),
            bytes([STX if frame.packet is None else SYN]),
            numbering,
            frame.body,
            bytes([frame.end]),
        )
    )
    return octets + modbus_crc16(octets).to_bytes(2, "big")


def _length(octets: bytes) -> int:
    return int.from_bytes(octets[11:13], "big") & MAX_BODY


def _packet(octets: bytes) -> Packet:
    numbering = int.from_bytes(octets[HEADER : HEADER + _NUMBERING], "big")
    packet = Packet(numbering >> 12, numbering & MAX_BODY)
    if not 1 <= packet.number <= packet.total:
        detail = f"packet {packet.number} of {packet.total} cannot be"
        raise ProtocolError(Reason.BAD_FRAME, detail, octets)
    return packet


def _numbering(packet: Packet) -> bytes:
    return (packet.total << 12 | packet.number).to_bytes(_NUMBERING, "big")
