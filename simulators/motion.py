"""Moving along a line by a timetable: where, how fast and which way at any second."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.plane import Line


@dataclass(frozen=True, slots=True)
class Moment:
    """What a vehicle does at one second.

    Attributes:
        x: Metres east.
        y: Metres north.
        speed_kmh: Over ground; 0 while standing.
        course_deg: Clockwise from north; the last one driven while standing.
    """

    x: float
    y: float
    speed_kmh: float
    course_deg: float


@dataclass(frozen=True, slots=True)
class Motion:
    """A line and how far along it one is when.

    Attributes:
        line: Points in metres, shape (n, 2), n at least 2.
        along_m: Metres from the first point to each, shape (n,), growing.
        at_s: Seconds at which the distance is known, shape (k,), growing.
        travelled_m: Distance at those seconds, shape (k,), never falling; on a closed
            line it may exceed the line's length and goes round again.
    """

    line: Line
    along_m: NDArray[np.float64]
    at_s: NDArray[np.float64]
    travelled_m: NDArray[np.float64]

    @property
    def length_m(self) -> float:
        """Length of the line."""
        return float(self.along_m[-1])

    def travelled(self, second: float) -> float:
        """Return the metres driven by `second`."""
        return float(np.interp(second, self.at_s, self.travelled_m))

    def moment(self, second: float) -> Moment:
        """Return place, speed and course at `second`; before and after it stands."""
        knot = int(np.searchsorted(self.at_s, second, side="right")) - 1
        speed = 0.0
        if 0 <= knot < len(self.at_s) - 1:
            driven = self.travelled_m[knot + 1] - self.travelled_m[knot]
            speed = float(driven / (self.at_s[knot + 1] - self.at_s[knot]))
        x, y, course = self._place(self.travelled(second))
        return Moment(x, y, speed * 3.6, course)

    def _place(self, travelled_m: float) -> tuple[float, float, float]:
        gone = travelled_m
        if travelled_m > self.length_m:
            gone = travelled_m % self.length_m
        after = int(np.searchsorted(self.along_m, gone, side="left"))
        after = min(max(after, 1), len(self.along_m) - 1)
        (x0, y0), (x1, y1) = self.line[after - 1], self.line[after]
        start = self.along_m[after - 1]
        part = (gone - start) / (self.along_m[after] - start)
        course = math.degrees(math.atan2(x1 - x0, y1 - y0)) % 360
        return float(x0 + part * (x1 - x0)), float(y0 + part * (y1 - y0)), course


def along(line: Line) -> NDArray[np.float64]:
    """Return the metres from the first point to each, shape (n,)."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    return np.concatenate(([0.0], np.cumsum(steps)))


def without_repeats(line: Line) -> Line:
    """Drop points that equal the one before, so that distance always grows."""
    moved = np.hypot(*np.diff(line, axis=0).T) > 1e-3  # noqa: PLR2004 - a millimetre
    return line[np.concatenate(([True], moved))]


def piece(motion: Motion, start_m: float, end_m: float) -> Line:
    """Return the part of a motion's line between two distances, shape (n, 2)."""
    inner = (motion.along_m > start_m) & (motion.along_m < end_m)
    ends = [
        np.array(
            [[np.interp(m, motion.along_m, motion.line[:, axis]) for axis in (0, 1)]]
        )
        for m in (start_m, end_m)
    ]
    return np.concatenate((ends[0], motion.line[inner], ends[1]))
