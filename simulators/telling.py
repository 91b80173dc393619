"""Saying what truly happens, as it happens: for scorers and for people."""

import itertools
import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from simulators.incidents import Incident, truth_line
from simulators.pacing import wait_until
from simulators.world import World
from vocabulary.times import Clock

log = logging.getLogger(__name__)

OnIncident = Callable[[Incident, str], None]
"""Told of each incident as it begins, with its line of ground truth."""


async def tell(
    world: World,
    timetable: Sequence[Incident],
    clock: Clock,
    *,
    truth: Path | None,
    on_incident: OnIncident | None,
) -> None:
    """Tell of each incident as it begins, period after period, until cancelled."""
    _begin(truth)
    for lap in itertools.count() if timetable else ():
        start = world.start + timedelta(seconds=lap * world.period_s)
        for incident in timetable:
            second = lap * world.period_s + incident.starts_s
            await wait_until(world, second, clock)
            line = truth_line(incident, world.town.city.devices, start=start, lap=lap)
            log.info("incident %s at %s", incident.cause.value, incident.device)
            _append(truth, line)
            if on_incident is not None:
                on_incident(incident, line)


def _begin(truth: Path | None) -> None:
    if truth is not None:
        truth.write_text("", "utf-8")


def _append(truth: Path | None, line: str) -> None:
    if truth is not None:
        with truth.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
