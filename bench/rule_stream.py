"""A city of devices that tell 20 quantities each, and what its journal says.

Every device reports once a minute, all its quantities at one time; ingest writes what
came within some time as one entry. One device in a hundred is ill, every other minute
on the average. It is night: lamps are lit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rules.engine.learned import Learned
from rules.plan.plan_source import PlanSource, RuleText
from rules.plan.subject import Subject
from rules.trial.scene import (
    PROGRAMMES,
    device,
    geofences_named,
    positions,
    tick,
    us,
)
from vocabulary.device import DeviceKind
from vocabulary.reading import Readings

NIGHT_S = 6 * 3600
"""When a stream begins: 22:00 in Shanghai."""

QUANTITIES = 20
"""Of each device; those that no rule asks for are judged by none."""

MINUTE_S = 60
"""Every device reports once in so long, spread evenly."""

FIX_S = 10
"""Every vehicle reports once in so long."""

ILL_SHARE = 0.01
"""Of the devices."""

MIX = {
    DeviceKind.LAMP: 0.60,
    DeviceKind.COVER: 0.25,
    DeviceKind.PRESSURE: 0.08,
    DeviceKind.GAUGE: 0.05,
    DeviceKind.CABINET: 0.02,
}
"""Share of each kind."""

WELL = {
    "tilt_deg": 2.0,
    "cover_open": 0.0,
    "water_under_cover": 0.0,
    "power_w": 100.0,
    "dimming_pct": 100.0,
    "voltage_v": 220.0,
    "contactor_on": 1.0,
    "cabinet_door_open": 0.0,
    "leakage_ma": 5.0,
    "pressure_kpa": 320.0,
    "depth_mm": 0.0,
}
"""What devices say while they are well."""

ILL = {
    "tilt_deg": 80.0,
    "power_w": 0.0,
    "pressure_kpa": 90.0,
    "depth_mm": 450.0,
    "leakage_ma": 150.0,
}
"""What ill devices say of it."""

OWN: dict[DeviceKind, tuple[str, ...]] = {
    DeviceKind.LAMP: ("power_w", "dimming_pct", "current_a"),
    DeviceKind.COVER: ("tilt_deg", "water_under_cover", "battery_pct"),
    DeviceKind.PRESSURE: ("pressure_kpa", "battery_v"),
    DeviceKind.GAUGE: ("depth_mm", "battery_v"),
    DeviceKind.CABINET: (
        "contactor_on",
        "voltage_v",
        "cabinet_door_open",
        "leakage_ma",
    ),
}
"""What rules may ask of each kind, first of what it tells."""


@dataclass(frozen=True, slots=True)
class City:
    """Devices, and the columns that their readings are drawn from.

    Attributes:
        source: Rules and devices.
        fixed: Ids of the devices that tell quantities, in the order of reporting.
        series_id: Of each of them and each quantity, shape (devices, quantities).
        well: What each says while it is well, same shape.
        ill: What each says while it is ill, same shape.
        is_frail: Whether it is ever ill, shape (devices,).
        vehicles: Ids of the vehicles.
    """

    source: PlanSource
    fixed: np.ndarray
    series_id: np.ndarray
    well: np.ndarray
    ill: np.ndarray
    is_frail: np.ndarray
    vehicles: np.ndarray

    def of(self, texts: Sequence[RuleText]) -> "City":
        """Return the same city under other rules."""
        return replace(self, source=_source(self.source.subjects, texts))


def city(
    texts: Sequence[RuleText],
    devices: int,
    *,
    quantities: int = QUANTITIES,
    vehicles: int = 0,
) -> City:
    """Return a city.

    Args:
        texts: Its rules.
        devices: How many tell quantities.
        quantities: How many each tells.
        vehicles: How many tell where they are.
    """
    rng = np.random.default_rng(devices)
    kinds = _kinds(devices)
    cabinets = max(1, kinds.count(DeviceKind.CABINET))
    names = {kind: _names(kind, quantities) for kind in MIX}
    subjects = [
        _fixed(place, kind, names[kind], cabinets)
        for place, kind in enumerate(kinds, 1)
    ]
    cars = [
        device(devices + place, DeviceKind.VEHICLE, edge="jt808", gateway="jt808")
        for place in range(1, vehicles + 1)
    ]
    values = np.array([[WELL.get(q, 0.0) for q in names[kind]] for kind in kinds])
    bad = np.array(
        [[ILL.get(q, WELL.get(q, 0.0)) for q in names[kind]] for kind in kinds]
    )
    order = rng.permutation(devices)
    return City(
        _source([*subjects, *cars], texts),
        order + 1,
        np.array([list(one.series.values()) for one in subjects], np.int32)[order],
        values[order],
        bad[order],
        rng.random(devices) < ILL_SHARE,
        np.array([car.device_id for car in cars], np.int32),
    )


def stream(of: City, *, rows: int, seconds: int) -> list[Learned]:
    """Return the entries of some time.

    Args:
        of: The city.
        rows: Most readings in one entry.
        seconds: How long; each of them has an entry that only says the time, too.
    """
    rng = np.random.default_rng(rows)
    entries: list[Learned] = []
    devices = len(of.fixed)
    waiting: list[Learned] = []
    for second in range(seconds):
        at_s = NIGHT_S + second
        first, last = (devices * (second % 60 + n) // 60 for n in (0, 1))
        waiting.append(_told(of, rng, slice(first, last), at_s))
        if sum(_rows(one) for one in waiting) + (last - first) * QUANTITIES > rows:
            entries += _parts(waiting, rows)
            waiting = []
        cars = of.vehicles[second % FIX_S :: FIX_S].tolist()
        drives = [(car, at_s, -800.0 + second % 50, 42.0, 0) for car in cars]
        entries += [positions(0, at_s, drives)] if drives else []
        entries.append(tick(0, at_s))
    entries += _parts(waiting, rows)
    return [replace(entry, seq=seq) for seq, entry in enumerate(entries, 1)]


def readings_of(entry: Learned) -> Readings:
    """Return the readings of an entry; none of any other entry."""
    content = entry.content
    return content if isinstance(content, Readings) else Readings.empty()


def _rows(entry: Learned) -> int:
    return len(readings_of(entry))


def _parts(waiting: Sequence[Learned], rows: int) -> Iterator[Learned]:
    """Yield what waits as entries of so many rows, at the time of the last."""
    if not waiting:
        return
    told = [readings_of(entry) for entry in waiting]
    columns = [
        np.concatenate([getattr(one, name) for one in told])
        for name in Readings.__dataclass_fields__
    ]
    for first in range(0, len(columns[0]), rows):
        part = Readings(*(column[first : first + rows] for column in columns))
        yield Learned(0, waiting[-1].at_us, part)


def _told(of: City, rng: np.random.Generator, who: slice, at_s: int) -> Learned:
    series_id, well = of.series_id[who], of.well[who]
    is_ill = of.is_frail[who] & (rng.random(len(well)) < 0.5)  # noqa: PLR2004 a half
    value = np.where(is_ill[:, np.newaxis], of.ill[who], well)
    value = value + rng.uniform(0, 0.2, value.shape)
    # One time for all that a device says at once.
    at_us = us(at_s) + rng.integers(-900_000, 0, len(well))
    n = value.size
    content = Readings(
        series_id.ravel(),
        np.repeat(at_us, value.shape[1]),
        value.ravel(),
        np.zeros(n, np.int32),
        np.full(n, us(at_s), np.int64),
    )
    return Learned(0, us(at_s), content)


def _source(subjects: Sequence[Subject], texts: Sequence[RuleText]) -> PlanSource:
    return PlanSource(
        rules=tuple(texts),
        subjects=tuple(subjects),
        registry_version=1,
        geofences=geofences_named([text.source for text in texts]),
        programmes=PROGRAMMES,
    )


def _kinds(devices: int) -> list[DeviceKind]:
    """Return the kind of each device, cabinets first, for lamps hang from them."""
    kinds = [
        kind
        for kind, share in reversed(MIX.items())
        for _ in range(round(share * devices))
    ]
    return (kinds + [DeviceKind.LAMP] * devices)[:devices]


def _names(kind: DeviceKind, quantities: int) -> list[str]:
    own = list(OWN[kind])[:quantities]
    return own + [f"other_{number}" for number in range(quantities - len(own))]


def _fixed(
    place: int, kind: DeviceKind, names: Sequence[str], cabinets: int
) -> Subject:
    is_lamp = kind is DeviceKind.LAMP
    subject = device(
        place,
        kind,
        gateway=f"GW-{place % 100}",
        interval_s=MINUTE_S,
        upstream_id=1 + place % cabinets if is_lamp else None,
        programme="always" if kind in (DeviceKind.LAMP, DeviceKind.CABINET) else "",
    )
    series = {name: place * QUANTITIES + at for at, name in enumerate(names)}
    return replace(subject, series=series)
