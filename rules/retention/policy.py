"""How many days of what is kept: what an operator may set, and what comes of silence.

What is written down elsewhere as well (the journal: its samples are stored, its cases
filed, their evidence copied out), and what somebody looks at soon or never, goes by
itself. What was measured, and what people and rules did, goes only if somebody says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Self


class What(StrEnum):
    """What has days of its own."""

    JOURNAL = "journal"  # with it what triage went by, and old plans
    READINGS = "readings"
    POSITIONS = "positions"
    QUARANTINE = "quarantine"  # since it was seen last
    COMMANDS = "commands"  # since nothing more is awaited of them
    BUNDLES = "bundles"  # explanations, since their case was closed


FOREVER = "forever"
"""In place of a number of days."""

DEFAULT_DAYS: Mapping[What, int | None] = MappingProxyType(
    {
        What.JOURNAL: 14,  # each day of the week twice, for a backtest bit for bit
        What.READINGS: None,
        What.POSITIONS: None,
        What.QUARANTINE: 90,  # a device that nobody registers for a season
        What.COMMANDS: None,
        What.BUNDLES: None,
    }
)
"""Days if nothing else is said; None is for ever."""

FEWEST_DAYS: Mapping[What, int] = MappingProxyType(
    {
        What.JOURNAL: 3,  # an explanation looks back two days
        What.READINGS: 30,  # corrections look back eight days, rules a month
        What.POSITIONS: 30,
        What.QUARANTINE: 1,
        What.COMMANDS: 30,
        What.BUNDLES: 30,  # a closed case may be opened again
    }
)
"""Fewer than these would take from under somebody what is still needed."""

MOST_DAYS = 36_500
"""A hundred years; longer is for ever."""


class PolicyError(ValueError):
    """A policy cannot be read."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How many days of what is kept; None is for ever."""

    days: Mapping[What, int | None] = field(default_factory=lambda: DEFAULT_DAYS)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read `journal=30 positions=365 bundles=forever`; the rest by default.

        Raises:
            PolicyError: If it names what there is not, or too few or too many days.
        """
        told = dict(DEFAULT_DAYS)
        for word in text.split():
            name, _, days = word.partition("=")
            what = _what(name)
            told[what] = _days(what, days)
        _check_journal(told)
        return cls(MappingProxyType(told))

    def text(self) -> str:
        """Return what `from_text` reads."""
        return " ".join(
            f"{what}={FOREVER if days is None else days}"
            for what, days in self.days.items()
        )

    def lasting(self, what: What) -> timedelta | None:
        """Return for how long something is kept; None is for ever."""
        days = self.days[what]
        return None if days is None else timedelta(days=days)


def _what(name: str) -> What:
    try:
        return What(name)
    except ValueError:
        raise PolicyError(f"{name!r} is none of {', '.join(What)}") from None


def _days(what: What, text: str) -> int | None:
    if text == FOREVER:
        return None
    if not text.isdecimal() or not FEWEST_DAYS[what] <= int(text) <= MOST_DAYS:
        raise PolicyError(
            f"{what}={text}: give days from {FEWEST_DAYS[what]} to {MOST_DAYS:,},"
            f" or {FOREVER}"
        )
    return int(text)


def _check_journal(days: Mapping[What, int | None]) -> None:
    """What the journal tells must not outlast its own samples."""
    journal = days[What.JOURNAL] or MOST_DAYS + 1
    for what in (What.READINGS, What.POSITIONS):
        if (days[what] or MOST_DAYS + 1) < journal:
            raise PolicyError(f"{what} must be kept for as long as the journal")
