"""The standing part of the simulated world: the city, its streets, everyone's beat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shapely import GeometryCollection, LineString, transform
from shapely.geometry.base import BaseGeometry

from simulators.beats import Beat, Pace, beat, inside
from simulators.city import Car, City, Hardware
from simulators.noise import Noise
from simulators.plane import Plane
from simulators.streets import Streets, streets_from_lines
from vocabulary.device import DeviceKind

PERIOD_S = 21_600.0
"""After six hours incidents and beats come round again."""

CLOSED = ("no_entry", "night_ban")
"""Kinds of places that nobody's round leads through."""

CLEAR_M = 12.0
"""A street so near to a closed place is as good as in it."""

SWEEPER = Pace(cruise_kmh=8, beat_m=2500, stop_every_m=500, stop_s=15)
"""Sweepers work at about 8 km/h (Wuhan Qingshan, 2011)."""

SPRINKLER = Pace(cruise_kmh=15, beat_m=4000, stop_every_m=1200, stop_s=40)
"""Sprinklers work at about 15 km/h; they stop for hydrants."""

NOWHERE = GeometryCollection()
"""What the places of a kind cover of which there are none."""

PATROL = Pace(cruise_kmh=34, beat_m=8000, stop_every_m=1500, stop_s=60)
"""Patrols drive with the traffic and stop where something is to be looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """What does not change while the world runs.

    Attributes:
        noise: All chance.
        city: What stands where.
        plane: Its flat map.
        streets: Its street network.
        areas: Work areas in metres, by vehicle device code.
        beats: Beats by vehicle device code.
        places: What geofences of each kind cover, metres.
        clear: Stretches that lead through no closed place.
    """

    noise: Noise
    city: City
    plane: Plane
    streets: Streets
    areas: Mapping[str, BaseGeometry]
    beats: Mapping[str, Beat]
    places: Mapping[str, BaseGeometry]
    clear: frozenset[int]

    def place(self, kind: str) -> BaseGeometry:
        """Return what the geofences of one kind cover; nothing if there are none."""
        return self.places.get(kind, NOWHERE)

    def distance_m(self, a: Hardware, b: Hardware) -> float:
        """Return the metres between two devices that stand."""
        return self.plane.distance_m((a.lon, a.lat), (b.lon, b.lat))


def pace_of(car: Car) -> Pace:
    """Return how a vehicle works, by its kind and its name."""
    if car.kind == "enforcement":
        return PATROL
    return SPRINKLER if "sprinkler" in car.name_en.lower() else SWEEPER


def build_town(city: City, *, seed: int) -> Town:
    """Lay out streets and beats; vehicles without streets to drive stand nowhere."""
    plane = Plane(city.lon, city.lat)
    streets = streets_from_lines([plane.metres(line) for line in city.streets])
    noise = Noise(seed)
    places = {kind: transform(at, plane.metres) for kind, at in city.places.items()}
    clear = _clear(streets, [places[kind] for kind in CLOSED if kind in places])
    areas: dict[str, BaseGeometry] = {}
    beats: dict[str, Beat] = {}
    for device in city.of_kind(DeviceKind.VEHICLE):
        car = city.cars[device.vehicle]
        if car.area is None:
            continue
        area = transform(car.area, plane.metres)
        allowed = inside(streets, area, clear)
        if allowed:
            areas[device.code] = area
            beats[device.code] = beat(
                streets,
                allowed,
                pace_of(car),
                noise=noise,
                name=device.code,
                period_s=PERIOD_S,
                home=places.get("depot", NOWHERE),
            )
    return Town(
        noise=noise,
        city=city,
        plane=plane,
        streets=streets,
        areas=areas,
        beats=beats,
        places=places,
        clear=clear,
    )


def _clear(streets: Streets, closed: Sequence[BaseGeometry]) -> frozenset[int]:
    """Return the stretches that keep away from some places."""
    return frozenset(
        index
        for index, stretch in enumerate(streets.stretches)
        if all(LineString(stretch.line).distance(one) > CLEAR_M for one in closed)
    )
