"""The small town of `rules.trial.scene`, and plans of it."""

from collections.abc import Iterable
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
    device,
    edge,
    geofences_named,
    positions,
    readings,
    tick,
    us,
)

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
        geofences=geofences_named(found),
    )


def code_of(text: str) -> str:
    return next(
        line.removeprefix("code:").strip()
        for line in text.splitlines()
        if line.startswith("code:")
    )
