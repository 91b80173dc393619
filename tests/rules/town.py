"""A town of five devices, and journal entries said in seconds and plain numbers."""

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import rules
from rules.plan.plan_source import PlanSource, RuleText
from rules.plan.subject import Subject
from rules.trial.scene import (
    AREA,
    EAST_M,
    LAT,
    LON,
    NORTH_M,
    START_S,
    edge,
    positions,
    readings,
    tick,
    us,
)
from vocabulary.device import DeviceKind

__all__ = [
    "AREA",
    "EAST_M",
    "LAT",
    "LON",
    "NORTH_M",
    "SHIPPED",
    "START_S",
    "device",
    "edge",
    "positions",
    "readings",
    "source",
    "tick",
    "us",
]

SHIPPED = Path(rules.__file__).parent / "shipped"


def device(
    device_id: int,
    kind: DeviceKind,
    *quantities: str,
    edge: str = "mqtt",
    gateway: str = "GW-1",
    interval_s: float = 10.0,
    allowed_lateness_s: float = 0.0,
    upstream_id: int | None = None,
    speed_limit_kmh: float | None = None,
) -> Subject:
    """Make a device; series ids are ten times its own and up."""
    is_vehicle = kind is DeviceKind.VEHICLE
    return Subject(
        device_id=device_id,
        code=f"D-{device_id}",
        kind=kind,
        edge=edge,
        gateway=gateway,
        interval_s=interval_s,
        allowed_lateness_s=allowed_lateness_s,
        upstream_id=upstream_id,
        lon=None if is_vehicle else LON,
        lat=None if is_vehicle else LAT,
        series={q: 10 * device_id + place for place, q in enumerate(quantities)},
        speed_limit_kmh=speed_limit_kmh,
        area=AREA if is_vehicle else None,
    )


def source(subjects: Iterable[Subject], *texts: str) -> PlanSource:
    """Return a plan's source; a text may be given as the code of a shipped rule."""
    found = [
        (SHIPPED / f"{text}.yaml").read_text("utf-8") if "\n" not in text else text
        for text in texts
    ]
    return PlanSource(
        rules=tuple(RuleText(code_of(text), 1, text) for text in found),
        subjects=tuple(subjects),
        registry_version=1,
        geofences=tuple(
            replace(AREA, id=number, code=f"area-{number}", kind=kind)
            for number, kind in enumerate(kinds_named(found), 2)
        ),
    )


def kinds_named(texts: Iterable[str]) -> list[str]:
    """Return the kinds of geofences that rules name; each lies where `AREA` does."""
    named = re.findall(r"fences: kind ([a-z_]+)", "\n".join(texts))
    return sorted(set(named))


def code_of(text: str) -> str:
    return next(
        line.removeprefix("code:").strip()
        for line in text.splitlines()
        if line.startswith("code:")
    )
