"""From arrivals under wire names to one batch of rows: pure.

Whatever cannot be placed or cannot be is refused by itself; its neighbours count.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ingest.arrival import Arrival
from ingest.judging.clock import clock_offsets
from ingest.judging.clone import CALLERS
from ingest.judging.cloned import cloned_readings
from ingest.judging.judge import flagged, future_flags, is_impossible, range_flags
from ingest.judging.memory import Memory
from ingest.judging.series import series_flags
from ingest.names import NOBODY, Names
from ingest.placing import placed_positions
from ingest.quarantine.unplaced import (
    MOST_ROWS,
    impossible_time,
    refusal_of_rows,
    stranger,
)
from store.telemetry.batch import Batch
from vocabulary.quality import Quality
from vocabulary.reading import NamedReadings, Readings
from vocabulary.refusal import Reason, Refusal
from vocabulary.times import us_from_datetime


def batch_of(
    arrivals: Sequence[Arrival], names: Names, memory: Memory, *, at: datetime
) -> Batch:
    """Return what is to be stored of some arrivals.

    Args:
        arrivals: In the order they came.
        names: What their names mean.
        memory: Of what came before; changed in place.
        at: The time of the batch.
    """
    readings, refused_readings = placed_readings(arrivals, names, memory)
    positions, refused_positions = placed_positions(arrivals, names, memory)
    refused = [
        replace(refusal, received_at=arrival.received_at)
        for arrival in arrivals
        for refusal in arrival.refusals
    ]
    refusals = refused + refused_readings + refused_positions
    return Batch(readings, positions, refusals, at)


def placed_readings(
    arrivals: Sequence[Arrival], names: Names, memory: Memory
) -> tuple[Readings, list[Refusal]]:
    """Return the readings that can be stored, and the refusals of the others.

    Args:
        arrivals: In the order they came.
        names: What their names mean.
        memory: Of what came before; changed in place.
    """
    heard = [(arrival, arrival.readings) for arrival in arrivals if arrival.readings]
    if not heard:
        return Readings.empty(), []
    rows = _joined(heard, names)
    is_good = (rows.series_id != NOBODY) & np.isfinite(rows.value)
    cloned = _cloned(heard, rows, is_good, names, memory)
    is_good[list(cloned)] = False
    placed = np.flatnonzero(is_good)
    good = _at_right_times(_taken(rows, is_good), names, memory)
    is_possible = ~is_impossible(good.measured_us, good.received_us)
    is_good[placed[~is_possible]] = False
    good = _taken(good, is_possible)
    if is_good.all():
        return _flagged(good, names, memory), []
    refusals = _refusals(heard, np.flatnonzero(~is_good), names, cloned)
    return _flagged(good, names, memory), refusals


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


def _taken(rows: Readings, mask: NDArray[np.bool_]) -> Readings:
    return rows if mask.all() else rows.take(mask)


def _cloned(
    heard: Sequence[tuple[Arrival, NamedReadings]],
    rows: Readings,
    is_good: NDArray[np.bool_],
    names: Names,
    memory: Memory,
) -> dict[int, str]:
    """Return which rows came later under another's name, and why they are refused."""
    if not any(arrival.transport in CALLERS for arrival, _ in heard):
        return {}
    counts = [len(readings) for _, readings in heard]
    good = np.flatnonzero(is_good)
    why = cloned_readings(
        memory.hosts,
        memory.reading_rivalries,
        names.devices_of(rows.series_id[good]),
        np.repeat(np.arange(len(heard)), counts)[good],
        arrivals=[arrival for arrival, _ in heard],
        snapshot=names.snapshot,
    )
    return {int(good[n]): words for n, words in why.items()}


def _at_right_times(rows: Readings, names: Names, memory: Memory) -> Readings:
    """Return readings with known faults of their devices' clocks taken off."""
    offset_us = clock_offsets(
        memory.reading_clocks,
        names.devices_of(rows.series_id),
        rows.measured_us,
        rows.received_us,
    )
    if not offset_us.any():
        return rows
    quality = rows.quality | flagged(offset_us != 0, Quality.CLOCK_CORRECTED)
    return replace(rows, measured_us=rows.measured_us - offset_us, quality=quality)


def _flagged(rows: Readings, names: Names, memory: Memory) -> Readings:
    low, high = names.range_of(rows.series_id)
    quality = rows.quality | names.quality_of(rows.series_id)
    quality |= future_flags(rows.measured_us, rows.received_us)
    quality |= range_flags(rows.value, low, high)
    quality |= series_flags(
        memory.standing,
        rows.series_id,
        rows.measured_us,
        rows.value,
        quality=quality,
        conduct=names.conduct,
    )
    return replace(rows, quality=quality)


def _refusals(
    heard: Sequence[tuple[Arrival, NamedReadings]],
    bad: NDArray[np.intp],
    names: Names,
    cloned: Mapping[int, str],
) -> list[Refusal]:
    """Return a refusal for each arrival, device and reason; of many rows several."""
    starts = np.cumsum([0, *(len(readings) for _, readings in heard)])
    sources = np.searchsorted(starts, bad, side="right") - 1
    groups: dict[tuple[int, str, tuple[Reason, str]], list[int]] = defaultdict(list)
    for source, row in zip(sources.tolist(), bad.tolist(), strict=True):
        arrival, readings = heard[source]
        n = row - int(starts[source])
        why = (
            (Reason.CLONED_IDENTITY, cloned[row])
            if row in cloned
            else _why(arrival, readings, n, names)
        )
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
