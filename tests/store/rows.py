"""Rows for the tests of the store and of the intake."""

from datetime import UTC, datetime

import numpy as np

from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US, us_from_datetime

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
NOON_US = us_from_datetime(NOON)


def readings(
    *rows: tuple[int, float, float], quality: Quality = Quality.GOOD
) -> Readings:
    """Make readings of (series, seconds after noon, value)."""
    series, seconds, value = zip(*rows, strict=True)
    return Readings(
        series_id=np.array(series, np.int32),
        measured_us=NOON_US + (np.array(seconds) * SECOND_US).astype(np.int64),
        value=np.array(value, np.float64),
        quality=np.full(len(rows), quality, np.int32),
        received_us=np.full(len(rows), NOON_US, np.int64),
    )


def positions(
    *rows: tuple[int, float, float, float], quality: Quality = Quality.GOOD
) -> Positions:
    """Make fixes of (device, seconds after noon, lon, lat) that say nothing more."""
    device, seconds, lon, lat = zip(*rows, strict=True)
    nothing = np.full(len(rows), np.nan, np.float32)
    return Positions(
        device_id=np.array(device, np.int32),
        fixed_us=NOON_US + (np.array(seconds) * SECOND_US).astype(np.int64),
        lon_e7=(np.array(lon) * 1e7).astype(np.int32),
        lat_e7=(np.array(lat) * 1e7).astype(np.int32),
        speed_kmh=nothing,
        course_deg=nothing,
        altitude_m=nothing,
        satellites=np.full(len(rows), -1, np.int16),
        hdop=nothing,
        inputs=np.zeros(len(rows), np.int32),
        quality=np.full(len(rows), quality, np.int32),
        received_us=np.full(len(rows), NOON_US, np.int64),
    )
