"""Alarms and cases without a database: the tables' part of a backtest. Pure.

`store` and `file` do in memory what the rules worker and `cases.hits`,
`cases.joining` do with rows; what is decided is decided by the very same functions
(`book`, `place`, `worse_of`), and the tests hold the two against each other.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from cases.placing import Place, Unplaced, place
from cases.request import FilingRequest, JoinRequest, Shape
from cases.routing import Routing
from devices.registry.snapshot import Snapshot
from rules.backtest.closings import Closings
from rules.backtest.lines import AlarmLine, CaseLine, MemberLine
from rules.plan.plan import Plan
from rules.triage.decision import Decision
from rules.worker.booking import book
from rules.worker.raised import alarm_keys, new_alarms
from store.alarms import AlarmChange, AlarmKey, AlarmMoment, NewAlarm
from store.case_rows import Finding, ProblemKey


class Docket:
    """Every alarm that stands, every case that is open, and what is done with.

    Args:
        snapshot: The registry.
        routing: Who answers for what.
        closings: When cases end.

    Attributes:
        alarms: By id; those that are cleared are in `ended` after `settle`.
        cases: By id; those that are closed and done with are in `closed`.
        ended: Alarms that were cleared, since they were last taken.
        closed: Cases that were closed, since they were last taken.
        unplaced: Requests that could not become a case.
    """

    def __init__(
        self, snapshot: Snapshot, routing: Routing, closings: Closings
    ) -> None:
        self.alarms: dict[int, AlarmLine] = {}
        self.cases: dict[int, CaseLine] = {}
        self.ended: list[AlarmLine] = []
        self.closed: list[CaseLine] = []
        self.unplaced = 0
        self._snapshot = snapshot
        self._routing = routing
        self._closings = closings
        self._standing: dict[AlarmKey, int] = {}
        self._of_problem: dict[ProblemKey, list[CaseLine]] = {}
        self._member_of: dict[int, list[tuple[CaseLine, MemberLine]]] = {}
        self._ids = 0

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

    def place(self, request: FilingRequest) -> Place | None:
        """Return where a hit belongs; None if it cannot become a case."""
        found = place(request, self._snapshot, self._routing)
        if isinstance(found, Unplaced):
            self.unplaced += 1
            return None
        return found

    def open_case(self, key: ProblemKey, at: datetime) -> CaseLine | None:
        """Return the case of a problem that is open at a time."""
        for case in self._of_problem.get(key, ()):
            if self.is_open(case, at):
                return case
        return None

    def is_open(self, case: CaseLine, at: datetime) -> bool:
        """Tell whether a case is open at a time; close it if it should not be."""
        if case.closed_at is None:
            begun_at = case.reopened_at or case.opened_at
            end = self._closings.end_of(case.key, begun_at, case.recovered_at)
            if end is not None and end[0] <= at:
                case.closed_at, case.stage = end
        return case.closed_at is None

    def last_of(self, key: ProblemKey) -> CaseLine | None:
        """Return the newest case of a problem, open or not."""
        cases = self._of_problem.get(key)
        return cases[-1] if cases else None

    def case_of_alarm(self, alarm_id: int) -> CaseLine | None:
        """Return the case that an alarm belongs to, open or not."""
        alarm = self.alarms.get(alarm_id)
        return None if alarm is None else self.cases.get(alarm.case_id or 0)

    def open(self, request: FilingRequest, found: Place, finding: Finding) -> CaseLine:
        """Open a case, which takes over the alarms that outlived earlier ones."""
        self._ids += 1
        case = CaseLine(
            id=self._ids,
            key=found.key,
            device_id=request.device_id,
            unit_id=found.route.unit_id,
            rule=request.rule,
            rule_version=request.rule_version,
            severity=finding.severity,
            title_zh=finding.title_zh,
            title_en=finding.title_en,
            reason_zh=finding.reason_zh,
            reason_en=finding.reason_en,
            opened_at=request.at,
            measured_at=request.measured_at,
            last_hit_at=request.at,
            shape=request.shape,
        )
        earlier = self._of_problem.setdefault(found.key, [])
        self.cases[case.id] = case
        self.link(request.alarm_id, case)
        for alarm in [a for each in earlier for a in each.alarms.values()]:
            if alarm.cleared_seq is None or alarm.cleared_seq > request.seq:
                self.link(alarm.id, case)
        earlier.append(case)
        return case

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

    def join(self, case: CaseLine, request: JoinRequest) -> None:
        """Add members to a case and say what they belong to."""
        for member in request.members:
            if member.device_id not in self._snapshot.devices:
                continue
            if member.alarm_id:
                case.members.pop((member.device_id, 0), None)
            line = case.members.setdefault(
                (member.device_id, member.alarm_id), MemberLine(member.has_own)
            )
            line.has_own, line.has_left = line.has_own or member.has_own, False
            if member.alarm_id:
                self._member_of.setdefault(member.alarm_id, []).append((case, line))
        if case.shape == Shape.SINGLE:
            lead = request.lead.shape
            case.shape = Shape.GROUP if lead is Shape.SINGLE else lead
        for member in request.members:
            if member.alarm_id:
                self._lead(member.alarm_id, request.lead.alarm_id)
                if member.has_own:
                    self._set_parent(member.alarm_id, case, request.lead.at)
                else:
                    self.link(member.alarm_id, case)

    def leave(self, alarm_id: int) -> None:
        """Write down that a member's alarm has cleared."""
        for _, member in self._member_of.get(alarm_id, ()):
            member.has_left = True

    def own(self, alarm_id: int, case: CaseLine, at: datetime) -> None:
        """Say that a member has a case of its own, part of what it is a member of."""
        parents = [
            (parent, member)
            for parent, member in self._member_of.get(alarm_id, ())
            if parent.id != case.id and not member.has_left
        ]
        for _, member in parents:
            member.has_own = True
        if parents:
            self._set_parent(alarm_id, parents[0][0], at)

    def settle(self, at: datetime) -> None:
        """Put aside what is done with; nothing later will ask for it."""
        for alarm in [a for a in self.alarms.values() if a.cleared_seq is not None]:
            self._put_aside(alarm)
        for case in [c for c in self.cases.values() if not self.is_open(c, at)]:
            # The last of its problem may go on yet.
            if not case.alarms and self.last_of(case.key) is not case:
                del self.cases[case.id]
                self._forget(case)
                self.closed.append(case)

    def _put_aside(self, alarm: AlarmLine) -> None:
        del self.alarms[alarm.id]
        self._member_of.pop(alarm.id, None)
        case = self.cases.get(alarm.case_id or 0)
        if case is not None:
            case.alarms.pop(alarm.id, None)
        self.ended.append(alarm)

    def _forget(self, case: CaseLine) -> None:
        rest = [each for each in self._of_problem[case.key] if each is not case]
        if rest:
            self._of_problem[case.key] = rest
        else:
            del self._of_problem[case.key]

    def _raise(self, alarms: Iterable[NewAlarm]) -> dict[AlarmMoment, int]:
        raised = {}
        for new in alarms:
            self._ids += 1
            line = AlarmLine(id=self._ids, new=new, severity=new.severity)
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

    def _lead(self, alarm_id: int, lead_id: int) -> None:
        alarm = self.alarms.get(alarm_id)
        if alarm is not None:
            alarm.lead_id = lead_id

    def _set_parent(self, alarm_id: int, parent: CaseLine, at: datetime) -> None:
        own = self.case_of_alarm(alarm_id)
        if own is not None and own.id != parent.id and self.is_open(own, at):
            own.parent_id = parent.id
