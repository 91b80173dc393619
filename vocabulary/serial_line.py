"""How a serial line is set: `9600 8N1` as people write it."""

import re
from dataclasses import dataclass

BAUD_RATES = (1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200)
"""What serial hardware can be set to."""

_LINE = re.compile(r"(\d{4,6}) ([78])([NEO])([12])")


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialLine:
    """One setting, the same at both ends.

    Attributes:
        baud: Bits per second.
        data_bits: 7 or 8; Modbus RTU needs 8.
        parity: `N`, `E` or `O`.
        stop_bits: 1 or 2.
    """

    baud: int
    data_bits: int
    parity: str
    stop_bits: int

    def silence_s(self) -> float:
        """Return the pause that parts two frames (MODBUS serial line V1.02, 2.5.1.1).

        It is 3.5 characters of 11 bits, and above 19,200 baud always 1.75 ms.
        """
        if self.baud > 19_200:  # noqa: PLR2004 (the standard's own)
            return 0.00175
        return 3.5 * 11 / self.baud

    def frame_s(self, octets: int) -> float:
        """Return how long so many octets take on the wire."""
        bits = 1 + self.data_bits + (self.parity != "N") + self.stop_bits
        return octets * bits / self.baud


def is_serial_device(path: str) -> bool:
    """Tell whether a path can be a serial device's.

    The serial library would take a URL for an order to open something else.
    """
    return path.startswith("/dev/") and "://" not in path and "/../" not in path


def serial_line(text: str) -> SerialLine:
    """Read a setting such as `9600 8N1`.

    Raises:
        ValueError: If it is none, or not one that RTU frames can go over.
    """
    match = _LINE.fullmatch(text)
    if match is None or int(match[1]) not in BAUD_RATES:
        rates = ", ".join(map(str, BAUD_RATES))
        raise ValueError(f"{text!r} is no line such as 9600 8N1; rates: {rates}")
    if match[2] != "8":
        raise ValueError(f"{text!r}: RTU frames need 8 data bits")
    return SerialLine(
        baud=int(match[1]),
        data_bits=int(match[2]),
        parity=match[3],
        stop_bits=int(match[4]),
    )
