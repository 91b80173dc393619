"""Where a vehicle was: singular for words, plural for columns."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vocabulary.quality import Quality

DEGREES_E7 = 1e7
"""Stored degrees are integers of 1e-7 degree, about one centimetre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One fix of one vehicle as a codec gives it.

    Attributes:
        device: The terminal's own identity as the wire names it.
        fixed_at: When the satellite fix was taken, aware.
        lon: Degrees east, WGS-84.
        lat: Degrees north, WGS-84.
        speed_kmh: Ground speed; None where not sent.
        course_deg: Degrees clockwise from true north; None where not sent.
        altitude_m: Above mean sea level; None where not sent.
        satellites: Satellites used; None where not sent.
        hdop: Horizontal dilution of precision; None where not sent.
        inputs: Bit mask of the terminal's digital inputs (ACC is bit 0).
        quality: What is doubtful about it.
    """

    device: str
    fixed_at: datetime
    lon: float
    lat: float
    speed_kmh: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    satellites: int | None = None
    hdop: float | None = None
    inputs: int = 0
    quality: Quality = Quality.GOOD


@dataclass(frozen=True, slots=True)
class Positions:
    """Fixes whose devices are known, as columns of shape (n,).

    Attributes:
        device_id: int32, `device.id`.
        fixed_us: int64, microseconds since 1970 UTC.
        lon_e7: int32, degrees east times 1e7, WGS-84.
        lat_e7: int32, degrees north times 1e7, WGS-84.
        speed_kmh: float32, NaN where not sent.
        course_deg: float32, NaN where not sent.
        altitude_m: float32, NaN where not sent.
        satellites: int16, -1 where not sent.
        hdop: float32, NaN where not sent.
        inputs: int32, bit mask of digital inputs.
        quality: int32, `Quality` bits.
        received_us: int64, when the message reached us.
    """

    device_id: NDArray[np.int32]
    fixed_us: NDArray[np.int64]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    speed_kmh: NDArray[np.float32]
    course_deg: NDArray[np.float32]
    altitude_m: NDArray[np.float32]
    satellites: NDArray[np.int16]
    hdop: NDArray[np.float32]
    inputs: NDArray[np.int32]
    quality: NDArray[np.int32]
    received_us: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.device_id)

    @classmethod
    def empty(cls) -> Self:
        """Return no positions."""
        return cls(
            device_id=np.empty(0, np.int32),
            fixed_us=np.empty(0, np.int64),
            lon_e7=np.empty(0, np.int32),
            lat_e7=np.empty(0, np.int32),
            speed_kmh=np.empty(0, np.float32),
            course_deg=np.empty(0, np.float32),
            altitude_m=np.empty(0, np.float32),
            satellites=np.empty(0, np.int16),
            hdop=np.empty(0, np.float32),
            inputs=np.empty(0, np.int32),
            quality=np.empty(0, np.int32),
            received_us=np.empty(0, np.int64),
        )

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Return the given rows, by index or by mask."""
        return type(self)(
            *(getattr(self, name)[rows] for name in self.__dataclass_fields__)
        )
