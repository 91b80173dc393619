"""Streets of a base map as ways that a vehicle runs up and down."""

import itertools
import json
import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

METRES_PER_DEGREE = 111_195.0

LONGEST = 16
"""How many of the longest streets are driven."""


@dataclass(frozen=True, slots=True)
class Street:
    """A way from one end to the other.

    Attributes:
        points: lon and lat of each vertex.
        metres: Distance of each vertex from the first.
    """

    points: list[tuple[float, float]]
    metres: list[float]

    def place(self, at: datetime, number: int) -> tuple[float, float, float, float]:
        """Return lon, lat, speed and course of vehicle `number` at a time."""
        kmh = self._kmh(at, number)
        gone = at.timestamp() * 22 / 3.6 + number * 700
        length = self.metres[-1]
        lap = gone % (2 * length)
        back = lap > length
        here = 2 * length - lap if back else lap
        leg = max(i for i, metres in enumerate(self.metres[:-1]) if metres <= here)
        (lon, lat), (lon2, lat2) = self.points[leg], self.points[leg + 1]
        share = (here - self.metres[leg]) / (self.metres[leg + 1] - self.metres[leg])
        course = math.degrees(math.atan2((lon2 - lon) * 0.82, lat2 - lat))
        return (
            lon + (lon2 - lon) * share,
            lat + (lat2 - lat) * share,
            kmh,
            (course + (180 if back else 0)) % 360,
        )

    @staticmethod
    def _kmh(at: datetime, number: int) -> float:
        return 24 + 22 * math.sin(at.timestamp() / 60 + number)


def streets(basemap: Path) -> list[Street]:
    """Return the longest streets of a base map."""
    features = json.loads(basemap.read_text("utf-8"))["features"]
    found = [
        _street([(lon, lat) for lon, lat in feature["geometry"]["coordinates"]])
        for feature in features
        if feature["properties"]["kind"] == "street"
    ]
    return sorted(found, key=lambda street: -street.metres[-1])[:LONGEST]


def _street(points: list[tuple[float, float]]) -> Street:
    metres = [0.0]
    for (lon, lat), (lon2, lat2) in itertools.pairwise(points):
        east = (lon2 - lon) * METRES_PER_DEGREE * math.cos(math.radians(lat))
        north = (lat2 - lat) * METRES_PER_DEGREE
        metres.append(metres[-1] + math.hypot(east, north))
    return Street(points, metres)
