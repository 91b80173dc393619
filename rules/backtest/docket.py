"""Alarms and cases without a database: the tables' part of a backtest. Pure.

What becomes of alarms is decided by `rules.worker.booking`, of hits by `cases.ruling`
and of people's steps by `cases.effect`, as it is live; here it is only kept, as
`store.alarms.raised` and `store.cases.filed` keep it in rows.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from cases.effect import effect_of
from cases.placing import Place, Unplaced, place
from cases.request import FilingRequest, JoinRequest
from cases.routing import Routing
from cases.stage import SOLVED
from devices.registry.snapshot import Snapshot
from rules.backtest.lines import AlarmLine, CaseLine, MemberLine
from rules.backtest.people import Doings, People
from rules.engine.learned import Learned
from rules.plan.plan import Plan
from rules.triage.decision import Decision
from rules.worker.booking import book
from rules.worker.fixes import Fixes
from rules.worker.raised import alarm_keys, new_alarms
from store.alarms.raised import AlarmChange, AlarmKey, AlarmMoment, NewAlarm
from store.cases.rows import ProblemKey
from store.rules.backtest_read import TakenStep


class Docket:
    """Every alarm that stands, every case that is open, and what is done with.

    Args:
        snapshot: The registry.
        routing: Who answers for what.
        people: What they did with real cases.
        fixes: Where vehicles were before the first entry.

    Attributes:
        snapshot: The registry; hits are placed by it.
        alarms: By id; those that are cleared are in `ended` after `settle`.
        cases: By id; those that are closed and done with are in `closed`.
        ended: Alarms that were cleared, since they were last taken.
        closed: Cases that were closed, since they were last taken.
        unplaced: Requests that could not become a case.
        member_of: The cases that an alarm is a member of.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        routing: Routing,
        people: People | None = None,
        fixes: Fixes | None = None,
    ) -> None:
        self.snapshot = snapshot
        self.alarms: dict[int, AlarmLine] = {}
        self.cases: dict[int, CaseLine] = {}
        self.ended: list[AlarmLine] = []
        self.closed: list[CaseLine] = []
        self.unplaced = 0
        self.member_of: dict[int, list[tuple[CaseLine, MemberLine]]] = {}
        self._routing = routing
        self._doings = Doings.of(people or People())
        self._fixes = fixes or Fixes()
        self._standing: dict[AlarmKey, int] = {}
        self._of_problem: dict[ProblemKey, list[CaseLine]] = {}
        self._ids = 0

    def hear(self, entries: Iterable[Learned]) -> None:
        """Remember where vehicles are, before anything of these entries is filed."""
        self._fixes.hear(entries)

    def book(
        self, plan: Plan, decisions: Sequence[Decision]
    ) -> list[FilingRequest | JoinRequest]:
        """Keep what became of the alarms and return what the cases are asked."""
        if not decisions:
            return []
        keys = alarm_keys(decisions)
        standing = {key: self._standing[key] for key in keys if key in self._standing}
        raised = self._raise(new_alarms(plan, decisions))
        booked = book(plan, decisions, standing=standing, raised=raised)
        if booked.strays:
            raise AssertionError(f"decided on what does not stand: {booked.strays[0]}")
        for change in booked.changes:
            self._change(change)
        return booked.requests

    def withdraw(self, keys: Iterable[AlarmKey], *, seq: int, at: datetime) -> None:
        """Clear alarms that nobody judges any more; their cases hear nothing of it."""
        for key in keys:
            alarm = self.alarms.get(self._standing.pop(key, 0))
            if alarm is not None:
                alarm.cleared_seq = seq
                alarm.cleared_at = max(alarm.new.raised_at, at)

    def go_to(self, seq: int, at: datetime) -> None:
        """Let people do what they had done when an entry's hits were filed."""
        for taken in self._doings.until((seq, False), at):
            self._take(taken)

    def settle(self, seq: int, at: datetime) -> None:
        """Put aside what is done with after an entry; nothing later will ask for it."""
        for taken in self._doings.until((seq, True), at):
            self._take(taken)
        for alarm in [a for a in self.alarms.values() if a.cleared_seq is not None]:
            self._put_aside(alarm)
        for case in [c for c in self.cases.values() if c.closed_at is not None]:
            # The last of its problem may go on yet.
            if not case.alarms and self.last_ended(case.key) is not case:
                del self.cases[case.id]
                self._forget(case.key)
                self.closed.append(case)

    def place(self, request: FilingRequest) -> Place | Unplaced:
        """Return where a hit belongs, or why it cannot become a case."""
        fix = None
        if request.lon is None:
            fix = self._fixes.at(request.device_id, request.seq)
        found = place(request, self.snapshot, self._routing, last_fix=fix)
        self.unplaced += isinstance(found, Unplaced)
        return found

    def open_case(self, key: ProblemKey) -> CaseLine | None:
        """Return the open case of a problem."""
        cases = self._of_problem.get(key, ())
        return next((case for case in cases if case.closed_at is None), None)

    def last_ended(self, key: ProblemKey) -> CaseLine | None:
        """Return the case of a problem that ended last."""
        ended = [(c.closed_at, c.id, c) for c in self._of_problem.get(key, ())]
        return max(((at, i, c) for at, i, c in ended if at), default=(0, 0, None))[2]

    def last_solved(self, key: ProblemKey) -> CaseLine | None:
        """Return the case of a problem that was closed as solved last."""
        return _last_solved(self._of_problem.get(key, ()))

    def is_worked_on(self, key: ProblemKey) -> bool:
        """Tell whether there was a real case of a problem, open at this point."""
        return self._doings.has_open(key)

    def case_of_alarm(self, alarm_id: int) -> CaseLine | None:
        """Return the case that an alarm belongs to, open or not."""
        alarm = self.alarms.get(alarm_id)
        return None if alarm is None else self.cases.get(alarm.case_id or 0)

    def another_stands(self, case_id: int, hit: FilingRequest) -> bool:
        """Tell whether another alarm of a case stood at a hit's entry."""
        alarms = self.cases[case_id].alarms.values()
        return any(a.id != hit.alarm_id and a.stands_at(hit.seq) for a in alarms)

    def next_id(self) -> int:
        """Return an id that nothing has yet."""
        self._ids += 1
        return self._ids

    def add(self, case: CaseLine, *, seq: int) -> None:
        """Add a case, which takes over the alarms that outlived earlier ones."""
        earlier = self._of_problem.setdefault(case.key, [])
        self.cases[case.id] = case
        for alarm in [a for each in earlier for a in each.alarms.values()]:
            if alarm.cleared_seq is None or alarm.cleared_seq > seq:
                self.link(alarm.id, case)
        earlier.append(case)

    def link(self, alarm_id: int, case: CaseLine) -> None:
        """Say which case an alarm belongs to."""
        alarm = self.alarms.get(alarm_id)
        if alarm is None:
            return
        before = self.cases.get(alarm.case_id or 0)
        if before is not None:
            before.alarms.pop(alarm_id, None)
        alarm.case_id = case.id
        case.alarms[alarm_id] = alarm

    def _take(self, taken: TakenStep) -> None:
        """Let a step that people took lead the open case of its problem."""
        case, step = self.open_case(taken.key), taken.step
        if case is None:
            return
        alarms = case.alarms.values()
        stands = any(_stood(alarm, step.seq, step.taken_at) for alarm in alarms)
        effect = effect_of(step, unit_id=case.unit_id, stands=stands)
        case.take(step)
        case.stage, case.worker = effect.stage, effect.worker
        case.closed_at = effect.closed_at
        if effect.unit is not None:
            case.unit_id, case.unit_reason = effect.unit
        if effect.is_taken_up:
            case.rework_at = None
        elif effect.is_rework:
            case.rework_at = case.rework_at or step.taken_at

    def _put_aside(self, alarm: AlarmLine) -> None:
        del self.alarms[alarm.id]
        self.member_of.pop(alarm.id, None)
        case = self.cases.get(alarm.case_id or 0)
        if case is not None:
            case.alarms.pop(alarm.id, None)
        self.ended.append(alarm)

    def _forget(self, key: ProblemKey) -> None:
        """Forget cases of a problem that no later one can be a repeat of.

        The one that ended last may go on and be cancelled: then it was not solved, and
        what was solved last before it counts.
        """
        cases, last = self._of_problem[key], self.last_ended(key)
        solved = _last_solved(case for case in cases if case is not last)
        rest = [each for each in cases if each.id in self.cases or each is solved]
        self._of_problem[key] = rest

    def _raise(self, alarms: Iterable[NewAlarm]) -> dict[AlarmMoment, int]:
        raised = {}
        for new in alarms:
            line = AlarmLine(id=self.next_id(), new=new, severity=new.severity)
            self.alarms[line.id] = line
            self._standing[line.key] = line.id
            raised[new.moment] = line.id
        return raised

    def _change(self, change: AlarmChange) -> None:
        alarm = self.alarms[change.id]
        alarm.severity = change.severity
        alarm.cleared_seq, alarm.cleared_at = change.cleared_seq, change.cleared_at
        alarm.handling = change.handling or alarm.handling
        alarm.window_id = change.window_id or alarm.window_id
        if change.cleared_seq is not None and self._standing.get(alarm.key) == alarm.id:
            del self._standing[alarm.key]


def _last_solved(cases: Iterable[CaseLine]) -> CaseLine | None:
    solved = [case for case in cases if case.stage in SOLVED]
    return max(solved, key=lambda case: (case.closed_at, case.id), default=None)


def _stood(alarm: AlarmLine, seq: int | None, at: datetime) -> bool:
    """Tell whether an alarm stood when a step was taken."""
    if seq is not None:
        return alarm.stands_at(seq)
    is_over = alarm.cleared_at is not None and alarm.cleared_at <= at
    return alarm.new.raised_at <= at and not is_over
