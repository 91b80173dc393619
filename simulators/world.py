"""One world behind all simulators: its time, its weather, and what goes wrong in it.

Every value is a function of the seed, the device, the purpose and the time. Time counts
in seconds from the world's start; only the time of day comes from the city's clock.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from simulators.city import Hardware
from simulators.incidents import Cause, Incident
from simulators.town import PERIOD_S, Town

AFTER_S = 900.0
"""So long after its end an incident may still be felt, as water that drains."""

RAIN_REACH_M = 350.0
"""A cloudburst's rain falls to 1/e of its middle over this distance."""

RAIN_PEAK_MM_H = 180.0
"""Rain in the middle of a cloudburst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A town, a start, and a timetable of incidents.

    Attributes:
        town: What does not change.
        start: Second 0.
        period_s: After so long the timetable begins anew.
        by_cause: Incidents of each cause, by their start.
        by_device: Incidents at each device, by their start.
        longest_s: How long the longest one lasts.
    """

    town: Town
    start: datetime
    period_s: float
    by_cause: Mapping[Cause, Sequence[Incident]]
    by_device: Mapping[str, Sequence[Incident]]
    longest_s: float

    @classmethod
    def begin(
        cls,
        town: Town,
        incidents: Sequence[Incident],
        *,
        start: datetime,
        period_s: float = PERIOD_S,
    ) -> Self:
        """Make a world from a timetable."""
        ordered = sorted(incidents, key=lambda incident: incident.starts_s)
        by_device: dict[str, list[Incident]] = defaultdict(list)
        for incident in ordered:
            by_device[incident.device].append(incident)
        lengths = [incident.ends_s - incident.starts_s for incident in ordered]
        return cls(
            town=town,
            start=start,
            period_s=period_s,
            by_cause={
                cause: [one for one in ordered if one.cause is cause] for cause in Cause
            },
            by_device=dict(by_device),
            longest_s=max(lengths, default=0.0),
        )

    def second(self, at: datetime) -> float:
        """Return the seconds since the world's start."""
        return (at - self.start).total_seconds()

    def recent(self, cause: Cause, second: float) -> Iterator[Incident]:
        """Yield incidents of a cause that run at `second` or ended not long before."""
        within = second % self.period_s
        incidents = self.by_cause[cause]
        place = bisect_right(incidents, within, key=lambda one: one.starts_s)
        for incident in reversed(incidents[:place]):
            if within > incident.starts_s + self.longest_s + AFTER_S:
                return
            if within < incident.ends_s + AFTER_S:
                yield incident

    def at_device(self, cause: Cause, device: str, second: float) -> Incident | None:
        """Return what of a cause a device suffers at `second`, if anything."""
        within = second % self.period_s
        for incident in self.by_device.get(device, ()):
            if incident.cause is cause and incident.lasts_at(within):
                return incident
        return None

    def hour(self, at: datetime) -> float:
        """Return the hour of the city's day, 0 to 24."""
        local = at.astimezone(self.town.city.zone)
        return local.hour + local.minute / 60 + local.second / 3600

    def demand(self, at: datetime) -> float:
        """Return how much water the city draws: 0 at night, 1 at the two peaks."""
        hour = self.hour(at)
        morning = math.exp(-(((hour - 7.5) / 1.8) ** 2))
        evening = math.exp(-(((hour - 19.0) / 2.4) ** 2))
        noon = 0.55 * math.exp(-(((hour - 12.5) / 3.5) ** 2))
        return min(1.0, morning + evening + noon)

    def ambient_c(self, at: datetime) -> float:
        """Return the temperature of the air."""
        day = math.cos((self.hour(at) - 15) / 24 * math.tau)
        drift = self.town.noise.drift("city", "air", at_s=self.second(at), step_s=1800)
        return 14 + 6 * day + 1.5 * drift

    def mains_v(self, second: float) -> float:
        """Return the voltage of the street's mains."""
        drift = self.town.noise.drift("city", "mains", at_s=second, step_s=240)
        return 229 + 4 * drift

    def traffic(self, second: float) -> float:
        """Return how hard the traffic shakes covers: 0 to 1."""
        drift = self.town.noise.drift("city", "traffic", at_s=second, step_s=300)
        return (drift + 1) / 2

    def rain_mm_h(self, device: Hardware, second: float) -> float:
        """Return how hard it rains where a device stands."""
        within = second % self.period_s
        return sum(
            RAIN_PEAK_MM_H * rain_share(self.town, incident, device)
            for incident in self.recent(Cause.CLOUDBURST, second)
            if incident.lasts_at(within)
        )


def rain_share(town: Town, burst: Incident, device: Hardware) -> float:
    """Return how much of a cloudburst reaches a device: 1 in its middle."""
    metres = town.distance_m(town.city.devices[burst.device], device)
    return math.exp(-((metres / RAIN_REACH_M) ** 2))
