"""Which corrections stand once more of what came late is known. Pure.

What is found now is found with all late samples that are known. A correction that
stood and is found again goes on standing. One that is not is untrue: another that is
found of the same alarm, or over an overlapping time, takes its place; if there is none,
what was decided was right after all, and it is withdrawn. Both stay to be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Why(StrEnum):
    """Why a correction stands no longer; stored in `correction.superseded_why`."""

    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class Told(Protocol):
    """What a correction says, one that is stored or one that is found."""

    @property
    def kind(self) -> str:
        """What kind of difference."""

    @property
    def alarm_id(self) -> int | None:
        """The alarm it is about; None where there was none."""

    @property
    def measured_at(self) -> datetime:
        """From when the alarm would have stood, or stood."""

    @property
    def cleared_at(self) -> datetime | None:
        """Until when; None if nobody knows."""

    @property
    def severity(self) -> str:
        """How bad it would have become."""

    @property
    def value(self) -> float | None:
        """Of the sample that would have decided."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A correction that stands no longer.

    Attributes:
        place: Its place among those that stood.
        why: Why.
        by: Place among those that are found of the one that takes its place.
    """

    place: int
    why: Why
    by: int | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of corrections.

    Attributes:
        new: Places of what is found and did not stand before.
        stays: From places of what is found to places of what stood and says so.
        gone: Those that stand no longer.
    """

    new: Sequence[int]
    stays: dict[int, int]
    gone: Sequence[Gone]


def settled(standing: Sequence[Told], found: Sequence[Told]) -> Settled:
    """Return what becomes of corrections that stand, and of what is found now.

    Args:
        standing: Those on the late samples that were looked at.
        found: What these samples change, as is known now.
    """
    places = {_said(one): place for place, one in enumerate(standing)}
    stays = {
        place: places[_said(one)]
        for place, one in enumerate(found)
        if _said(one) in places
    }
    kept = set(stays.values())
    return Settled(
        [place for place in range(len(found)) if place not in stays],
        stays,
        [
            _gone(place, one, found)
            for place, one in enumerate(standing)
            if place not in kept
        ],
    )


def _said(told: Told) -> tuple[object, ...]:
    return (
        told.kind,
        told.alarm_id,
        told.measured_at,
        told.cleared_at,
        told.severity,
        told.value,
    )


def _gone(place: int, told: Told, found: Sequence[Told]) -> Gone:
    of_alarm = [
        by
        for by, one in enumerate(found)
        if told.alarm_id is not None and one.alarm_id == told.alarm_id
    ]
    over = [by for by, one in enumerate(found) if _overlap(told, one)]
    by = next(iter(of_alarm + over), None)
    return Gone(place, Why.WITHDRAWN if by is None else Why.REPLACED, by)


def _overlap(one: Told, other: Told) -> bool:
    begins_before = other.cleared_at is None or one.measured_at <= other.cleared_at
    ends_after = one.cleared_at is None or other.measured_at <= one.cleared_at
    return begins_before and ends_after
