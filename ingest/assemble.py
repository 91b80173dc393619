"""From arrivals under wire names to one batch of rows: pure.

Whatever cannot be placed or cannot be is refused by itself; its neighbours count.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ingest.arrival import Arrival
from ingest.judge import future_flags, is_impossible, range_flags
from ingest.names import NOBODY, Names
from ingest.placing import placed_positions
from ingest.unplaced import MOST_ROWS, impossible_time, refusal_of_rows, stranger
from store.batch import Batch
from vocabulary.reading import NamedReadings, Readings
from vocabulary.refusal import Reason, Refusal
from vocabulary.times import us_from_datetime


def batch_of(arrivals: Sequence[Arrival], names: Names, *, at: datetime) -> Batch:
    """Return what is to be stored of some arrivals.

    Args:
        arrivals: In the order they came.
        names: What their names mean.
        at: The time of the batch.
    """
    readings, refused_readings = placed_readings(arrivals, names)
    positions, refused_positions = placed_positions(arrivals, names)
    refused = [
        replace(refusal, received_at=arrival.received_at)
        for arrival in arrivals
        for refusal in arrival.refusals
    ]
    refusals = refused + refused_readings + refused_positions
    return Batch(readings, positions, refusals, at)


def placed_readings(
    arrivals: Sequence[Arrival], names: Names
) -> tuple[Readings, list[Refusal]]:
    """Return the readings that can be stored, and the refusals of the others.

    Args:
        arrivals: In the order they came.
        names: What their names mean.
    """
    heard = [(arrival, arrival.readings) for arrival in arrivals if arrival.readings]
    if not heard:
        return Readings.empty(), []
    rows = _joined(heard, names)
    is_known = rows.series_id != NOBODY
    is_good = is_known & ~is_impossible(rows.measured_us, rows.received_us)
    is_good &= np.isfinite(rows.value)
    refusals = []
    if not is_good.all():
        refusals = _refusals(heard, np.flatnonzero(~is_good), names)
        rows = rows.take(is_good)
    return _flagged(rows, names), refusals


def _joined(heard: Sequence[tuple[Arrival, NamedReadings]], names: Names) -> Readings:
    ids: list[int] = []
    for arrival, readings in heard:
        ids += names.series_ids(arrival.gateway, readings)
    received_us = [us_from_datetime(arrival.received_at) for arrival, _ in heard]
    counts = [len(readings) for _, readings in heard]
    return Readings(
        series_id=np.array(ids, np.int32),
        measured_us=np.concatenate([readings.measured_us for _, readings in heard]),
        value=np.concatenate([readings.value for _, readings in heard]),
        quality=np.concatenate([readings.quality for _, readings in heard]),
        received_us=np.repeat(np.array(received_us, np.int64), counts),
    )


def _flagged(rows: Readings, names: Names) -> Readings:
    low, high = names.range_of(rows.series_id)
    quality = rows.quality | names.quality_of(rows.series_id)
    quality |= future_flags(rows.measured_us, rows.received_us)
    quality |= range_flags(rows.value, low, high)
    return Readings(
        rows.series_id, rows.measured_us, rows.value, quality, rows.received_us
    )


def _refusals(
    heard: Sequence[tuple[Arrival, NamedReadings]],
    bad: NDArray[np.intp],
    names: Names,
) -> list[Refusal]:
    """Return a refusal for each arrival, device and reason; of many rows several."""
    starts = np.cumsum([0, *(len(readings) for _, readings in heard)])
    sources = np.searchsorted(starts, bad, side="right") - 1
    groups: dict[tuple[int, str, tuple[Reason, str]], list[int]] = defaultdict(list)
    for source, row in zip(sources.tolist(), bad.tolist(), strict=True):
        arrival, readings = heard[source]
        n = row - int(starts[source])
        why = _why(arrival, readings, n, names)
        groups[source, readings.device[n], why].append(n)
    return [
        refusal_of_rows(heard[source][0], device, found[n : n + MOST_ROWS], why=why)
        for (source, device, why), found in groups.items()
        for n in range(0, len(found), MOST_ROWS)
    ]


def _why(
    arrival: Arrival, readings: NamedReadings, n: int, names: Names
) -> tuple[Reason, str]:
    device, quantity = readings.device[n], readings.quantity[n]
    device_id = names.snapshot.device_id(arrival.gateway, device)
    if device_id is None:
        return stranger(names.snapshot, arrival.gateway, device)
    if names.snapshot.series_id(device_id, quantity) is None:
        return Reason.UNKNOWN_QUANTITY, f"{device} has no {quantity} in its profile"
    if not np.isfinite(readings.value[n]):
        return Reason.BAD_VALUE, f"{quantity} of {device} is no finite number"
    return impossible_time(arrival, device, int(readings.measured_us[n]))
