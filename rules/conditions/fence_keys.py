"""What the conditions on geofences share: which fences, the band, the inputs.

fences: own                    # the vehicle's own work area; if left out
fences: all
fences: kind no_entry          # those of one kind
fences: GF-01, GF-07           # by code
band_m: 15
band_accuracies: 3
inputs: {bit: 3, is: on}       # or a list: the terminal's digital inputs
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from rules.conditions.vehicles import vehicles_only
from rules.files.located import Section
from rules.files.rule import Rule
from rules.measures.fence_ask import Ask
from rules.plan.draft import gap_s
from rules.plan.subject import Subject
from rules.plan.town import OWN, Town, named_fences
from vocabulary.registry_facts import GeofenceFacts

BITS = 32
"""A terminal has so many inputs."""


class Switch(StrEnum):
    """How an input must be."""

    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceKeys:
    """Which fences a condition is about, and how.

    Attributes:
        fences: As the file says it.
        band_m: How far beyond a border a fix must be to count as beyond it.
        accuracies: The same in multiples of what the fix may be off by.
        on: Bits of inputs that must be set.
        off: Bits that must not be.
    """

    fences: str
    band_m: float
    accuracies: float
    on: int
    off: int

    def ask(self, rule: Rule, subject: Subject, town: Town) -> Ask | None:
        """Return what a slot asks; None if the vehicle has no such fence."""
        fences = town.named(self.fences)
        if self.fences == OWN and subject.area is not None:
            fences = (subject.area,)
        if not fences:
            return None
        return Ask(
            fences=fences,
            band_m=self.band_m,
            accuracies=self.accuracies,
            on=self.on,
            off=self.off,
            gap_s=gap_s(rule, subject.interval_s),
        )


def read_fence_keys(
    top: Section, section: Section, *, band_m: float | None = 0.0
) -> FenceKeys:
    """Return what a condition's section says of fences.

    Args:
        top: The whole file.
        section: The condition's.
        band_m: What a missing band means; None makes it required.
    """
    vehicles_only(top, section)
    on = off = 0
    for one in section.sections("inputs"):
        bit = _bit(one)
        if one.word("is", Switch) is Switch.ON:
            on |= bit
        else:
            off |= bit
        one.done()
    return FenceKeys(
        fences=section.text("fences", like=r"\S.*", default=OWN),
        band_m=section.number("band_m", low=0, default=band_m),
        accuracies=section.number("band_accuracies", low=0, default=0),
        on=on,
        off=off,
    )


def _bit(section: Section) -> int:
    number = section.number("bit", low=0)
    if number not in range(BITS):
        section.fault("bit", f"must be a whole number below {BITS}")
        return 0
    return 1 << int(number)


@runtime_checkable
class OnFences(Protocol):
    """A condition on geofences."""

    @property
    def keys(self) -> FenceKeys:
        """Which."""


def geofences_of(
    rules: Iterable[Rule], geofences: Iterable[GeofenceFacts]
) -> tuple[GeofenceFacts, ...]:
    """Return the geofences that some rules name, by ascending id.

    Args:
        rules: Any.
        geofences: All that are registered.
    """
    known = tuple(sorted(geofences, key=lambda fence: fence.id))
    conditions = [rule.condition for rule in rules]
    words = {c.keys.fences for c in conditions if isinstance(c, OnFences)}
    named = {f.id for word in words for f in named_fences(word, known)}
    return tuple(fence for fence in known if fence.id in named)
