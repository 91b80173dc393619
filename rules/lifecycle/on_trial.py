"""What a version on trial would have filed, and what dispatch made of the like. Pure.

What a docket holds of its alarms after triage is counted: what windows kept back, what
became part of a group or a storm, what came and went too often, and the cases. A group
that it would have shared with other rules is counted as joined, not as a case of its
own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from cases.request import Severity
from cases.stage import Stage
from rules.backtest.docket import Docket
from rules.backtest.lines import AlarmLine, CaseLine
from rules.files.rule import Rule
from rules.triage.desk import Handling
from store.cases.rows import ProblemKey
from store.rules.read import FoundCase

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
        shape: single, group or storm.
        severity: The worst.
        opened_at: Journal time when it would have been opened.
        last_at: When it would have been over, or the end of the stretch.
        hits: How often it would have been hit.
        verdict: What dispatch made of the like.
        case_id: Of that case, if there was one.
    """

    key: ProblemKey
    unit_id: int
    device: str
    shape: str
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
        handlings: What would have become of how many of them, see `Handling`.
        unplaced: How many of those filed could not have become a case.
        joined: Groups' cases they would have been part of, beside other rules' alarms.
        cases: The would-be cases, by their opening.
        verdicts: How many of them dispatch made what of.
        missed: Cases that other versions of the rule filed and this one would not have.
        loads: Of each unit that would get any, by its id.
    """

    days: float
    alarms: int
    handlings: Mapping[str, int]
    unplaced: int
    joined: int
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
    docket: Docket,
    found: Sequence[FoundCase],
    *,
    device_codes: Mapping[int, str],
    stretch: tuple[datetime, datetime],
    stated: Mapping[int, float],
) -> Trial:
    """Return what came of a trial.

    Args:
        rule: The version on trial.
        docket: With its alarms and those of its kin, after triage.
        found: Cases of the stretch, of whatever rule.
        device_codes: The device's name for people, by id.
        stretch: From when to when it was on trial.
        stated: Cases a day that units can take, by unit id.
    """
    since, until = stretch
    alarms = [line for line in docket.alarms.values() if line.new.rule == rule.code]
    told_of = {case.id: _told_of(docket, case) for case in docket.cases.values()}
    own = [docket.cases[i] for i, codes in told_of.items() if codes == {rule.code}]
    by_key: dict[ProblemKey, list[FoundCase]] = {}
    for each in found:
        by_key.setdefault(each.key, []).append(each)
    would_be = [_would_be(case, device_codes, until) for case in own]
    cases = [_judged(case, by_key.get(case.key, ())) for case in would_be]
    days = max((until - since) / DAY, 1.0)
    counted = Counter(case.verdict for case in cases)
    met = {case.case_id for case in cases}
    return Trial(
        days=days,
        alarms=len(alarms),
        handlings=Counter(str(line.handling) for line in alarms),
        unplaced=sum(map(_is_unplaced, alarms)),
        joined=sum(rule.code in codes for codes in told_of.values()) - len(own),
        cases=cases,
        verdicts={verdict: counted[verdict] for verdict in Verdict},
        missed=sum(
            each.rule in _codes(rule) and each.opened_at >= since and each.id not in met
            for each in found
        ),
        loads=_loads(rule, cases, found, since=since, days=days, stated=stated),
    )


def _codes(rule: Rule) -> tuple[str, str]:
    """Return the codes under which a rule files: its own and that of its storms."""
    return rule.code, f"storm:{rule.code}"


def _told_of(docket: Docket, case: CaseLine) -> set[str]:
    """Return the rules whose alarms a case is of, alone or as members of it."""
    ids = {*case.alarms, *(alarm_id for _, alarm_id in case.members if alarm_id)}
    codes = {docket.alarms[alarm_id].new.rule for alarm_id in ids}
    return {code for code in codes if ":" not in code}  # a group's own alarm is none


def _is_unplaced(line: AlarmLine) -> bool:
    return line.handling == Handling.FILED and line.case_id is None


def _would_be(
    case: CaseLine, device_codes: Mapping[int, str], until: datetime
) -> WouldBe:
    ended_at = case.closed_at or case.recovered_at
    return WouldBe(
        key=case.key,
        unit_id=case.unit_id,
        device=device_codes[case.device_id],
        shape=case.shape,
        severity=Severity(case.severity),
        opened_at=case.opened_at,
        last_at=ended_at or until,
        hits=case.hit_count,
    )


def _judged(case: WouldBe, found: Iterable[FoundCase]) -> WouldBe:
    """Return a would-be case with what dispatch made of the like, of its problem."""
    like = [
        each
        for each in found
        if each.opened_at <= case.last_at
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
        if each.opened_at >= since and each.rule not in _codes(rule)
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
