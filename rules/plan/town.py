"""What of the registry rules speak of: the devices by id, and the geofences."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from rules.plan.subject import Subject
from vocabulary.geometry import metres_per_degree
from vocabulary.registry_facts import GeofenceFacts

OWN, ALL = "own", "all"
"""Words in place of the codes of geofences."""

KIND = re.compile(r"kind ([a-z][a-z0-9_]*)")
"""How geofences of one kind are named."""


@dataclass(frozen=True)
class Town(Mapping[int, Subject]):
    """All devices, by id, and what else there is.

    Attributes:
        by_id: The devices.
        geofences: Those that rules name, by ascending id.
        time_zone: IANA zone of local times.
    """

    by_id: Mapping[int, Subject]
    geofences: tuple[GeofenceFacts, ...]
    time_zone: str
    _named: dict[str, tuple[GeofenceFacts, ...]] = field(default_factory=dict)
    _having: dict[str, tuple[Subject, ...]] = field(default_factory=dict)

    def __getitem__(self, device_id: int) -> Subject:
        return self.by_id[device_id]

    def __iter__(self) -> Iterator[int]:
        return iter(self.by_id)

    def __len__(self) -> int:
        return len(self.by_id)

    def named(self, fences: str) -> tuple[GeofenceFacts, ...]:
        """Return the geofences that a rule names; the same tuple each time."""
        if fences not in self._named:
            self._named[fences] = named_fences(fences, self.geofences)
        return self._named[fences]

    def nearest(
        self, subject: Subject, quantity: str, *, within_m: float
    ) -> Subject | None:
        """Return the nearest device that tells of a quantity; the device's own first.

        Args:
            subject: From where.
            quantity: Of what.
            within_m: How far it may be.
        """
        if quantity in subject.series:
            return subject
        if quantity not in self._having:
            self._having[quantity] = tuple(
                one for one in self.by_id.values() if quantity in one.series
            )
        found = [
            (metres, one.device_id)
            for one in self._having[quantity]
            if (metres := _apart_m(subject, one)) <= within_m
        ]
        return self.by_id[min(found)[1]] if found else None


def _apart_m(one: Subject, other: Subject) -> float:
    """Return how far two devices stand apart; infinitely if nobody knows where."""
    if None in (one.lon, one.lat, other.lon, other.lat):
        return math.inf
    lon, lat = one.lon or 0.0, one.lat or 0.0
    east, north = metres_per_degree(lat)
    return math.hypot(
        east * ((other.lon or 0.0) - lon), north * ((other.lat or 0.0) - lat)
    )


def named_fences(
    fences: str, geofences: Iterable[GeofenceFacts]
) -> tuple[GeofenceFacts, ...]:
    """Return the geofences that a rule names, in their order; none for own areas.

    Args:
        fences: `own`, `all`, `kind WORD`, or codes with commas between them.
        geofences: All there are.
    """
    if fences in (OWN, ALL):
        return tuple(geofences) if fences == ALL else ()
    if kind := KIND.fullmatch(fences):
        return tuple(fence for fence in geofences if fence.kind == kind[1])
    codes = {code.strip() for code in fences.split(",")}
    return tuple(fence for fence in geofences if fence.code in codes)
