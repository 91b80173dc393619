"""One truck and some fences on a flat yard, in metres east and north of its corner.

A drive is a list of fixes, played as journal entries of one fix each with a tick every
second between them, through the real engine, written down and read back on the way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from cases.request import Hit
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.engine.state import read_back, written
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource
from tests.rules import town
from vocabulary.device import DeviceKind
from vocabulary.geometry import metres_per_degree
from vocabulary.position import Positions
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape

LON, LAT = 111.0, 35.0
EAST_M, NORTH_M = metres_per_degree(LAT)


@dataclass(frozen=True)
class Fix:
    """One fix: seconds, metres east and north, and what else the terminal says."""

    at_s: float
    east_m: float
    north_m: float = 50.0
    speed_kmh: float = float("nan")
    hdop: float = float("nan")
    inputs: int = 0
    quality: int = 0


def box(
    west: float,
    east: float,
    *,
    south: float = 0.0,
    north: float = 100.0,
    fence_id: int = 1,
    kind: str = "",
) -> GeofenceFacts:
    """A rectangle, in metres."""
    shape = shapely.box(
        LON + west / EAST_M,
        LAT + south / NORTH_M,
        LON + east / EAST_M,
        LAT + north / NORTH_M,
    )
    return GeofenceFacts(
        id=fence_id,
        code=f"F-{fence_id}",
        name_zh=f"围栏{fence_id}",
        name_en=f"fence {fence_id}",
        shape=GeofenceShape.POLYGON,
        geometry=shapely.to_geojson(shape),
        radius_m=None,
        kind=kind,
    )


def rule(condition: str, *more: str, code: str = "fenced") -> str:
    """A whole rule file around one condition in flow style."""
    return "\n".join(
        [
            f"code: {code}",
            "name: {zh: 围栏, en: fenced}",
            "kind: vehicle",
            f"condition: {{{condition}, severity: minor}}",
            *more,
            'reason: {zh: "{device} {fence} {value}", en: "{device} {fence} {value}"}',
            "source: test",
            "",
        ]
    )


def source(
    texts: Sequence[str],
    fences: Iterable[GeofenceFacts],
    *,
    own: GeofenceFacts | None = None,
    interval_s: float = 10.0,
    trucks: int = 1,
) -> PlanSource:
    """What a plan for some trucks is compiled from."""
    plain = [
        town.device(number, DeviceKind.VEHICLE, edge="nmea", interval_s=interval_s)
        for number in range(1, trucks + 1)
    ]
    subjects = [replace(subject, area=own) for subject in plain]
    made = town.source(subjects, *texts)
    return PlanSource(made.rules, made.subjects, 1, geofences=tuple(fences))


def plan_of(
    condition: str,
    *more: str,
    fences: Sequence[GeofenceFacts] = (),
    own: GeofenceFacts | None = None,
    interval_s: float = 10.0,
) -> Plan:
    """A plan of one rule and one truck."""
    made = source([rule(condition, *more)], fences, own=own, interval_s=interval_s)
    return compile_plan(made)


def drive(plan: Plan, fixes: Iterable[Fix], *, ticks: bool = True) -> list[Transition]:
    """Play a drive and return what became of the alarms."""
    state, found, at_s = plan.fresh_state(), [], None
    for fix in fixes:
        entries: list[Learned] = []
        seq = state.seq
        if ticks and at_s is not None and fix.at_s - at_s <= 120:
            seconds = range(int(at_s) + 1, int(fix.at_s))
            entries = [town.tick(seq := seq + 1, second) for second in seconds]
        at_s = fix.at_s
        folded = fold(plan, state, [*entries, learned(seq + 1, fix)])
        found += folded.transitions
        state = read_back(written(folded.state))
    return found


def learned(seq: int, *fixes: Fix, device_id: int = 1) -> Learned:
    """One journal entry, at the time of the last of its fixes."""
    n, at_s = len(fixes), fixes[-1].at_s
    return Learned(
        seq,
        town.us(at_s),
        Positions(
            device_id=np.full(n, device_id, np.int32),
            fixed_us=np.array([town.us(fix.at_s) for fix in fixes], np.int64),
            lon_e7=e7([LON + fix.east_m / EAST_M for fix in fixes]),
            lat_e7=e7([LAT + fix.north_m / NORTH_M for fix in fixes]),
            speed_kmh=np.array([fix.speed_kmh for fix in fixes], np.float32),
            course_deg=np.full(n, np.nan, np.float32),
            altitude_m=np.full(n, np.nan, np.float32),
            satellites=np.full(n, -1, np.int16),
            hdop=np.array([fix.hdop for fix in fixes], np.float32),
            inputs=np.array([fix.inputs for fix in fixes], np.int32),
            quality=np.array([fix.quality for fix in fixes], np.int32),
            received_us=np.full(n, town.us(at_s), np.int64),
        ),
    )


def e7(degrees: Sequence[float]) -> "np.ndarray[tuple[int], np.dtype[np.int32]]":
    return np.round(np.array(degrees) * 1e7).astype(np.int32)


def told(transitions: Iterable[Transition]) -> list[tuple[Hit, float]]:
    """Kind and second of each transition."""
    return [(t.kind, t.measured_us / 1e6 - town.START_S) for t in transitions]


def steady(east: Sequence[float], *, every_s: float = 10.0) -> list[Fix]:
    """Fixes at even times."""
    return [Fix(every_s * number, metres) for number, metres in enumerate(east)]
