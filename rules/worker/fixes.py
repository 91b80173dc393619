"""Where each vehicle last was, by the journal's order: live and in backtests. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from cases.subject import Point
from rules.engine.learned import Learned
from store.telemetry.rows import is_believable, joined
from vocabulary.position import Positions

E7 = 1e7
"""Degrees are stored as integers of a ten-millionth."""

Fix = tuple[int, int, int]
"""When it was taken, microseconds since 1970; degrees east and north times `E7`."""


@dataclass(slots=True)
class Fixes:
    """The newest believable fix of each vehicle.

    Attributes:
        known: By device, before the entries that were heard last.
        heard: Numbers of those with fixes, and these.
    """

    known: dict[int, Fix] = field(default_factory=dict)
    heard: list[tuple[int, Positions]] = field(default_factory=list)

    @staticmethod
    def of(points: Mapping[int, Fix]) -> "Fixes":
        """Return them as they were before the first entry."""
        return Fixes(dict(points))

    def hear(self, entries: Iterable[Learned]) -> None:
        """Take what entries tell; all after those heard before."""
        self._settle()
        self.heard = [
            (entry.seq, entry.content)
            for entry in entries
            if isinstance(entry.content, Positions)
        ]

    def at(self, device_id: int, seq: int) -> Point | None:
        """Return where a device was, as far as an entry knows; degrees WGS-84."""
        fixes = [self.known[device_id]] if device_id in self.known else []
        told = [rows for entry, rows in self.heard if entry <= seq]
        fixes += [fix for each, fix in _fixes(told) if each == device_id]
        if not fixes:
            return None
        _, lon_e7, lat_e7 = max(fixes)
        return lon_e7 / E7, lat_e7 / E7

    def _settle(self) -> None:
        for device_id, fix in _fixes([rows for _, rows in self.heard]):
            before = self.known.get(device_id)
            self.known[device_id] = fix if before is None else max(before, fix)
        self.heard = []


def _fixes(parts: list[Positions]) -> list[tuple[int, Fix]]:
    """Return the newest believable fix of each device in some entries."""
    rows = joined(Positions, parts)
    rows = rows.take(is_believable(rows.fixed_us, rows.received_us, rows.quality))
    order = np.lexsort((rows.lat_e7, rows.lon_e7, rows.fixed_us, rows.device_id))
    devices = rows.device_id[order]
    is_last = np.ones(len(order), np.bool_)
    is_last[:-1] = devices[1:] != devices[:-1]
    newest = rows.take(order[is_last])
    fixes = newest.fixed_us, newest.lon_e7, newest.lat_e7
    columns = (column.tolist() for column in fixes)
    return list(zip(newest.device_id.tolist(), zip(*columns, strict=True), strict=True))
