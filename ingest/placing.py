"""From fixes under wire names to columns: pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.arrival import Arrival
from ingest.judging.clock import clock_offsets
from ingest.judging.clone import Speaker, peer_key
from ingest.judging.cloned import cloned_fixes
from ingest.judging.fix import fix_flags, judged_fixes, remember
from ingest.judging.judge import flagged, future_flags, is_impossible
from ingest.judging.memory import Memory
from ingest.names import Names
from ingest.quarantine.unplaced import impossible_time, refusal_of_fix, stranger
from vocabulary.coordinates import wgs84_from_gcj02
from vocabulary.position import DEGREES_E7, Position, Positions
from vocabulary.quality import Quality
from vocabulary.refusal import Reason, Refusal
from vocabulary.times import us_from_datetime

MAX_LON = 180.0
"""Degrees east or west."""

MAX_LAT = 90.0
"""Degrees north or south."""

GCJ02 = "gcj02"
"""Datum of devices made for Chinese maps."""

SATELLITES = range(2**15)
"""What the column holds."""

INPUTS = range(2**31)
"""What the column holds."""


@dataclass(frozen=True, slots=True)
class _Placed:
    device_id: int
    arrival: Arrival
    n: int  # which of the arrival's positions

    @property
    def fix(self) -> Position:
        return self.arrival.positions[self.n]


def placed_positions(
    arrivals: Sequence[Arrival], names: Names, memory: Memory
) -> tuple[Positions, list[Refusal]]:
    """Return the fixes that can be stored, and the refusals of the others.

    Args:
        arrivals: In the order they came.
        names: What their names mean.
        memory: Of what came before; changed in place.
    """
    placed: list[_Placed] = []
    refusals: list[Refusal] = []
    for arrival in arrivals:
        for n, fix in enumerate(arrival.positions):
            device_id = names.snapshot.device_id(arrival.gateway, fix.device)
            if device_id is None:
                why = stranger(names.snapshot, arrival.gateway, fix.device)
                refusals.append(refusal_of_fix(arrival, n, why=why))
            elif fault := _fault(fix):
                refusals.append(refusal_of_fix(arrival, n, why=fault))
            else:
                placed.append(_Placed(device_id, arrival, n))
    if not placed:
        return Positions.empty(), refusals
    rows = _at_right_times(_columns(placed, names), memory)
    is_refused = is_impossible(rows.fixed_us, rows.received_us)
    if is_refused.any():
        refusals += [_refusal_of_time(placed[n]) for n in np.flatnonzero(is_refused)]
        placed = [placed[n] for n in np.flatnonzero(~is_refused)]
        rows = rows.take(~is_refused)
    ahead = future_flags(rows.fixed_us, rows.received_us)
    rows, cloned = _judged(
        replace(rows, quality=rows.quality | ahead), placed, names, memory
    )
    for n, words in cloned.items():
        why = (Reason.CLONED_IDENTITY, words)
        refusals.append(refusal_of_fix(placed[n].arrival, placed[n].n, why=why))
    return rows, refusals


def _at_right_times(rows: Positions, memory: Memory) -> Positions:
    """Return fixes with known faults of their terminals' clocks taken off."""
    offset_us = clock_offsets(
        memory.fix_clocks, rows.device_id, rows.fixed_us, rows.received_us
    )
    if not offset_us.any():
        return rows
    quality = rows.quality | flagged(offset_us != 0, Quality.CLOCK_CORRECTED)
    return replace(rows, fixed_us=rows.fixed_us - offset_us, quality=quality)


def _judged(
    rows: Positions, placed: Sequence[_Placed], names: Names, memory: Memory
) -> tuple[Positions, dict[int, str]]:
    """Return the fixes with their doubts, and which are another's under their name."""
    fixes = judged_fixes(rows)
    flags, frozen_m = fix_flags(memory.tracks, fixes)
    row = fixes.row.tolist()
    keys = [peer_key(placed[n].arrival.transport, placed[n].arrival.peer) for n in row]
    cloned = cloned_fixes(
        memory.tracks,
        memory.fix_rivalries,
        fixes,
        (flags & Quality.JUMP) != 0,
        speaker_of=lambda n: _speaker(
            rows, placed[row[n]].arrival.peer, row[n], keys[n]
        ),
        snapshot=names.snapshot,
    )
    counts = np.ones(len(row), np.bool_)
    counts[list(cloned)] = False
    heard_us = rows.received_us[fixes.row]
    remember(
        memory.tracks,
        fixes.take(counts),
        frozen_m[counts],
        heard_us[counts],
        np.array(keys, np.int64)[counts],
    )
    quality = rows.quality.copy()
    quality[fixes.row] |= flags
    kept = np.ones(len(rows), np.bool_)
    kept[fixes.row[~counts]] = False
    rows = replace(rows, quality=quality)
    return rows.take(kept), {row[n]: words for n, words in cloned.items()}


def _speaker(rows: Positions, peer: str, n: int, key: int) -> Speaker:
    return Speaker(
        peer=peer,
        peer_key=key,
        heard_us=int(rows.received_us[n]),
        at_us=int(rows.fixed_us[n]),
        lon=int(rows.lon_e7[n]) / DEGREES_E7,
        lat=int(rows.lat_e7[n]) / DEGREES_E7,
    )


def _fault(fix: Position) -> tuple[Reason, str] | None:
    """Return what cannot be about a fix, if anything; NaN is nowhere."""
    if not (abs(fix.lon) <= MAX_LON and abs(fix.lat) <= MAX_LAT):
        return (
            Reason.BAD_POSITION,
            f"{fix.device} is at {fix.lon} E, {fix.lat} N, which is nowhere",
        )
    if fix.satellites is not None and fix.satellites not in SATELLITES:
        return Reason.BAD_VALUE, f"{fix.device} uses {fix.satellites} satellites"
    if fix.inputs not in INPUTS:
        return Reason.BAD_VALUE, f"{fix.device} has inputs {fix.inputs:#x}"
    return None


def _refusal_of_time(placed: _Placed) -> Refusal:
    fixed_us = us_from_datetime(placed.fix.fixed_at)
    why = impossible_time(placed.arrival, placed.fix.device, fixed_us)
    return refusal_of_fix(placed.arrival, placed.n, why=why)


def _columns(placed: Sequence[_Placed], names: Names) -> Positions:
    fixes = [row.fix for row in placed]
    fixed_us = np.array([us_from_datetime(fix.fixed_at) for fix in fixes], np.int64)
    received = [us_from_datetime(row.arrival.received_at) for row in placed]
    received_us = np.array(received, np.int64)
    quality = [
        fix.quality | names.device_quality(row.device_id)
        for fix, row in zip(fixes, placed, strict=True)
    ]
    satellites = [-1 if fix.satellites is None else fix.satellites for fix in fixes]
    lon, lat = _wgs84(placed, names)
    return Positions(
        device_id=np.array([row.device_id for row in placed], np.int32),
        fixed_us=fixed_us,
        lon_e7=np.rint(lon * DEGREES_E7).astype(np.int32),
        lat_e7=np.rint(lat * DEGREES_E7).astype(np.int32),
        speed_kmh=_measured(fix.speed_kmh for fix in fixes),
        course_deg=_measured(fix.course_deg for fix in fixes),
        altitude_m=_measured(fix.altitude_m for fix in fixes),
        satellites=np.array(satellites, np.int16),
        hdop=_measured(fix.hdop for fix in fixes),
        inputs=np.array([fix.inputs for fix in fixes], np.int32),
        quality=np.array(quality, np.int32),
        received_us=received_us,
    )


def _wgs84(
    placed: Sequence[_Placed], names: Names
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where the fixes are, degrees, whatever datum their devices speak."""
    lon = np.array([row.fix.lon for row in placed])
    lat = np.array([row.fix.lat for row in placed])
    devices = names.snapshot.devices
    is_gcj02 = np.array([devices[row.device_id].datum == GCJ02 for row in placed])
    if is_gcj02.any():
        lon[is_gcj02], lat[is_gcj02] = wgs84_from_gcj02(lon[is_gcj02], lat[is_gcj02])
    return lon, lat


def _measured(values: Iterable[float | None]) -> NDArray[np.float32]:
    """Return a column in which what was not sent, or is no float32, is NaN."""
    sent = np.fromiter(
        (math.nan if value is None else value for value in values), np.float64
    )
    is_number = np.abs(sent) <= np.finfo(np.float32).max
    return np.where(is_number, sent, np.nan).astype(np.float32)
