"""What an import found and did, row by row."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    ERROR = "error"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a city's files.

    Attributes:
        file: Name of the file.
        line: Line in it, from 1; 0 for the file as a whole.
        column: Column or property; empty for the whole line.
        message: What is wrong and what would be right.
    """

    file: str
    line: int
    column: str
    message: str

    def __str__(self) -> str:
        line = f":{self.line}" if self.line else ""
        column = f" {self.column}:" if self.column else ""
        return f"{self.file}{line}:{column} {self.message}"


@dataclass(frozen=True, slots=True)
class Change:
    """One field that a file gives another value than the database has."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of a file.

    Attributes:
        kind: Name of its table in `store.registry.rows.Rows`.
        code: Its code; empty where it could not be read.
        outcome: What became of it.
        file: Where it stands.
        line: Where it stands, from 1.
        changes: What an update changes.
    """

    kind: str
    code: str
    outcome: Outcome
    file: str
    line: int
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """The whole of one import.

    Attributes:
        rows: Every row of every file, in the files' order.
        problems: Everything wrong, in the files' order; if any, nothing was written.
        absent: Codes by kind that the database has and the files do not; left alone.
        series_made: Series that devices got.
        version_before: The registry's version before.
        version_after: And after; the same if nothing changed.
        dry_run: Whether it was only tried.
    """

    rows: tuple[RowResult, ...]
    problems: tuple[Problem, ...]
    absent: dict[str, tuple[str, ...]]
    series_made: int
    version_before: int
    version_after: int
    dry_run: bool

    @property
    def is_refused(self) -> bool:
        """Whether the files were turned down."""
        return bool(self.problems)

    def count(self, kind: str) -> Counter[Outcome]:
        """Return how many rows of a kind had each outcome."""
        return Counter(row.outcome for row in self.rows if row.kind == kind)

    def rows_by_table(self) -> list[tuple[int, str]]:
        """Return how many rows each kind's file has, in the order of the files."""
        return [(n, kind) for kind, n in Counter(r.kind for r in self.rows).items()]
