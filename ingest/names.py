"""What the names of the wire mean, at one version of the registry: pure."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from devices.registry.snapshot import Snapshot
from ingest.judging.series import Conduct
from vocabulary.quality import Quality
from vocabulary.quantity import QUANTITIES
from vocabulary.reading import NamedReadings
from vocabulary.times import SECOND_US

NOBODY = -1
"""In place of the id of a series that is not registered."""


_FACTS = {quantity.value: facts for quantity, facts in QUANTITIES.items()}

_FOR_EVER_US = np.iinfo(np.int64).max


class Names:
    """The registry turned round, for the hot path: from names to numbers.

    Args:
        snapshot: The registry.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._series_ids = _series_by_gateway(snapshot)
        top = max(snapshot.series, default=0) + 1
        self._low = np.full(top, -np.inf)
        self._high = np.full(top, np.inf)
        self._quality = np.zeros(top, np.int32)
        self._device_id = np.full(top, NOBODY, np.int32)
        self.conduct = _conduct(snapshot, top)
        for series_id, (device_id, quantity) in snapshot.series.items():
            facts = _FACTS.get(quantity)
            if facts is not None:
                self._low[series_id], self._high[series_id] = facts.low, facts.high
            self._device_id[series_id] = device_id
            if device_id in snapshot.devices:
                self._quality[series_id] = self.device_quality(device_id)

    def series_ids(self, gateway: str, readings: NamedReadings) -> list[int]:
        """Return the series of each reading, or NOBODY.

        Args:
            gateway: Code of the gateway they came through.
            readings: Under their wire names.
        """
        ids = self._series_ids.get(gateway, {})
        rows = zip(readings.device, readings.quantity, strict=True)
        return [ids.get(row, NOBODY) for row in rows]

    def range_of(
        self, series_ids: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the least and the greatest plausible value of each series."""
        return self._low[series_ids], self._high[series_ids]

    def quality_of(self, series_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return what is doubtful about all readings of each series."""
        return self._quality[series_ids]

    def devices_of(self, series_ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return whose each series is."""
        return self._device_id[series_ids]

    def device_quality(self, device_id: int) -> Quality:
        """Return what is doubtful about all that a device says."""
        is_simulated = self.snapshot.devices[device_id].simulated
        return Quality.SIMULATED if is_simulated else Quality.GOOD


def _conduct(snapshot: Snapshot, top: int) -> Conduct:
    leap, fastest_per_s = np.full(top, np.inf), np.zeros(top)
    stuck_after_us = np.full(top, _FOR_EVER_US)
    for series_id, (_, quantity) in snapshot.series.items():
        facts = _FACTS.get(quantity)
        if facts is None:
            continue
        if facts.leap is not None:
            leap[series_id] = facts.leap
            fastest_per_s[series_id] = facts.fastest_per_s
        if facts.stuck_after_s is not None:
            stuck_after_us[series_id] = round(facts.stuck_after_s * SECOND_US)
    is_limited = np.isfinite(leap) | (stuck_after_us != _FOR_EVER_US)
    return Conduct(leap, fastest_per_s, stuck_after_us, is_limited)


def _series_by_gateway(
    snapshot: Snapshot,
) -> Mapping[str, Mapping[tuple[str, str], int]]:
    ids: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for series_id, (device_id, quantity) in snapshot.series.items():
        device = snapshot.devices.get(device_id)  # retired ones are absent
        if device is not None:
            ids[device.gateway][device.address, quantity] = series_id
    return ids
