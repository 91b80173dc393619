"""city.toml: what holds for a whole city."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from devices.registry.fields import NO_CONTROL, control_in, is_time_zone
from devices.registry.import_result import Problem
from vocabulary.codes import CodeError, check_county

SETTINGS = "city.toml"
"""The file every city's folder has."""

_RIGHT = (
    "must have texts name_zh, name_en, county and time_zone, "
    "and centre = [degrees east, degrees north]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CityFacts:
    """What holds for the whole city.

    Attributes:
        name_zh: 中文名称.
        name_en: English name.
        county: 6 digits (GB/T 2260) that all its codes begin with.
        time_zone: IANA zone its days are counted in.
        centre: Degrees east and north, where a map opens.
    """

    name_zh: str
    name_en: str
    county: str
    time_zone: str
    centre: tuple[float, float]


def read_facts(folder: Path, problems: list[Problem]) -> CityFacts | None:
    """Read city.toml.

    Args:
        folder: The city's folder.
        problems: Where to add what is wrong.

    Returns:
        What holds for the whole city, or None if something was wrong.
    """
    path = folder / SETTINGS
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        message = f"is not in {folder}; is this a city's folder?"
        problems.append(Problem(SETTINGS, 0, "", message))
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(SETTINGS, 0, "", f"no TOML: {error}"))
        return None
    facts = _facts_of(settings)
    if facts is None:
        problems.append(Problem(SETTINGS, 0, "", _RIGHT))
        return None
    return facts if _are_facts_good(facts, problems) else None


def _facts_of(settings: dict[str, object]) -> CityFacts | None:
    match settings:
        case {
            "name_zh": str(name_zh),
            "name_en": str(name_en),
            "county": str(county),
            "time_zone": str(time_zone),
            "centre": [float(lon) | int(lon), float(lat) | int(lat)],
        }:
            return CityFacts(
                name_zh=name_zh,
                name_en=name_en,
                county=county,
                time_zone=time_zone,
                centre=(float(lon), float(lat)),
            )
        case _:
            return None


def _are_facts_good(facts: CityFacts, problems: list[Problem]) -> bool:
    found: list[Problem] = []
    for column in ("name_zh", "name_en"):
        control = control_in(getattr(facts, column))
        if control:
            message = f"holds {control}; {NO_CONTROL}"
            found.append(Problem(SETTINGS, 0, column, message))
    try:
        check_county(facts.county)
    except CodeError as error:
        found.append(Problem(SETTINGS, 0, "county", str(error)))
    if not is_time_zone(facts.time_zone):
        message = f"{facts.time_zone!r} is no zone; write it like Asia/Shanghai"
        found.append(Problem(SETTINGS, 0, "time_zone", message))
    problems += found
    return not found
