"""What a version on trial would have filed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from api.access import Viewer
from api.answer import answer
from api.parts import Database, Held
from api.problems import Kind, ProblemError, not_found
from api.rule_address import Code, Version
from rules.files.rule_file import RuleFileError
from rules.lifecycle.on_trial import UnitLoad, Verdict, WouldBe
from rules.lifecycle.trial_report import TrialReport, trial_report
from store.rules.read import version_of

router = APIRouter(tags=["rules"])

MOST_CASES = 1000
"""Would-be cases that are listed, newest first; the counts are of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldBeCase:
    """One case that would have been.

    Attributes:
        subject_kind: component, device, vehicle, gateway, cell or area.
        subject_id: That one's id.
        class_code: Four digits.
        condition: The filing condition.
        device: Code of the device whose alarm would have opened it.
        unit: Code of the unit it would have been addressed to.
        shape: single, group or storm.
        severity: The worst.
        opened_at: Journal time when it would have been opened.
        last_at: When it would have been over, or the end of the trial.
        hits: How often it would have been hit.
        verdict: real, unreal, open or none, see `TrialAnswer.verdicts`.
        case_id: The case that verdict is of.
    """

    subject_kind: str
    subject_id: int
    class_code: str
    condition: str
    device: str
    unit: str
    shape: str
    severity: str
    opened_at: datetime
    last_at: datetime
    hits: int
    verdict: Verdict
    case_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRow:
    """What a unit would get to do in a day.

    Attributes:
        unit: Its code.
        would_be: Cases a day of this version.
        others: Cases a day that other rules filed meanwhile.
        stated: What it says it can take; None if it says nothing.
        is_over: Whether that is more than it can take.
    """

    unit: str
    would_be: float
    others: float
    stated: float | None
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialAnswer:
    """What came of a trial.

    Attributes:
        code: The rule.
        version: Its version.
        since: When it began.
        until: When it ended, or now.
        whole_until: All that follows is of what was raised and opened before this; then
            there was more than is looked at. None if it is of the whole trial.
        days: What is told of, in days; a part of one counts as one.
        alarms: How many alarms were raised.
        handlings: What triage would have made of how many of them: filed, member (of a
            group), storm, maintenance (kept back), unstable, brief (over before it was
            filed), waiting, noted (the rule files nothing).
        unplaced: How many of those filed could not have become a case.
        joined: Groups' cases they would have been part of, beside other rules' alarms.
        would_be: How many cases there would have been.
        verdicts: How many of them are, by a case on the same problem and subject, real
            (closed), unreal (not accepted, cancelled), open (not decided), none (there
            was no such case).
        precision: real / (real + unreal); None where nothing was decided.
        missed: Cases of the rule's other versions that it would not have filed.
        loads: Of each unit that would get any.
        cases: The newest of them, newest first.
    """

    code: str
    version: int
    since: datetime
    until: datetime
    whole_until: datetime | None
    days: float
    alarms: int
    handlings: dict[str, int]
    unplaced: int
    joined: int
    would_be: int
    verdicts: dict[str, int]
    precision: float | None
    missed: int
    loads: Sequence[LoadRow]
    cases: Sequence[WouldBeCase]


@router.get("/rules/{code}/{version}/shadow", response_model=TrialAnswer)
async def shadow(
    parts: Held, database: Database, _: Viewer, code: Code, version: Version
) -> Response:
    """Show what a version would have filed while it was on trial, and how right."""
    found = await version_of(database, code, version)
    if found is None:
        raise not_found("version of a rule", f"{code} {version}")
    try:
        report = await trial_report(database, found, at=parts.clock())
    except RuleFileError as error:
        raise ProblemError(Kind.STAGE_REFUSED, str(error)) from error
    if report is None:
        raise ProblemError(Kind.NOT_FOUND, f"{code} {version} was never on trial")
    return answer(_answer(code, version, report))


def _answer(code: str, version: int, report: TrialReport) -> TrialAnswer:
    trial = report.trial
    return TrialAnswer(
        code=code,
        version=version,
        since=report.since,
        until=report.until,
        whole_until=report.whole_until,
        days=round(trial.days, 3),
        alarms=trial.alarms,
        handlings=dict(trial.handlings),
        unplaced=trial.unplaced,
        joined=trial.joined,
        would_be=len(trial.cases),
        verdicts={verdict.value: n for verdict, n in trial.verdicts.items()},
        precision=trial.precision,
        missed=trial.missed,
        loads=[_load(report, load) for load in trial.loads],
        cases=[_case(report, case) for case in trial.cases[: -MOST_CASES - 1 : -1]],
    )


def _load(report: TrialReport, load: UnitLoad) -> LoadRow:
    return LoadRow(
        unit=report.snapshot.units[load.unit_id].code,
        would_be=round(load.would_be, 3),
        others=round(load.others, 3),
        stated=load.stated,
        is_over=load.is_over,
    )


def _case(report: TrialReport, case: WouldBe) -> WouldBeCase:
    key = case.key
    return WouldBeCase(
        subject_kind=key.subject_kind,
        subject_id=key.subject_id,
        class_code=key.class_code,
        condition=key.condition,
        device=case.device,
        unit=report.snapshot.units[case.unit_id].code,
        shape=case.shape,
        severity=case.severity,
        opened_at=case.opened_at,
        last_at=case.last_at,
        hits=case.hits,
        verdict=case.verdict,
        case_id=case.case_id,
    )
