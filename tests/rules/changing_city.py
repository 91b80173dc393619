"""A city that changes while it speaks: random, seeded, and cut down at will.

Everybody reports on a grid of 20 s, with gaps, doubled, late within what is allowed and
now and then beyond it. Meanwhile the sun sets on lamps in one place and rises on those
in another, ingest workers and links come and go, rules are edited, and devices move.

Two suns agree on when one turns but to some seconds. So the sun turns between two
points of the grid, and what is told then may be told by the entry after.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from rules.engine.learned import Learned
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from tests.rules.changing_rules import text_of
from tests.rules.oracle_lamps import sun
from tests.rules.town import AREA, START_S, device, edge, positions, readings, tick
from vocabulary.device import DeviceKind
from vocabulary.lighting import LampProgramme, NightStep

GRID_S = 20
LATE_S = 40.0
EVENING, MORNING = (111.0, 35.0), (-15.0, 50.0)
"""Where the sun sinks and where it rises at 16:00 in Shanghai."""

GATEWAYS = {"CAB-1": 1, "CAB-2": 2, "GW-1": 3, "GW-2": 4, "GW-3": 5, "nmea": 6}
"""Their ids."""

LEVELS: dict[str, tuple[float, ...]] = {
    "contactor_on": (0, 1, 1, 1),
    "power_w": (0, 10, 20, 25, 40, 60),
    "depth_mm": (0, 5, 8, 10, 17, 20, 27, 30, 45),
    "tilt_deg": (2, 2.5, 14, 20),
    "cover_open": (0, 1, 1),
    "speed_kmh": (0, 12, 16, 21, 40),
}
QUALITIES = (0,) * 20 + (1, 2, 4, 8, 512)
"""Some are refused by all, some by none."""


@dataclass(frozen=True)
class Change:
    """What holds after an entry."""

    seq: int
    source: PlanSource


@dataclass(frozen=True)
class Story:
    """A journal, by what it is judged at first, and what is changed in its course."""

    first: PlanSource
    changes: list[Change]
    entries: list[Learned]


def story(rng: random.Random, steps: int, codes: set[str]) -> Story:
    """Draw a story of some steps of the grid, told of some rules."""
    sources = [city(rng, codes)]
    entries: list[Learned] = []
    changes: list[Change] = []
    devices = {one.device_id: one for one in sources[0].subjects}
    left: list[Spoken] = []
    moods: dict[tuple[int, str], float] = {}
    for step in range(steps):
        left += spoken(rng, list(devices.values()), moods, step)
        told = list(entries_of(rng, left, step))
        entries += [
            replace(one, seq=seq) for seq, one in enumerate(told, len(entries) + 1)
        ]
        if rng.random() < 0.2:
            sources.append(changed(rng, sources[-1], codes))
            changes.append(Change(entries[-1].seq, sources[-1]))
            devices |= {one.device_id: one for one in sources[-1].subjects}
    return Story(sources[0], changes, entries)


def city(rng: random.Random, codes: set[str]) -> PlanSource:
    """Return the city as it is at first."""
    return PlanSource(
        rules=tuple(text_of(rng, code, 1) for code in sorted(codes)),
        subjects=tuple(devices()),
        registry_version=1,
        geofences=(AREA,),
        programmes=programmes(rng),
    )


def devices() -> list[Subject]:
    """Return everybody there is at first."""
    lamp = ("power_w",)
    cover = ("tilt_deg", "cover_open")
    found = [
        device(1, DeviceKind.CABINET, "contactor_on", edge="modbus", gateway="CAB-1"),
        device(2, DeviceKind.CABINET, "contactor_on", edge="modbus", gateway="CAB-2"),
        device(
            3, DeviceKind.LAMP, *lamp, upstream_id=1, edge="modbus", gateway="CAB-1"
        ),
        device(4, DeviceKind.LAMP, *lamp, upstream_id=2),
        device(5, DeviceKind.LAMP, *lamp, upstream_id=1, allowed_lateness_s=LATE_S),
        device(6, DeviceKind.GAUGE, "depth_mm"),
        device(7, DeviceKind.GAUGE, "depth_mm", allowed_lateness_s=LATE_S),
        device(8, DeviceKind.GAUGE, "depth_mm", gateway="GW-2"),
        device(9, DeviceKind.VEHICLE, edge="nmea", gateway="nmea"),
        device(10, DeviceKind.COVER, *cover, gateway="GW-2", allowed_lateness_s=LATE_S),
        device(11, DeviceKind.COVER, *cover),
    ]
    return [
        placed(replace(one, interval_s=20.0, gateway_id=GATEWAYS[one.gateway]), turn=0)
        for one in found
    ]


def placed(one: Subject, turn: int) -> Subject:
    """Put a device where the sun sets or where it rises, under a programme of there."""
    if one.kind is not DeviceKind.LAMP:
        return one
    is_evening = (one.device_id + turn) % 3 > 0
    lon, lat = EVENING if is_evening else MORNING
    code = ("evening" if is_evening else "morning") if turn < 3 else ""
    return replace(one, lon=lon, lat=lat, programme=code)


def programmes(rng: random.Random) -> tuple[LampProgramme, ...]:
    """Draw when lamps are lit: the sun turns in the middle of a step of the grid."""
    found = []
    for code, place in (("evening", EVENING), ("morning", MORNING)):
        turn_s = START_S + 10 + GRID_S * rng.randrange(4, 24)
        angle, _ = sun(turn_s, *place)
        margin_s = rng.choice([0.0, 20, 40, 100])
        # Two suns must agree on which comes first, the sun or a step.
        sun_s = turn_s - START_S
        apart = [m for m in range(960, 972) if abs(60 * (m - 960) - sun_s) > GRID_S]
        minutes = sorted(rng.sample(apart, rng.randint(0, 3)))
        steps = [
            NightStep(minute=minute, level_pct=rng.choice([0.0, 0.0, 30, 100]))
            for minute in minutes
        ]
        found.append(
            LampProgramme(
                code=code,
                on_below_deg=angle if code == "evening" else 10,
                off_above_deg=angle if code == "morning" else 10,
                margin_s=margin_s,
                steps=tuple(steps),
            )
        )
    return tuple(found)


def changed(rng: random.Random, source: PlanSource, codes: set[str]) -> PlanSource:
    """Edit a rule, drop one or take one back; move a device, retire or add one."""
    what = rng.choice(["rule", "rule", "moved", "moved", "moved", "retired", "lamps"])
    if what == "rule":
        return _other_rule(rng, source, codes)
    if what == "lamps":
        return msgspec.structs.replace(source, programmes=programmes(rng))
    there = {one.device_id: one for one in source.subjects}
    if what == "retired":
        device_id = rng.choice(devices()).device_id
        if there.pop(device_id, None) is None:
            there[device_id] = devices()[device_id - 1]
    else:
        one = rng.choice([*there.values()])
        there[one.device_id] = _moved(rng, one)
    subjects = tuple(there[i] for i in sorted(there))
    return msgspec.structs.replace(
        source, subjects=subjects, registry_version=source.registry_version + 1
    )


def _other_rule(rng: random.Random, source: PlanSource, codes: set[str]) -> PlanSource:
    code = rng.choice(sorted(codes))
    version = source.registry_version + 1
    before = [text for text in source.rules if text.code == code]
    others = [text for text in source.rules if text.code != code]
    if not before or rng.random() < 0.8:
        others.append(text_of(rng, code, version))
    return msgspec.structs.replace(
        source,
        rules=tuple(sorted(others, key=lambda text: text.code)),
        registry_version=source.registry_version + 1,
    )


def _moved(rng: random.Random, one: Subject) -> Subject:
    match rng.choice(["link", "link", "above", "place", "late"]):
        case "link":
            name = rng.choice(["GW-1", "GW-2", "GW-3"])
            gateway_id = GATEWAYS[name]
            return replace(one, edge="mqtt", gateway=name, gateway_id=gateway_id)
        case "above" if one.kind is DeviceKind.LAMP:
            return replace(one, upstream_id=rng.choice([1, 2]))
        case "place":
            return placed(one, rng.randrange(4))
        case "late":
            return replace(one, allowed_lateness_s=rng.choice([0.0, LATE_S]))
        case _:
            return replace(one, speed_limit_kmh=rng.choice([None, 15.0]))


@dataclass(frozen=True)
class Spoken:
    """A reading of a series or, with `series` 0, a fix; and when it arrives."""

    arrives_s: float
    at_s: float
    device: int
    series: int
    value: float
    quality: int


ARRIVALS_S = (1.0, 1.5, 19.0)
"""When in a step of the grid anything arrives."""


def spoken(
    rng: random.Random,
    subjects: list[Subject],
    moods: dict[tuple[int, str], float],
    step: int,
) -> list[Spoken]:
    """Draw what is said at one step of the grid, and when it arrives."""
    found = []
    if rng.random() < 0.15:  # now and then all lamps are as one
        power_w = rng.choice(LEVELS["power_w"])
        lamps = [one.device_id for one in subjects if one.kind is DeviceKind.LAMP]
        moods |= dict.fromkeys([(lamp, "power_w") for lamp in lamps], power_w)
    for one in subjects:
        if rng.random() < 0.2:
            continue
        at_s = GRID_S * step + rng.choice([0, 0, 0.25, 0.5])
        steps = rng.choice([0, 0, 1]) if one.allowed_lateness_s else 0
        steps = 4 if rng.random() < 0.02 else steps
        for name in one.series or ["speed_kmh"]:
            mood = one.device_id, name
            if mood not in moods or rng.random() < 0.25:
                moods[mood] = rng.choice(LEVELS[name])
            quality = rng.choice(QUALITIES)
            series = one.series.get(name, 0)
            for _ in range(rng.choice([1, 1, 1, 2])):
                arrives_s = GRID_S * (step + steps) + rng.choice(ARRIVALS_S)
                told = (one.device_id, series, moods[mood], quality)
                found.append(Spoken(arrives_s, at_s, *told))
    return found


LINKS = (
    ("ingest", ""),
    ("mqtt", ""),
    ("mqtt", "GW-1"),
    ("mqtt", "GW-2"),
    ("modbus", "CAB-1"),
    ("nmea", ""),
)


def entries_of(rng: random.Random, left: list[Spoken], step: int) -> Iterator[Learned]:
    """Yield the entries of one step of the grid; what arrives later stays."""
    is_there = rng.random() < 0.9
    for offset_s in (1.0, 1.5, 5.5, 9.5, 13.5, 17.5, 19.0):
        at_s = GRID_S * step + offset_s
        if rng.random() < 0.03:
            name, gateway = rng.choice(LINKS)
            word = edge(0, at_s, name, up=rng.random() < 0.6, gateway=gateway)
            yield replace(word, worker=rng.choice(["one", "one", "two", ""]))
        part = [one for one in left if one.arrives_s <= at_s]
        left[:] = [one for one in left if one.arrives_s > at_s]
        rng.shuffle(part)
        rows = [(o.series, o.at_s, o.value, o.quality) for o in part if o.series]
        fixes = {
            (o.device, o.at_s, -500.0, o.value, o.quality) for o in part if not o.series
        }
        if rows:
            yield readings(0, at_s, rows)
        if fixes:
            yield positions(0, at_s, sorted(fixes))
        if not rows and not fixes and is_there:
            yield replace(tick(0, at_s), worker=rng.choice(["", "", "one", "two"]))
