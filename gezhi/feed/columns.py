"""Rows of a recorded file to positions and readings, by a checked mapping."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from ingest.protocols.gezhi_json import DeviceReadings
from vocabulary.position import Position
from vocabulary.quantity import Quantity
from vocabulary.times import EPOCH

MOST_LAT = 90.0
"""Degrees of the poles."""

MOST_LON = 180.0
"""Degrees of the date line."""

Row = Mapping[str, object]
"""One row of a file: texts of a CSV, values of a JSON line."""

_MILLISECOND = timedelta(milliseconds=1)


class RowError(ValueError):
    """A row cannot be fed; says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what to multiply it with.

    Attributes:
        name: Its name in the file.
        factor: From its unit to ours.
    """

    name: str
    factor: float = 1.0

    def of(self, row: Row) -> float:
        """Return the column's number in our unit.

        Raises:
            RowError: If it is missing or no number.
        """
        value = row.get(self.name)
        try:
            number = float(str(value)) * self.factor
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise RowError(f"column {self.name!r} is {value!r}, no number")
        return number


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMap:
    """A mapping, checked.

    Attributes:
        device: Column of the device's address; empty if `every` says it.
        every: The address of every row; empty if a column says it.
        time: Column of the time.
        clock: `iso`, `epoch_s` or `epoch_ms`.
        zone: Whose wall clock naive times were read from; None refuses them.
        place: Columns of lon and lat; None in a map of readings.
        motion: Columns of `speed_kmh` and `course_deg`, where there are any.
        values: Columns of quantities; empty in a map of positions.
    """

    device: str
    every: str
    time: str
    clock: str
    zone: tzinfo | None
    place: tuple[Column, Column] | None
    motion: Mapping[str, Column]
    values: Mapping[Quantity, Column]

    def position(self, row: Row) -> Position:
        """Make a row's position.

        Raises:
            RowError: If the row cannot make one.
        """
        if self.place is None:
            raise RowError("the mapping names no lon and lat")
        lon, lat = (column.of(row) for column in self.place)
        if not (abs(lon) <= MOST_LON and abs(lat) <= MOST_LAT):
            raise RowError(f"lon {lon}, lat {lat} is nowhere on earth")
        motion = {name: column.of(row) for name, column in self.motion.items()}
        return Position(
            device=self._device(row),
            fixed_at=self._time(row),
            lon=lon,
            lat=lat,
            speed_kmh=motion.get("speed_kmh"),
            course_deg=motion.get("course_deg"),
        )

    def readings(self, row: Row) -> DeviceReadings:
        """Make a row's readings, one for each mapped quantity.

        Raises:
            RowError: If the row cannot make them.
        """
        return DeviceReadings(
            device=self._device(row),
            measured_at=self._time(row),
            values={
                quantity.value: column.of(row)
                for quantity, column in self.values.items()
            },
        )

    def _device(self, row: Row) -> str:
        device = self.every or str(row.get(self.device) or "")
        if not device:
            raise RowError(f"column {self.device!r} names no device")
        return device

    def _time(self, row: Row) -> datetime:
        value = row.get(self.time)
        try:
            at = self._read_time(str(value))
        except (ValueError, OverflowError):
            raise RowError(f"column {self.time!r} is {value!r}, no time") from None
        if at.tzinfo is None:
            raise RowError(f"{value!r} has no zone; add zone=… to the mapping")
        return at.astimezone(UTC)

    def _read_time(self, text: str) -> datetime:
        if self.clock == "iso":
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=self.zone)
        unit = timedelta(seconds=1) if self.clock == "epoch_s" else _MILLISECOND
        return EPOCH + float(text) * unit
