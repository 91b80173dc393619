"""One run of the engine over the past: entries in; alarms and cases in a docket. Pure.

It is what `rules.worker.work` does with each batch, with a docket in place of the
database.
"""

from collections.abc import Sequence
from datetime import datetime

from rules.backtest.docket import Docket
from rules.backtest.filing import file_all
from rules.engine.learned import Learned
from rules.plan.plan import Plan
from rules.triage.desk import Desk
from rules.worker.judging import judge_all
from rules.worker.turnover import turn_over
from vocabulary.times import datetime_from_us


class Course:
    """An engine that has seen nothing yet, and what it has found.

    Args:
        plan: What to judge by at first.
        docket: Where alarms and cases are kept.

    Attributes:
        plan: What it judges by now.
        state: After the last entry.
        desk: What triage remembers after it.
        late: How many samples came too late to be judged.
        broken: How many entries could not be read or judged as they are.
    """

    def __init__(self, plan: Plan, docket: Docket) -> None:
        self.plan = plan
        self.docket = docket
        self.state = plan.fresh_state()
        self.desk = Desk()
        self.late = 0
        self.broken = 0

    def take(self, entries: Sequence[Learned], then: Plan | None = None) -> None:
        """Fold entries, in journal order, all after those taken before.

        Args:
            entries: What was learned.
            then: The plan to go on with after them, if it is another.
        """
        if not entries:
            return
        judged = judge_all(self.plan, self.state, self.desk, entries)
        self.state, self.desk = judged.folded.state, judged.desk
        self.late += len(judged.folded.late)
        self.broken += len(judged.wrongs)
        self.docket.hear(entries)
        requests = self.docket.book(self.plan, judged.decisions)
        file_all(self.docket, requests)
        last = entries[-1]
        at = datetime_from_us(last.at_us)
        if then is not None:
            # After the cases have heard of all, as it was.
            self.turn(then, seq=last.seq, at=at)
        self.docket.settle(last.seq, at)

    def turn(self, plan: Plan, *, seq: int, at: datetime) -> None:
        """Go on under another plan; what it does not judge is withdrawn.

        Args:
            plan: The plan to go on with.
            seq: The entry at which that is seen: the last one taken; or the one after
                it, if the plan before breaks on that.
            at: That entry's time.
        """
        self.state, self.desk, withdrawn = turn_over(
            self.plan, self.state, self.desk, plan
        )
        self.plan = plan
        keys = [(gone.rule, gone.rule_version, gone.device_id) for gone in withdrawn]
        self.docket.withdraw(keys, seq=seq, at=at)
