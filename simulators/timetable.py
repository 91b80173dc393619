"""When what goes wrong: the demonstration's timetable.

The first minute shows every cause once, a few seconds apart; after that about one a
minute begins, each is put right after some minutes, and no device suffers two at once.
"""

from collections.abc import Iterator, Sequence

from shapely import Point

from simulators.city import Hardware
from simulators.consequences import incident_at
from simulators.incidents import CAUSES, Cause, Incident
from simulators.town import PERIOD_S, Town
from vocabulary.lighting import ZENITH_DEG

FIRST = (
    (2.0, Cause.CLOUDBURST),
    (5.0, Cause.LEFT_AREA),
    (9.0, Cause.COVER_OPENED),
    (13.0, Cause.CIRCUIT_OFF),
    (18.0, Cause.LAMP_FAILED),
    (23.0, Cause.OVERSPEED),
    (29.0, Cause.PIPE_BURST),  # once the points have told where they rest
)
"""Second and cause of the first incidents."""

ONCE = (
    (36.0, Cause.GATEWAY_LOST),
    (38.0, Cause.NO_ENTRY),
    (55.0, Cause.POSITION_FROZEN),
    (65.0, Cause.TERMINAL_OFF),
    (75.0, Cause.STOPPED_OUTSIDE),
)
"""Once in a period, the others having begun: a radio gateway goes away with all its
sensors, and vehicles do what takes minutes until it is a case."""

ROTA = (
    Cause.LAMP_FAILED,
    Cause.COVER_OPENED,
    Cause.OVERSPEED,
    Cause.LAMP_FAILED,
    Cause.PIPE_BURST,
    Cause.LEFT_AREA,
    Cause.COVER_OPENED,
    Cause.LAMP_FAILED,
    Cause.NO_ENTRY,
    Cause.CLOUDBURST,
    Cause.CIRCUIT_OFF,
)
"""Causes after the first minute, in turn."""

EVERY_S = 60.0
"""Mean time between two later starts."""

LATER_FROM_S = 80.0
"""When the second incident of any cause may begin."""

QUIET_S = 900.0
"""Nothing begins so long before the period ends, so that the next begins clean."""

REST_S = 90.0
"""A device is left alone so long before and after an incident."""


def demo_timetable(town: Town, *, speed: float = 1.0) -> tuple[Incident, ...]:
    """Return the incidents of one period, by their start.

    Args:
        town: Where.
        speed: How many times more often than usual they come after the first minute.
    """
    made: list[Incident] = []
    for number, (start_s, cause) in enumerate(_starts(town, every_s=EVERY_S / speed)):
        incident = _somewhere(town, cause, start_s, number=number, others=made)
        if incident is not None:
            made.append(incident)
    return tuple(sorted(made, key=lambda incident: incident.starts_s))


def _starts(town: Town, *, every_s: float) -> Iterator[tuple[float, Cause]]:
    yield from (*FIRST, *ONCE)
    start_s, number = LATER_FROM_S, 0
    while start_s < PERIOD_S - QUIET_S:
        yield round(start_s, 1), ROTA[number % len(ROTA)]
        number += 1
        start_s += every_s * town.noise.between(
            "timetable", "pause", low=0.75, high=1.25, slot=number
        )


def _somewhere(
    town: Town, cause: Cause, start_s: float, *, number: int, others: Sequence[Incident]
) -> Incident | None:
    """Make an incident at the first device, in drawn order, where it can be."""
    low, high = CAUSES[cause].lasts_s
    name = f"{cause}-{number:03d}"
    for_s = round(town.noise.between(name, "lasts", low=low, high=high))
    ranked = sorted(
        filter(_shows_always, town.city.of_kind(CAUSES[cause].kind)),
        key=lambda device: _rank(town, cause, device, name=name, start_s=start_s),
    )
    for device in ranked:
        incident = incident_at(
            town, cause, device, name=name, start_s=start_s, for_s=for_s
        )
        if incident is not None and not _in_the_way(town, incident, others):
            return incident
    return None


def _shows_always(device: Hardware) -> bool:
    """Tell of what is not dark by day: the timetable is the same at any hour."""
    programme = device.programme
    return programme is None or programme.on_below_deg >= ZENITH_DEG


def _rank(
    town: Town, cause: Cause, device: Hardware, *, name: str, start_s: float
) -> tuple[float, float]:
    """Rank devices: patrols speed first, whoever is near goes there first."""
    chance = town.noise.uniform(device.code, f"turn {name}")
    if cause is Cause.OVERSPEED:
        car = town.city.cars[device.vehicle]
        return float(car.kind != "enforcement"), chance
    if cause in (Cause.LEFT_AREA, Cause.NO_ENTRY) and device.code in town.beats:
        beat = town.beats[device.code]
        moment = beat.motion.moment(start_s % beat.round_s)
        edge = town.areas[device.code].boundary
        there = edge if cause is Cause.LEFT_AREA else town.place("no_entry")
        return float(there.distance(Point(moment.x, moment.y))), chance
    return 0.0, chance


def _in_the_way(town: Town, incident: Incident, others: Sequence[Incident]) -> bool:
    mine = _touched(town, incident)
    from_s, to_s = _busy(incident)
    return any(
        from_s - REST_S < _busy(other)[1]
        and _busy(other)[0] < to_s + REST_S
        and mine & _touched(town, other)
        for other in others
    )


def _busy(incident: Incident) -> tuple[float, float]:
    if incident.motion is None:
        return incident.starts_s, incident.ends_s
    return float(incident.motion.at_s[0]), float(incident.motion.at_s[-1])


def _touched(town: Town, incident: Incident) -> set[str]:
    """Return the devices an incident is seen at, and the cabinets above them."""
    above = {town.city.devices[code].upstream for code in incident.members}
    return {*incident.members, incident.device, *above} - {""}
