"""What a version on trial would have filed, and what dispatch made of the like. Pure.

Its alarms are placed as cases are: same subject, same class, same unit. Alarms of one
problem are one would-be case as long as they stand or come back within `REST` of the
last clearing; nobody knows when dispatch would have closed it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cases.placing import Place, place
from cases.request import SEVERITIES, FilingRequest, Hit, Severity
from cases.routing import Routing
from cases.stage import Stage
from devices.registry.snapshot import Snapshot
from rules.files.rule import Rule
from store.case_rows import ProblemKey
from store.rule_read import FoundCase, TrialAlarm

REST = timedelta(hours=24)
"""An alarm that comes back within a day is the same would-be case."""

DAY = timedelta(days=1)


class Verdict(StrEnum):
    """What dispatch made of a case on the same problem and subject."""

    REAL = "real"  # closed as mended
    UNREAL = "unreal"  # not accepted, or cancelled
    OPEN = "open"  # not yet decided, or closed by force
    NONE = "none"  # there was no such case


VERDICT_OF: Mapping[str, Verdict] = {
    Stage.CLOSED: Verdict.REAL,
    Stage.NOT_ACCEPTED: Verdict.UNREAL,
    Stage.CANCELLED: Verdict.UNREAL,
}
"""Of a case's stage; every other says nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldBe:
    """One case that would have been.

    Attributes:
        key: Its problem and subject.
        unit_id: Whom it would have been addressed to.
        device: Code of the device whose alarm would have opened it.
        severity: The worst.
        opened_at: Journal time of its first alarm.
        last_at: When its last alarm cleared, or the end of the stretch.
        hits: How many alarms it would have had.
        verdict: What dispatch made of the like.
        case_id: Of that case, if there was one.
    """

    key: ProblemKey
    unit_id: int
    device: str
    severity: Severity
    opened_at: datetime
    last_at: datetime
    hits: int
    verdict: Verdict = Verdict.NONE
    case_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLoad:
    """What a unit would get to do in a day.

    Attributes:
        unit_id: `unit.id`.
        would_be: Cases a day of the version on trial.
        others: Cases a day that other rules filed meanwhile.
        stated: What it says it can take; None if it says nothing.
    """

    unit_id: int
    would_be: float
    others: float
    stated: float | None

    @property
    def is_over(self) -> bool:
        """Whether that is more than it can take."""
        return self.stated is not None and self.would_be + self.others > self.stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of a trial.

    Attributes:
        days: How long it lasted; a part of a day counts as one.
        alarms: How many alarms were raised.
        unplaced: How many of those could not have become a case.
        cases: The would-be cases, by their opening.
        verdicts: How many of them dispatch made what of.
        missed: Cases that other versions of the rule filed and this one would not have.
        loads: Of each unit that would get any, by its id.
    """

    days: float
    alarms: int
    unplaced: int
    cases: Sequence[WouldBe]
    verdicts: Mapping[Verdict, int]
    missed: int
    loads: Sequence[UnitLoad]

    @property
    def precision(self) -> float | None:
        """Share of the real ones among those decided on; None if there are none."""
        real, unreal = self.verdicts[Verdict.REAL], self.verdicts[Verdict.UNREAL]
        return real / (real + unreal) if real + unreal else None


def trial_of(
    rule: Rule,
    alarms: Sequence[TrialAlarm],
    found: Sequence[FoundCase],
    *,
    snapshot: Snapshot,
    routing: Routing,
    stretch: tuple[datetime, datetime],
    stated: Mapping[int, float],
) -> Trial:
    """Return what came of a trial.

    Args:
        rule: The version on trial.
        alarms: Its alarms while it was, in their order.
        found: Cases of the stretch, of whatever rule.
        snapshot: The registry.
        routing: The orders that choose a unit.
        stretch: From when to when it was on trial.
        stated: Cases a day that units can take, by unit id.
    """
    since, until = stretch
    placed = [(alarm, _place(rule, alarm, snapshot, routing)) for alarm in alarms]
    sound = [(alarm, at) for alarm, at in placed if at is not None]
    cases = [_judged(case, found) for case in _would_be(sound, until)]
    days = max((until - since) / DAY, 1.0)
    counted = Counter(case.verdict for case in cases)
    met = {case.case_id for case in cases}
    return Trial(
        days=days,
        alarms=len(alarms),
        unplaced=len(placed) - len(sound),
        cases=cases,
        verdicts={verdict: counted[verdict] for verdict in Verdict},
        missed=sum(
            each.rule == rule.code and each.opened_at >= since and each.id not in met
            for each in found
        ),
        loads=_loads(rule, cases, found, since=since, days=days, stated=stated),
    )


def _place(
    rule: Rule, alarm: TrialAlarm, snapshot: Snapshot, routing: Routing
) -> Place | None:
    """Return where an alarm's case would have been; None if there could be none."""
    if rule.files is None:
        return None
    request = FilingRequest(
        rule=rule.code,
        rule_version=rule.version,
        rule_source="",
        alarm_id=alarm.id,
        safety=rule.safety,
        kind=Hit.RAISED,
        files=rule.files,
        severity=Severity(alarm.severity),
        device_id=alarm.device_id,
        quantity=rule.quantity,
        seq=alarm.raised_seq,
        at=alarm.raised_at,
        measured_at=alarm.measured_at,
        value=alarm.value,
        threshold=alarm.threshold,
        lon=None,
        lat=None,
        reason_zh="",
        reason_en="",
    )
    found = place(request, snapshot, routing)
    return found if isinstance(found, Place) else None


def _would_be(
    placed: Iterable[tuple[TrialAlarm, Place]], until: datetime
) -> list[WouldBe]:
    """Return the cases that some alarms would have been, by their opening."""
    done: list[WouldBe] = []
    running: dict[ProblemKey, WouldBe] = {}
    for alarm, at in placed:
        ended = alarm.cleared_at or until
        before = running.get(at.key)
        if before is not None and alarm.raised_at - before.last_at > REST:
            done.append(before)
            before = None
        running[at.key] = WouldBe(
            key=at.key,
            unit_id=at.route.unit_id if before is None else before.unit_id,
            device=alarm.device_code if before is None else before.device,
            severity=_worse(Severity(alarm.severity), before),
            opened_at=alarm.raised_at if before is None else before.opened_at,
            last_at=ended if before is None else max(ended, before.last_at),
            hits=1 if before is None else before.hits + 1,
        )
    return sorted((*done, *running.values()), key=lambda case: case.opened_at)


def _worse(severity: Severity, before: WouldBe | None) -> Severity:
    if before is None:
        return severity
    return max(severity, before.severity, key=SEVERITIES.index)


def _judged(case: WouldBe, found: Iterable[FoundCase]) -> WouldBe:
    """Return a would-be case with what dispatch made of the like."""
    like = [
        each
        for each in found
        if each.key == case.key
        and each.opened_at <= case.last_at
        and (each.closed_at is None or each.closed_at >= case.opened_at)
    ]
    if not like:
        return case
    order = (Verdict.REAL, Verdict.UNREAL, Verdict.OPEN)
    best = min(like, key=lambda each: order.index(_verdict(each)))
    return replace(case, verdict=_verdict(best), case_id=best.id)


def _verdict(case: FoundCase) -> Verdict:
    return VERDICT_OF.get(case.stage, Verdict.OPEN)


def _loads(
    rule: Rule,
    cases: Iterable[WouldBe],
    found: Iterable[FoundCase],
    *,
    since: datetime,
    days: float,
    stated: Mapping[int, float],
) -> list[UnitLoad]:
    would_be = Counter(case.unit_id for case in cases)
    # What this rule's live version filed is what the new one takes the place of.
    others = Counter(
        each.unit_id
        for each in found
        if each.opened_at >= since and each.rule != rule.code
    )
    return [
        UnitLoad(
            unit_id=unit_id,
            would_be=count / days,
            others=others[unit_id] / days,
            stated=stated.get(unit_id),
        )
        for unit_id, count in sorted(would_be.items())
    ]
