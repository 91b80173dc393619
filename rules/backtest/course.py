"""One run of the engine over the past: entries in; alarms and cases in a docket. Pure.

It is what `rules.worker.work` does with each batch, with a docket in place of the
database.
"""

from collections.abc import Sequence

from rules.backtest.docket import Docket
from rules.backtest.filing import file_all
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.plan.plan import Plan
from rules.triage.desk import Desk
from rules.triage.triage import triage_all
from vocabulary.times import datetime_from_us


class Course:
    """An engine that has seen nothing yet, and what it has found.

    Args:
        plan: What to judge by.
        docket: Where alarms and cases are kept.

    Attributes:
        state: After the last entry.
        desk: What triage remembers after it.
        late: How many samples came too late to be judged.
    """

    def __init__(self, plan: Plan, docket: Docket) -> None:
        self.plan = plan
        self.docket = docket
        self.state = plan.fresh_state()
        self.desk = Desk()
        self.late = 0

    def take(self, entries: Sequence[Learned]) -> None:
        """Fold entries, in journal order, all after those taken before."""
        if not entries:
            return
        folded = fold(self.plan, self.state, entries)
        times = [(entry.seq, entry.at_us) for entry in entries]
        self.desk, decisions = triage_all(
            self.plan, self.desk, times, folded.transitions
        )
        self.state = folded.state
        self.late += len(folded.late)
        requests = self.docket.book(self.plan, decisions)
        file_all(self.docket, requests)
        self.docket.settle(datetime_from_us(entries[-1].at_us))
