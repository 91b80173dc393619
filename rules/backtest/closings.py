"""When a case that would have been is closed. Pure.

Where the department worked on the same problem, its own closings count: the case that
would have been is closed when the real one was. Nobody knows what it would have done
with the others; they are closed when their sensors say that it is over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cases.stage import Stage
from store.case_rows import ProblemKey

Ending = tuple[datetime, str]
"""When a case was closed, and at which stage."""


@dataclass(frozen=True, slots=True)
class Closings:
    """What is known of real cases' ends.

    Attributes:
        ends: When and how the cases of a problem were closed, ascending; empty for a
            problem with a real case that is still open.
    """

    ends: Mapping[ProblemKey, tuple[Ending, ...]] = field(default_factory=dict)

    @staticmethod
    def of(found: Iterable[tuple[ProblemKey, datetime | None, str]]) -> "Closings":
        """Return the closings of real cases.

        Args:
            found: Problem, end and stage of each; no end for an open one.
        """
        ends: dict[ProblemKey, list[Ending]] = {}
        for key, closed_at, stage in found:
            times = ends.setdefault(key, [])
            if closed_at is not None:
                times.append((closed_at, stage))
        return Closings({key: tuple(sorted(times)) for key, times in ends.items()})

    def end_of(
        self, key: ProblemKey, begun_at: datetime, recovered_at: datetime | None
    ) -> Ending | None:
        """Return when and how a case is closed, as far as is known by now.

        Args:
            key: Its problem and subject.
            begun_at: When it was opened, or went on last.
            recovered_at: When its sensors said it was over, if they still do.
        """
        ends = self.ends.get(key)
        if ends is None:
            return None if recovered_at is None else (recovered_at, Stage.CLOSED)
        return next((end for end in ends if end[0] >= begun_at), None)
