"""What a fault did: counted by every test here, shown at the end of the run."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

Figure = int | float | str


@dataclass
class Figures:
    """One line for each fault."""

    lines: list[str] = field(default_factory=list)

    def note(self, fault: str, **figures: Figure) -> None:
        """Add a line."""
        told = ", ".join(f"{_shown(value)} {name}" for name, value in figures.items())
        self.lines.append(f"{fault}: {told}".replace("_", " "))


SHOWN = Figures()
"""Of this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the messages that somebody was promised were kept.

    Attributes:
        acknowledged: Messages that the sender was told of.
        stored: Of these, how many are in the database.
        lost: Acknowledged and not stored.
        doubled: Stored or journaled more than once.
        missing: What the platform's own account calls missing.
    """

    acknowledged: int
    stored: int
    lost: int
    doubled: int
    missing: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing was lost, doubled or unaccounted for."""
        return not (self.lost or self.doubled or self.missing)


def outcome_of(
    acknowledged: Counter[tuple[int, int]],
    stored: Counter[tuple[int, int]],
    journaled: Counter[tuple[int, int]],
    *,
    missing: int,
) -> Outcome:
    """Compare what was promised with what is there."""
    twice = [*_twice(stored), *_twice(journaled)]
    return Outcome(
        acknowledged=acknowledged.total(),
        stored=len(acknowledged.keys() & stored.keys() & journaled.keys()),
        lost=len(acknowledged.keys() - (stored.keys() & journaled.keys())),
        doubled=len(twice),
        missing=missing,
    )


def _twice(found: Counter[tuple[int, int]]) -> list[tuple[int, int]]:
    return [key for key, count in found.items() if count > 1]


def _shown(value: Figure) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)


Note = Callable[..., None]
"""`Figures.note`, as the fixture `note` gives it."""
