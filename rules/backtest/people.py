"""What people did with the real cases, taken step by step as a docket goes along. Pure.

Where somebody worked on the same problem, their steps count: the open case of that
problem goes where they led the real one, at the same place of the journal. Nobody knows
what they would have done with a case that there was not, at a time when there was no
other of its problem: it is closed as solved when its sensors say that it is over.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from cases.move_table import Role
from cases.stage import ENDED
from store.cases.rows import ProblemKey
from store.rules.backtest_read import TakenStep

Place = tuple[int, bool]
"""An entry, and whether people's steps that followed it are meant as well."""


@dataclass(frozen=True, slots=True)
class People:
    """What became of real cases.

    Attributes:
        steps: People's, and those of the machine that opened one or let it go on; in
            the order they were written in.
        placed_from: From here on the entries judged are the journal's own, so that a
            step is taken where it was; else it is taken at its time. None for nowhere.
    """

    steps: Sequence[TakenStep] = ()
    placed_from: datetime | None = None


@dataclass(slots=True)
class Doings:
    """How far one docket has come among what people did.

    Attributes:
        of_entry: Steps that have their place in the journal, the next one last.
        of_time: Steps that have only their time, the next one last.
        open: How many real cases of each problem are open.
    """

    of_entry: list[TakenStep] = field(default_factory=list)
    of_time: list[TakenStep] = field(default_factory=list)
    open: Counter[ProblemKey] = field(default_factory=Counter)

    @staticmethod
    def of(people: People) -> "Doings":
        """Return them with none taken yet."""
        begun = people.placed_from
        placed: list[TakenStep] = []
        timed: list[TakenStep] = []
        for each in people.steps:
            is_early = begun is None or each.step.taken_at < begun
            if is_early or each.step.seq is None:
                timed.append(replace(each, step=replace(each.step, seq=None)))
            else:
                placed.append(each)
        placed.sort(key=lambda s: (_place(s), s.id), reverse=True)
        timed.sort(key=lambda s: (s.step.taken_at, s.id), reverse=True)
        return Doings(placed, timed)

    def until(self, place: Place, at: datetime) -> Iterator[TakenStep]:
        """Yield people's steps that were taken by a place of the journal, each once.

        Args:
            place: Where.
            at: Its time.
        """
        while self.of_entry and _place(self.of_entry[-1]) <= place:
            yield from self._took(self.of_entry.pop())
        while self.of_time and self.of_time[-1].step.taken_at <= at:
            yield from self._took(self.of_time.pop())

    def has_open(self, key: ProblemKey) -> bool:
        """Tell whether a problem has a real case that is open."""
        return self.open[key] > 0

    def _took(self, taken: TakenStep) -> Iterator[TakenStep]:
        step = taken.step
        was_open = step.from_stage is not None and step.from_stage not in ENDED
        self.open[taken.key] += (step.to_stage not in ENDED) - was_open
        if step.role != Role.RULES:
            yield taken


def _place(taken: TakenStep) -> Place:
    return taken.step.seq or 0, taken.step.role != Role.RULES
