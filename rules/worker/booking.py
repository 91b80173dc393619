"""From what triage decided to alarm rows and to what the cases are asked. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cases.request import (
    FilingRequest,
    Hit,
    JoinRequest,
    Mark,
    Member,
    MemberState,
)
from rules.plan.plan import Plan
from rules.triage.decision import (
    Close,
    Decision,
    File,
    Join,
    Leave,
    Note,
    Open,
    Quiet,
    Settle,
    Unheard,
    Unstable,
)
from rules.triage.desk import Handling
from rules.triage.layout import is_silence
from rules.worker.books import Books, lead_of_bundle
from rules.worker.bundle_words import bundle_request, bundle_severity
from rules.worker.filing_words import request_of, unstable_words
from store.alarms.raised import AlarmChange, AlarmKey, AlarmMoment
from vocabulary.times import datetime_from_us


@dataclass(frozen=True, slots=True)
class Booked:
    """What some decisions come to.

    Attributes:
        changes: How each alarm that changed stands now.
        requests: What the cases are asked, in the order of the decisions.
        strays: Decisions on alarms that do not stand; there should be none.
    """

    changes: list[AlarmChange]
    requests: list[FilingRequest | JoinRequest]
    strays: list[Decision]


def book(
    plan: Plan,
    decisions: Sequence[Decision],
    *,
    standing: Mapping[AlarmKey, int],
    raised: Mapping[AlarmMoment, int],
) -> Booked:
    """Find the alarm of each decision, and what becomes of it.

    Args:
        plan: What decided.
        decisions: In journal order.
        standing: Ids of the alarms that stood before.
        raised: Ids of `new_alarms`, by their moments.
    """
    books = Books(plan, standing, raised)
    for decision in decisions:
        _enter(books, decision)
    changes = list(books.changes.values())
    return Booked(changes, books.requests, books.strays)


def _enter(books: Books, decision: Decision) -> None:
    match decision:
        case Open() | Close():
            _enter_bundle(books, decision)
        case Unheard():
            if books.has_lead(decision.bundle):
                _enter_unheard(books, decision)
        case Settle():
            _enter_settle(books, decision)
        case _:
            alarm_id = books.id_of(decision.alarm)
            if alarm_id is None:
                books.strays.append(decision)
            else:
                books.changes[alarm_id] = _change(books, alarm_id, decision)
                for request in _requests(books, decision, alarm_id):
                    books.ask(request)


def _change(
    books: Books,
    alarm_id: int,
    decision: File | Note | Unstable | Quiet | Join | Leave,
) -> AlarmChange:
    transition, before = decision.transition, books.changes.get(alarm_id)
    cleared = transition.kind is Hit.CLEARED
    handling, window_id = _handling(decision)
    if before is not None:
        handling = handling or before.handling
        window_id = window_id or before.window_id
    return AlarmChange(
        id=alarm_id,
        severity=transition.severity,
        cleared_seq=transition.seq if cleared else None,
        cleared_at=datetime_from_us(transition.at_us) if cleared else None,
        handling=handling,
        window_id=window_id,
    )


def _handling(decision: Decision) -> tuple[str | None, int | None]:
    match decision:
        case File(transition=transition) if transition.kind is Hit.RAISED:
            return Handling.FILED, None
        case Note(handling=handling, window_id=window_id):
            return handling, window_id or None
        case Unstable() | Quiet():
            return Handling.UNSTABLE, None
        case Join(bundle=bundle, keeps_own=False):
            return Handling.STORM if bundle.is_storm else Handling.MEMBER, None
        case _:
            return None, None


def _requests(
    books: Books,
    decision: File | Note | Unstable | Quiet | Join | Leave,
    alarm_id: int,
) -> Iterable[FilingRequest | JoinRequest]:
    plan, transition = books.plan, decision.transition
    if isinstance(decision, Join) and books.has_lead(decision.bundle):
        yield _join(books, decision, alarm_id)
        return
    if isinstance(decision, Leave):
        yield from _leave(books, decision, alarm_id)
        return
    request = request_of(plan, transition, alarm_id)
    if request is None:
        return
    match decision:
        case File():
            yield request
        case Join():  # of something that is gone: better alone than lost
            books.strays.append(decision)
            yield request
        case Unstable(raises=raises, within_s=within_s):
            yield unstable_words(request, raises=raises, within_s=within_s)
        case Quiet():
            yield replace(request, mark=Mark.QUIET)
        case Note():
            pass


def _join(books: Books, decision: Join, alarm_id: int) -> JoinRequest:
    bundle, transition = decision.bundle, decision.transition
    alone = None
    if not decision.keeps_own:
        alone = request_of(books.plan, transition, alarm_id)
    member = Member(
        device_id=transition.device_id,
        alarm_id=alarm_id,
        state=(MemberState.UNKNOWN if is_silence(transition.rule) else MemberState.BAD),
        has_own=decision.keeps_own,
    )
    return JoinRequest(
        lead=books.lead_request(bundle, transition.seq, transition.at_us),
        members=(member,),
        alone=() if alone is None else (alone,),
        severity=transition.severity if bundle.is_storm else None,
    )


def _leave(books: Books, decision: Leave, alarm_id: int) -> Iterable[FilingRequest]:
    """Tell of a member that cleared.

    Where the group has an alarm of its own, that one says when all is over.
    """
    bundle, transition = decision.bundle, decision.transition
    request = request_of(books.plan, transition, alarm_id)
    if request is None and books.has_lead(bundle):
        # Its rule files nothing: the group's problem stands for it.
        lead = books.lead_request(bundle, transition.seq, transition.at_us)
        request = replace(
            lead, alarm_id=alarm_id, kind=Hit.CLEARED, device_id=transition.device_id
        )
    if request is None:
        return
    tells = decision.has_own or bundle.cause is not None
    yield request if tells else replace(request, mark=Mark.LEFT)


def _enter_bundle(books: Books, decision: Open | Close) -> None:
    bundle, seq, at_us = decision.bundle, decision.seq, decision.at_us
    is_over = isinstance(decision, Close)
    alarm_id = books.id_of(lead_of_bundle(bundle))
    if alarm_id is None:
        books.strays.append(decision)
        return
    books.changes[alarm_id] = AlarmChange(
        id=alarm_id,
        severity=bundle_severity(books.plan, bundle),
        cleared_seq=seq if is_over else None,
        cleared_at=datetime_from_us(at_us) if is_over else None,
        handling=Handling.FILED,
    )
    kind = Hit.CLEARED if is_over else Hit.RAISED
    books.requests.append(
        bundle_request(books.plan, bundle, alarm_id, seq=seq, at_us=at_us, kind=kind)
    )


def _enter_unheard(books: Books, decision: Unheard) -> None:
    members = tuple(
        Member(
            device_id=device_id, alarm_id=0, state=MemberState.UNKNOWN, has_own=False
        )
        for device_id in decision.device_ids
    )
    lead = books.lead_request(decision.bundle, decision.seq, decision.at_us)
    books.ask(JoinRequest(lead=lead, members=members))


def _enter_settle(books: Books, decision: Settle) -> None:
    transition = decision.transition
    stands = transition.kind is Hit.RAISED
    alarm_id = books.id_of(decision.alarm) if stands else None
    request = request_of(books.plan, transition, alarm_id or 0)
    if request is not None:
        books.requests.append(replace(request, mark=Mark.SETTLED))
    if alarm_id is not None:
        books.changes[alarm_id] = AlarmChange(
            id=alarm_id,
            severity=transition.severity,
            cleared_seq=None,
            cleared_at=None,
            handling=Handling.FILED,
        )
