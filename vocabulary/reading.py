"""One quantity of one device at one time: singular for words, plural for columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vocabulary.quality import Quality
from vocabulary.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading as a codec gives it, before the registry knows whose it is.

    Attributes:
        device: The device's address as the wire names it, below its gateway.
        quantity: What was measured; the unit is in the name.
        measured_at: When, by the device, aware.
        value: In the quantity's unit; flags are 0 or 1.
        quality: What is doubtful about it.
    """

    device: str
    quantity: Quantity
    measured_at: datetime
    value: float
    quality: Quality = Quality.GOOD


@dataclass(frozen=True, slots=True)
class NamedReadings:
    """Readings of one message as columns, still under their wire names.

    Attributes:
        device: Addresses below the gateway, length n.
        quantity: Quantity names, length n; any text, the intake refuses unknown ones.
        measured_us: Microseconds since 1970 UTC, shape (n,).
        value: Shape (n,).
        quality: `Quality` bits, shape (n,).
    """

    device: Sequence[str]
    quantity: Sequence[str]
    measured_us: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.device)


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings whose series are known, as columns of shape (n,).

    Attributes:
        series_id: int32, `series.id`.
        measured_us: int64, microseconds since 1970 UTC.
        value: float64.
        quality: int32, `Quality` bits.
        received_us: int64, when the message reached us.
    """

    series_id: NDArray[np.int32]
    measured_us: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.int32]
    received_us: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.series_id)

    @classmethod
    def empty(cls) -> Self:
        """Return no readings."""
        return cls(
            np.empty(0, np.int32),
            np.empty(0, np.int64),
            np.empty(0, np.float64),
            np.empty(0, np.int32),
            np.empty(0, np.int64),
        )

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Return the given rows, by index or by mask."""
        return type(self)(
            self.series_id[rows],
            self.measured_us[rows],
            self.value[rows],
            self.quality[rows],
            self.received_us[rows],
        )
