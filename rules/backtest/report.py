"""A backtest's outcome as plain records: for a table, for JSON, for the API. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from rules.backtest.compare import (
    AlarmPair,
    Beside,
    CasePair,
    alarm_pairs,
    case_pairs,
)
from rules.backtest.found import Found

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule's part.

    Attributes:
        rule: Its code; `group:` and `storm:` ones are what triage makes of many.
        alarms: Would-be alarms raised.
        cases: Would-be cases opened.
        live_alarms: Real alarms raised; None if not compared.
        live_cases: Real cases opened by it; None if not compared.
        same: Alarms that are the same.
        shifted: Alarms that are the same matter at another time or of another grade.
        only_new: Alarms that there were not.
        only_live: Alarms that there would not have been.
    """

    rule: str
    alarms: int
    cases: int
    live_alarms: int | None
    live_cases: int | None
    same: int | None
    shifted: int | None
    only_new: int | None
    only_live: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLine:
    """What one department would get.

    Attributes:
        unit: Its code.
        name_zh: Its name, 中文.
        name_en: Its name.
        days: Would-be cases of each of the city's days that has any.
        mean: Cases a day over the whole stretch; a part of a day counts as one.
        live_mean: The same of the real ones of these rules; None if not compared.
        stated: What it says it can take a day; None if it says nothing.
        is_over: Whether the mean is more than that.
    """

    unit: str
    name_zh: str
    name_en: str
    days: Mapping[str, int]
    mean: float
    live_mean: float | None
    stated: float | None
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """One alarm, would-be or real.

    Attributes:
        beside: same, shifted, only_new or only_live; None if not compared.
        rule: Code of the rule.
        rule_version: Its version.
        device: Code of the device.
        severity: The last.
        raised_at: Journal time.
        measured_at: The deciding sample's own time.
        cleared_at: Journal time; None if it stands at the end.
        value: Of the deciding sample; None for silence.
        threshold: The limit it reached.
        handling: What became of it.
        reason_zh: Why, 中文; None for a real one.
        reason_en: Why; None for a real one.
        live_id: `alarm.id` of the real one.
    """

    beside: Beside | None
    rule: str
    rule_version: int
    device: str
    severity: str
    raised_at: datetime
    measured_at: datetime
    cleared_at: datetime | None
    value: float | None
    threshold: float | None
    handling: str
    reason_zh: str | None
    reason_en: str | None
    live_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One case, would-be or real.

    Attributes:
        beside: same, shifted, only_new or only_live; None if not compared.
        rule: Code of the rule that opens it.
        device: Code of the device that tells.
        subject_kind: What it is about.
        subject_id: That one's id.
        class_code: Four digits.
        condition: The filing condition.
        unit: Code of the department it is addressed to.
        severity: The worst.
        shape: single, group or storm.
        opened_at: Journal time.
        closed_at: When it is closed; None if it is open at the end.
        hits: How often the problem is seen.
        number: Of the real one.
    """

    beside: Beside | None
    rule: str
    device: str
    subject_kind: str
    subject_id: int
    class_code: str
    condition: str
    unit: str
    severity: str
    shape: str
    opened_at: datetime
    closed_at: datetime | None
    hits: int
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a backtest.

    Attributes:
        since: From when alarms count.
        until: Up to when.
        whole_until: All figures and lists are of what was raised and opened before;
            later there was more than there is room for. None if they are of all.
        begun: Where the engine started, warm-up included.
        source: `journal`, which is exact, `samples`, or `both`; see docs/rules.md.
        journal_from: From here on it was the journal, before it stored samples; None
            if there was none of it.
        samples_gone_until: Of what was measured before, some is not stored any more;
            None if all of it is.
        plans: Under how many plans it judged, one after the other.
        known_from: Since when rules, devices and windows are those that were then; None
            if they are those of now.
        placed_from: The same of the registry by which cases are placed.
        lost_at: When the engine had lost its state then and began with what stood.
        unread: Plans and registries of then that this release cannot read.
        assumed: Would-be cases that are taken to be closed when their sensors said that
            it was over, as nobody worked on one like it then.
        unwritten: Alarms and cases that could not be written then, though decided on,
            see `gezhi rules faults`; None if not compared.
        samples: Readings and fixes judged.
        late: Samples too late to be judged, one for each rule.
        broken: Entries that could not be read, or on which the rules broke.
        left_off: Alarms and cases beyond what is kept in full.
        unplaced: Hits that could not have become a case.
        rules: By code.
        loads: By the departments' codes.
        alarms: In their order, the real ones without a counterpart last.
        cases: In theirs.
    """

    since: datetime
    until: datetime
    whole_until: datetime | None
    begun: datetime
    source: str
    journal_from: datetime | None
    samples_gone_until: datetime | None
    plans: int
    known_from: datetime | None
    placed_from: datetime | None
    lost_at: Sequence[datetime]
    unread: int
    assumed: int
    unwritten: int | None
    samples: int
    late: int
    broken: int
    left_off: int
    unplaced: int
    rules: Sequence[RuleLine]
    loads: Sequence[LoadLine]
    alarms: Sequence[AlarmRow]
    cases: Sequence[CaseRow]


def report_of(found: Found, *, zone: ZoneInfo, stated: Mapping[int, float]) -> Report:
    """Return what came of a backtest.

    Args:
        found: The same, as it was found.
        zone: The city's: it says when a day begins.
        stated: Cases a day that departments can take, by unit id.
    """
    stretch = _told(found)
    codes = found.names.alarm_codes()
    alarms = alarm_pairs(found.alarms, found.live_alarms, stretch, found.last_seq)
    cases = case_pairs(found.cases, found.live_cases, stretch, codes)
    return Report(
        since=found.ask.since,
        until=found.until,
        whole_until=None if stretch[1] == found.until else stretch[1],
        begun=found.begun,
        source=_source(found),
        journal_from=found.journal_from,
        samples_gone_until=found.samples_gone_until,
        plans=found.under.plans,
        known_from=found.under.known_from,
        placed_from=found.under.placed_from,
        lost_at=found.under.lost_at,
        unread=found.under.unread,
        assumed=sum(case.is_assumed for case in found.cases),
        unwritten=found.unwritten,
        samples=found.samples,
        late=found.late,
        broken=found.broken,
        left_off=found.left_off,
        unplaced=found.unplaced,
        rules=_rules(found, codes, alarms, cases),
        loads=_loads(found, cases, zone, stated),
        alarms=[_alarm(found, pair) for pair in alarms],
        cases=[_case(found, pair) for pair in cases],
    )


def _told(found: Found) -> tuple[datetime, datetime]:
    """Return the stretch of which nothing is missing."""
    since, until = found.ask.since, found.until
    if found.whole_until is not None:
        until = min(until, max(since, found.whole_until))
    return since, until


def _source(found: Found) -> str:
    if found.is_exact:
        return "journal"
    return "samples" if found.journal_from is None else "both"


def _rules(
    found: Found,
    codes: Sequence[str],
    alarms: Sequence[AlarmPair],
    cases: Sequence[CasePair],
) -> list[RuleLine]:
    new = Counter(pair.new.new.rule for pair in alarms if pair.new is not None)
    opened = Counter(pair.new.rule for pair in cases if pair.new is not None)
    live = Counter(pair.live.rule for pair in alarms if pair.live is not None)
    filed = Counter(pair.live.rule for pair in cases if pair.live is not None)
    beside = Counter((_rule_of(pair), pair.beside) for pair in alarms)
    against = found.ask.against_live
    plain = found.names.rules
    return [
        RuleLine(
            rule=code,
            alarms=new[code],
            cases=opened[code],
            live_alarms=live[code] if against else None,
            live_cases=filed[code] if against else None,
            same=beside[code, Beside.SAME] if against else None,
            shifted=beside[code, Beside.SHIFTED] if against else None,
            only_new=beside[code, Beside.ONLY_NEW] if against else None,
            only_live=beside[code, Beside.ONLY_LIVE] if against else None,
        )
        for code in codes
        if code in plain or new[code] or live[code]
    ]


def _rule_of(pair: AlarmPair) -> str:
    if pair.new is not None:
        return pair.new.new.rule
    return "" if pair.live is None else pair.live.rule


def _loads(
    found: Found,
    cases: Sequence[CasePair],
    zone: ZoneInfo,
    stated: Mapping[int, float],
) -> list[LoadLine]:
    by_day: dict[int, Counter[str]] = {}
    live: Counter[int] = Counter()
    for pair in cases:
        if pair.new is not None:
            day = pair.new.opened_at.astimezone(zone).date().isoformat()
            by_day.setdefault(pair.new.unit_id, Counter())[day] += 1
        if pair.live is not None:
            live[pair.live.unit_id] += 1
    since, until = _told(found)
    lasts_s = (until - since).total_seconds()
    days = max(lasts_s / DAY_S, 1.0)
    units = found.units
    lines = []
    for unit_id in sorted(by_day.keys() | live.keys(), key=lambda i: units[i].code):
        of_day = by_day.get(unit_id, Counter())
        mean, able = of_day.total() / days, stated.get(unit_id)
        lines.append(
            LoadLine(
                unit=units[unit_id].code,
                name_zh=units[unit_id].name_zh,
                name_en=units[unit_id].name_en,
                days=dict(sorted(of_day.items())),
                mean=round(mean, 3),
                live_mean=(
                    round(live[unit_id] / days, 3) if found.ask.against_live else None
                ),
                stated=able,
                is_over=able is not None and mean > able,
            )
        )
    return lines


def _alarm(found: Found, pair: AlarmPair) -> AlarmRow:
    new, live = pair.new, pair.live
    beside = pair.beside if found.ask.against_live else None
    if new is not None:
        return AlarmRow(
            beside=beside,
            rule=new.new.rule,
            rule_version=new.new.rule_version,
            device=found.names.devices[new.new.device_id],
            severity=new.severity,
            raised_at=new.new.raised_at,
            measured_at=new.new.measured_at,
            cleared_at=new.cleared_at,
            value=new.new.value,
            threshold=new.new.threshold,
            handling=new.handling,
            reason_zh=new.new.reason_zh,
            reason_en=new.new.reason_en,
            live_id=None if live is None else live.id,
        )
    if live is None:
        raise AssertionError("a pair of nothing")
    return AlarmRow(
        beside=beside,
        rule=live.rule,
        rule_version=live.rule_version,
        device=found.names.devices.get(live.device_id, str(live.device_id)),
        severity=live.severity,
        raised_at=live.raised_at,
        measured_at=live.measured_at,
        cleared_at=live.cleared_at,
        value=live.value,
        threshold=live.threshold,
        handling=live.handling,
        reason_zh=None,
        reason_en=None,
        live_id=live.id,
    )


def _case(found: Found, pair: CasePair) -> CaseRow:
    new, live = pair.new, pair.live
    at = new if new is not None else live
    if at is None:
        raise AssertionError("a pair of nothing")
    return CaseRow(
        beside=pair.beside if found.ask.against_live else None,
        rule=at.rule,
        device=found.names.devices.get(at.device_id, str(at.device_id)),
        subject_kind=at.key.subject_kind,
        subject_id=at.key.subject_id,
        class_code=at.key.class_code,
        condition=at.key.condition,
        unit=found.units[at.unit_id].code,
        severity=at.severity,
        shape=at.shape,
        opened_at=at.opened_at,
        closed_at=at.closed_at,
        hits=at.hit_count,
        number=None if live is None else live.number,
    )
