"""What a station says, as octets: for simulators, and for reading back in tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from ingest.protocols.sl651.bcd import number_octets, time_octets
from ingest.protocols.sl651.body import EXTENDED, Element, Mark
from ingest.protocols.sl651.elements import LEVEL_PACKS, RAIN_PACK, STATUS, STATUS_SIZE
from ingest.protocols.sl651.frame import End, Frame, Packet, encode_frame
from vocabulary.times import BEIJING


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who speaks, and to whom.

    Attributes:
        station: Five octets as ten hex digits.
        centre: 1 to 255.
        password: 0 to 65535.
        station_class: One letter of annex A.
        zone: Of the station's clock.
    """

    station: str
    centre: int = 1
    password: int = 0
    station_class: str = "H"
    zone: tzinfo = BEIJING


def measured(
    guide: int, value: float | None, *, length: int = 4, decimals: int = 3
) -> Element:
    """Return an element with a number; None is written as all F.

    Raises:
        ValueError: If the number does not fit.
    """
    return Element(guide, number_octets(value, length, decimals), decimals)


def status(word: int) -> Element:
    """Return the element of the station's state (table 58)."""
    return Element(STATUS, word.to_bytes(STATUS_SIZE, "big"), 0)


def rain_pack(rain_mm: Sequence[float | None]) -> Element:
    """Return the element of an hour's twelve sums of rain."""
    octets = bytes(0xFF if mm is None else round(mm * 10) for mm in rain_mm)
    return Element(RAIN_PACK, octets, 0)


def level_pack(level_m: Sequence[float | None], *, number: int = 1) -> Element:
    """Return the element of an hour's twelve relative levels."""
    cm = [0xFFFF if level is None else round(level * 100) for level in level_m]
    octets = b"".join(one.to_bytes(2, "big") for one in cm)
    return Element(LEVEL_PACKS[number - 1], octets, 0)


def head(serial: int, sent_at: datetime, sender: Sender) -> bytes:
    """Return how every body begins; a keep-alive is nothing else."""
    return serial.to_bytes(2, "big") + time_octets(sent_at, sender.zone)


def observation(
    sender: Sender, observed_at: datetime, elements: Sequence[Element]
) -> bytes:
    """Return the station, its class, the time, and what was observed then."""
    who = bytes([Mark.STATION, Mark.STATION]) + bytes.fromhex(sender.station)
    letter = sender.station_class.encode("ascii")
    return who + letter + further(sender, observed_at, elements)


def further(
    sender: Sender, observed_at: datetime, elements: Sequence[Element]
) -> bytes:
    """Return another time and what was observed then."""
    time = time_octets(observed_at, sender.zone)[:5]
    octets = b"".join(_guide(element) + element.data for element in elements)
    return bytes([Mark.OBSERVED, Mark.OBSERVED]) + time + octets


def series(
    sender: Sender, first_at: datetime, *, step_min: int, values: Sequence[Element]
) -> bytes:
    """Return values of one element in equal steps (6.6.4.4).

    Args:
        sender: Who observed them.
        first_at: The time of the first.
        step_min: Minutes between two, 1 to 59.
        values: One element, value by value, all of one length.
    """
    step = bytes([Mark.STEP, 0x18, 0, 0, *bytes.fromhex(f"{step_min:02d}")])
    data = b"".join(value.data for value in values)
    return observation(sender, first_at, []) + step + _guide(values[0]) + data


def message(sender: Sender, function: int, body: bytes, *, end: End = End.ETX) -> bytes:
    """Return a message in one frame."""
    return encode_frame(_frame(sender, function, body, packet=None, end=end))


def packets(
    sender: Sender, function: int, body: bytes, *, size: int = 220
) -> list[bytes]:
    """Return a message in frames of at most `size` octets of body (mode M3)."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return [
        encode_frame(
            _frame(
                sender,
                function,
                part,
                packet=Packet(len(parts), number),
                end=End.ETX if number == len(parts) else End.ETB,
            )
        )
        for number, part in enumerate(parts, start=1)
    ]


def _frame(
    sender: Sender, function: int, body: bytes, *, packet: Packet | None, end: End
) -> Frame:
    return Frame(
        is_down=False,
        centre=sender.centre,
        station=sender.station,
        password=sender.password,
        function=function,
        packet=packet,
        body=body,
        end=end,
    )


def _guide(element: Element) -> bytes:
    guide = element.guide.to_bytes(2 if element.guide >> 8 == EXTENDED else 1, "big")
    return guide + bytes([len(element.data) << 3 | element.decimals])
