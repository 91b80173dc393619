"""The conditions on geofences as plain loops over the fixes of one vehicle."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import shapely
from shapely.geometry.base import BaseGeometry

from rules.conditions.crossing import Crossing
from rules.conditions.geofence import Geofence, Where
from rules.conditions.late import Late
from rules.conditions.speed_inside import SpeedInside
from rules.conditions.stop import Stop
from rules.files.rule import Condition
from tests.rules.oracle_yard import (
    NONE,
    Ask,
    Fenced,
    Lot,
    S,
    Spot,
    Told,
    TooClose,
    clear_of,
    fix_of,
)


def meter_of(
    condition: Condition, lots: Sequence[Lot], *, gap_s: float, zone: str
) -> "Outside | Inside | Way | Stand | Absent | Speed":
    match condition:
        case Geofence(where=Where.OUTSIDE, keys=keys):
            return Outside(Ask(keys, lots, gap_s))
        case Geofence(where=Where.INSIDE, keys=keys, dwell_s=dwell_s):
            return Inside(Ask(keys, lots, gap_s), dwell_s)
        case Crossing(keys=keys):
            return Way(Ask(keys, lots, gap_s))
        case Stop(keys=keys, near_m=near_m, stop_s=stop_s):
            return Stand(Ask(keys, lots, gap_s), near_m, stop_s)
        case Late(keys=keys, since_min=since, by_min=by):
            return Absent(Ask(keys, lots, gap_s), since, by, ZoneInfo(zone))
        case SpeedInside(keys=keys, limit_kmh=limit, deadband=band):
            return Speed(Ask(keys, lots, gap_s), limit, limit - band)
        case _:
            raise AssertionError


TINY = math.nextafter(0, 1)
MAPS_DIFFER_M = 0.1
"""So far two maps put a border apart."""

GRAZES_M = 0.5
"""A way within a fence that this makes longer by more grazes its border."""


@lru_cache(maxsize=1 << 10)
def wider(shape: BaseGeometry) -> BaseGeometry:
    """Return a fence with its border a little further out."""
    return shape.buffer(MAPS_DIFFER_M)


class OfFix(ABC):
    """What all of them have; of no series at all."""

    limit: float
    release: float

    @property
    def first_series(self) -> int:
        return -1

    @abstractmethod
    def take(self, sample: Fenced) -> Told:
        """Return the number after one more fix, and the fence that it is about."""


@dataclass
class Outside(OfFix):
    """Metres outside every fence; short of the limit within the band."""

    ask: Ask
    limit: float = 0.0
    release: float = TINY

    def __post_init__(self) -> None:
        keys = self.ask.keys
        self.limit = max(keys.band_m, 1.0 if keys.accuracies else TINY)

    def take(self, sample: Fenced) -> Told:
        spot = fix_of(sample)
        if not self.ask.says_where(spot):
            return None, NONE
        metres, name = self.ask.outside(spot)
        if not self.ask.is_wanted(spot):
            return 0.0, name
        return beyond_band(self.ask, spot, metres, self.limit), name


def beyond_band(ask: Ask, spot: Spot, outside_m: float, limit_m: float) -> float:
    """Return metres outside, short of the limit where it is not beyond its band."""
    if outside_m == 0:
        return 0.0
    band_m = ask.band_m(spot)
    beyond = clear_of(outside_m, band_m) > band_m
    return outside_m if beyond else min(outside_m, math.nextafter(limit_m, 0))


@dataclass
class Presence:
    """In which fence it is: in once deeper than the band, out once over the border."""

    ask: Ask
    name: str = NONE

    def take(self, spot: Spot) -> bool:
        """Follow one fix; return whether it is where it was before."""
        held = [lot.name for lot in self.ask.holding(spot)]
        if self.name in held:
            return True
        deep = [
            lot.name
            for lot in self.ask.lots
            if lot.name in held and self._is_deep(lot, spot)
        ]
        self.name = deep[0] if deep else NONE
        return False

    def _is_deep(self, lot: Lot, spot: Spot) -> bool:
        room_m = lot.shape.area / lot.shape.length
        deep_m = min(self.ask.band_m(spot), room_m)
        point = shapely.Point(spot.east_m, spot.north_m)
        return clear_of(lot.shape.boundary.distance(point), deep_m) > deep_m


@dataclass
class Inside(OfFix):
    """Seconds in one and the same fence; -1 in none."""

    ask: Ask
    limit: float
    release: float = 0.0
    held: int = 0
    last: int | None = None

    def __post_init__(self) -> None:
        self.presence = Presence(self.ask)

    def take(self, sample: Fenced) -> Told:
        spot = fix_of(sample)
        if not self.ask.says_where(spot):
            return None, NONE
        step = self.ask.step(self.last, spot.at)
        self.last = spot.at
        stays = self.presence.take(spot)
        self.held = self.held + (step or 0) if stays else 0
        name = self.presence.name
        holds = name != NONE and self.ask.is_wanted(spot)
        return self.held / S if holds else -1.0, name


@dataclass
class Speed(OfFix):
    """How fast it drives in a fence; 0 outside."""

    ask: Ask
    limit: float
    release: float

    def __post_init__(self) -> None:
        self.presence = Presence(self.ask)

    def take(self, sample: Fenced) -> Told:
        spot = fix_of(sample)
        if not self.ask.says_where(spot):
            return None, NONE
        self.presence.take(spot)
        name = self.presence.name
        if name == NONE or not self.ask.is_wanted(spot):
            return 0.0, name
        return (None if math.isnan(spot.speed_kmh) else spot.speed_kmh), name


@dataclass
class Way(OfFix):
    """Metres in a fence on the way to where it last drove."""

    ask: Ask
    limit: float = TINY
    release: float = TINY
    begin: Spot | None = None
    last: int | None = None
    told_m: float = 0.0

    def take(self, sample: Fenced) -> Told:
        spot = fix_of(sample)
        if not self.ask.says_where(spot):
            return None, NONE
        step = self.ask.step(self.last, spot.at)
        self.last = spot.at
        if self.begin is None or step is None:
            self.begin, self.told_m = spot, 0.0
            return None, NONE
        through_m, name = self._through(self.begin, spot)
        if self._is_driven(self.begin, spot):
            self.begin, self.told_m = spot, through_m
        elif not through_m:
            self.told_m = 0.0
        return self.told_m if self.ask.is_wanted(spot) else 0.0, name

    def _is_driven(self, begin: Spot, spot: Spot) -> bool:
        band_m, driven_m = self.ask.band_m(spot), metres(begin, spot)
        return clear_of(driven_m, band_m) > band_m

    def _through(self, begin: Spot, end: Spot) -> tuple[float, str]:
        """Return the most metres of a way in any fence, at least a touch of it."""
        ends = [(begin.east_m, begin.north_m), (end.east_m, end.north_m)]
        way = shapely.LineString(ends)
        found: list[tuple[float, str]] = []
        for lot in self.ask.lots:
            within_m = lot.shape.intersection(way).length
            clear_of(lot.shape.boundary.distance(shapely.Point(ends[1])), 0)
            if within_m:
                clear_of(within_m, 0)
                # Of a way that grazes a border no two maps tell how long it is within.
                if wider(lot.shape).intersection(way).length - within_m > GRAZES_M:
                    raise TooClose
                found.append((within_m, lot.name))
            elif metres(begin, end):
                clear_of(lot.shape.distance(way), 0)
        found.sort(key=lambda one: -one[0])
        for other_m, _ in found[1:]:
            clear_of(other_m, found[0][0])
        if not found and (touched := self.ask.holding(end)) and metres(begin, end) == 0:
            return 0.001, touched[0].name
        return found[0] if found else (0.0, NONE)


def metres(one: Spot, other: Spot) -> float:
    east_m, north_m = one.east_m - other.east_m, one.north_m - other.north_m
    return float((east_m**2 + north_m**2) ** 0.5)


@dataclass
class Stand(OfFix):
    """Seconds that it has stood where it may not."""

    ask: Ask
    near_m: float
    limit: float
    release: float = TINY
    first: Spot | None = None
    last: int | None = None
    held: int = 0

    def take(self, sample: Fenced) -> Told:
        spot = fix_of(sample)
        if not self.ask.says_where(spot):
            return None, NONE
        step = self.ask.step(self.last, spot.at)
        self.last = spot.at
        stands = (
            self.first is not None
            and clear_of(metres(self.first, spot), self.near_m) < self.near_m
            and not spot.speed_kmh >= 10
        )
        if not stands:
            self.first = spot
        self.held = self.held + (step or 0) if stands else 0
        outside_m, _ = self.ask.outside(spot)
        band_m = self.ask.band_m(spot)
        may_not = outside_m > 0 and clear_of(outside_m, band_m) > band_m
        is_bad = may_not and self.ask.is_wanted(spot)
        return self.held / S if is_bad else 0.0, NONE


@dataclass
class Absent(OfFix):
    """How far away it is after the time by which it had to be in a fence."""

    ask: Ask
    since_min: int
    by_min: int
    zone: ZoneInfo
    limit: float = 0.0
    release: float = TINY
    last: Spot | None = None
    there: list[datetime] = field(default_factory=list)
    unknown: list[datetime] = field(default_factory=list)

    def __post_init__(self) -> None:
        keys = self.ask.keys
        self.limit = max(keys.band_m, 1.0 if keys.accuracies else TINY)

    def take(self, sample: Fenced) -> Told:
        spot = fix_of(sample)
        if not self.ask.says_where(spot):
            return None, NONE
        away_m, name = self.ask.outside(spot)
        wall = self._wall(spot.at)
        since, by = self._window(wall)
        before, self.last = self.last, spot
        if away_m == 0:
            self.there.append(wall)
        is_due = wall >= by
        if self._may_have_been_there(before, spot):
            self.unknown.append(by)
        was_there = any(each >= since for each in self.there)
        if is_due and not was_there and by in self.unknown:
            return None, NONE
        if not is_due or was_there or not self.ask.is_wanted(spot):
            return 0.0, name
        return beyond_band(self.ask, spot, away_m, self.limit), name

    def _may_have_been_there(self, before: Spot | None, spot: Spot) -> bool:
        """Tell whether it may have been there unseen, between two fixes."""
        wall = self._wall(spot.at)
        since, by = self._window(wall)
        if before is None:
            return wall > since
        if self.ask.step(before.at, spot.at) is not None:
            return False
        if self._wall(before.at) >= by or wall == since:
            return False
        is_elsewhere = clear_of(metres(before, spot), 70) > 70
        return wall >= by or is_elsewhere

    def _wall(self, at: int) -> datetime:
        whole, part = divmod(at, S)
        wall = datetime.fromtimestamp(whole, self.zone).replace(tzinfo=None)
        return wall + timedelta(microseconds=part)

    def _window(self, wall: datetime) -> tuple[datetime, datetime]:
        """Return when the newest window begins, and by when it is to be there."""
        midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
        since = midnight + timedelta(minutes=self.since_min)
        if since > wall:
            since -= timedelta(days=1)
        by = since.replace(hour=0, minute=0) + timedelta(minutes=self.by_min)
        return since, by if by > since else by + timedelta(days=1)
