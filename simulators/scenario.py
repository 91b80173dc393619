"""A tester's own timetable: a YAML file of incidents, checked whole before it runs.

::

    repeat_every_s: 600        # optional; six hours if left out
    incidents:
      - cause: cover_opened    # one of simulators.incidents.Cause
        device: MH-0001        # whose code is in devices.csv
        at_s: 5                # seconds after the simulators start
        for_s: 180
        id: first              # optional
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from simulators.city import Hardware
from simulators.consequences import incident_at
from simulators.incidents import CAUSES, Cause, Incident
from simulators.town import PERIOD_S, Town

KEYS = frozenset({"cause", "device", "at_s", "for_s", "id"})
"""What an incident in a file may say."""


class ScenarioError(ValueError):
    """A scenario file is wrong; the message has one line for each thing wrong."""


def read_scenario(path: Path, town: Town) -> tuple[tuple[Incident, ...], float]:
    """Return the incidents of a file, by their start, and the period.

    Raises:
        ScenarioError: With everything that is wrong, each with its place.
    """
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ScenarioError(f"{path}: {error}") from None
    if not isinstance(document, dict) or not isinstance(
        document.get("incidents"), list
    ):
        raise ScenarioError(f"{path}: has no list `incidents`")
    problems: list[str] = []
    period_s = _number(document, "repeat_every_s", PERIOD_S, problems, where=str(path))
    incidents = [
        incident
        for number, entry in enumerate(document["incidents"], 1)
        if (incident := _incident(town, entry, number, problems)) is not None
    ]
    problems += _too_late(incidents, period_s)
    if problems:
        raise ScenarioError("\n".join([f"{path}:", *problems]))
    return tuple(sorted(incidents, key=lambda one: one.starts_s)), period_s


def _incident(
    town: Town, entry: object, number: int, problems: list[str]
) -> Incident | None:
    where = f"incident {number}"
    if not isinstance(entry, dict):
        problems.append(f"{where}: is not a mapping")
        return None
    found = len(problems)
    problems += [f"{where}: unknown {key!r}" for key in entry.keys() - KEYS]
    start_s = _number(entry, "at_s", None, problems, where=where)
    for_s = _number(entry, "for_s", None, problems, where=where)
    device = town.city.devices.get(str(entry.get("device")))
    cause = _cause(entry, device, problems, where=where)
    if cause is None or device is None or len(problems) > found:
        return None
    name = str(entry.get("id", f"{cause}-{number:03d}"))
    made = incident_at(town, cause, device, name=name, start_s=start_s, for_s=for_s)
    if made is None:
        problems.append(f"{where}: {device.code} has no streets to do that on")
    return made


def _cause(
    entry: Mapping[str, object],
    device: Hardware | None,
    problems: list[str],
    *,
    where: str,
) -> Cause | None:
    word = str(entry.get("cause"))
    if device is None:
        problems.append(f"{where}: there is no device {entry.get('device')!r}")
    if word not in set(Cause):
        problems.append(f"{where}: cause {word!r} is none of {', '.join(Cause)}")
        return None
    cause = Cause(word)
    if device is not None and device.kind is not CAUSES[cause].kind:
        problems.append(f"{where}: {cause} happens to a {CAUSES[cause].kind}")
    return cause


def _number(
    entry: Mapping[str, object],
    key: str,
    default: float | None,
    problems: list[str],
    *,
    where: str,
) -> float:
    value = entry.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        problems.append(f"{where}: {key} is {value!r}, no number of seconds")
        return 0.0
    return float(value)


def _too_late(incidents: Sequence[Incident], period_s: float) -> list[str]:
    return [
        f"{one.id}: ends at {one.ends_s:g} s, after repeat_every_s {period_s:g}"
        for one in incidents
        if one.ends_s > period_s
    ]
