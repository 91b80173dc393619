"""The books of one transaction: alarms as they stand now, what the cases are asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cases.request import SEVERITIES, FilingRequest, Hit, JoinRequest
from rules.plan.plan import Plan
from rules.triage.decision import Decision
from rules.triage.desk import Bundle
from rules.triage.turn import AlarmRef
from rules.worker.bundle_words import bundle_request
from rules.worker.filing_words import request_of
from store.alarms.raised import AlarmChange, AlarmKey, AlarmMoment
from vocabulary.times import datetime_from_us


@dataclass(slots=True)
class Books:
    """What has been booked so far.

    Attributes:
        plan: What decided.
        standing: Ids of the alarms that stood before.
        raised: Ids of those that these decisions raise, by their moments.
        changes: How each alarm that changed stands now, by its id.
        requests: What the cases are asked, in the order of the decisions.
        strays: Decisions on alarms that do not stand; there should be none.
    """

    plan: Plan
    standing: Mapping[AlarmKey, int]
    raised: Mapping[AlarmMoment, int]
    changes: dict[int, AlarmChange] = field(default_factory=dict)
    requests: list[FilingRequest | JoinRequest] = field(default_factory=list)
    strays: list[Decision] = field(default_factory=list)

    def id_of(self, alarm: AlarmRef) -> int | None:
        """Return the id of an alarm; None if there is none such that stood."""
        return self.raised.get(_moment(alarm), self.standing.get(alarm.key))

    def has_lead(self, bundle: Bundle) -> bool:
        """Tell whether the alarm that a group or storm stands by is known."""
        return self.id_of(lead_of_bundle(bundle)) is not None

    def lead_of(self, bundle: Bundle) -> int:
        """Return the id of the alarm that a group or storm stands by."""
        found = self.id_of(lead_of_bundle(bundle))
        if found is None:
            raise AssertionError(f"{bundle.key} stands by no alarm")
        return found

    def lead_request(self, bundle: Bundle, seq: int, at_us: int) -> FilingRequest:
        """Return the hit of what members join, as of now."""
        alarm_id = self.lead_of(bundle)
        if bundle.cause is None:
            return bundle_request(
                self.plan, bundle, alarm_id, seq=seq, at_us=at_us, kind=Hit.RAISED
            )
        rule = self.plan.layout.rules[bundle.lead.rule]
        transition = bundle.cause.transition(rule, seq=seq, at_us=at_us)
        request = request_of(self.plan, transition, alarm_id)
        if request is None:
            raise AssertionError("only what is filed leads a group")
        return request

    def ask(self, request: FilingRequest | JoinRequest) -> None:
        """Ask the cases; members that join one thing at one time join together."""
        before = self.requests[-1] if self.requests else None
        if isinstance(before, JoinRequest) and isinstance(request, JoinRequest):
            same = before.lead.alarm_id, before.lead.seq
            if same == (request.lead.alarm_id, request.lead.seq):
                self.requests[-1] = _together(before, request)
                return
        self.requests.append(request)


def _together(before: JoinRequest, after: JoinRequest) -> JoinRequest:
    severities = [s for s in (before.severity, after.severity) if s is not None]
    return JoinRequest(
        lead=after.lead,
        members=(*before.members, *after.members),
        alone=(*before.alone, *after.alone),
        severity=max(severities, key=SEVERITIES.index, default=None),
    )


def lead_of_bundle(bundle: Bundle) -> AlarmRef:
    """Return the alarm that a group or storm stands by."""
    if bundle.cause is not None:
        return bundle.cause.ref
    return AlarmRef(bundle.lead, bundle.opened_seq, bundle.opened_us)


def _moment(alarm: AlarmRef) -> AlarmMoment:
    return (*alarm.key, alarm.seq, datetime_from_us(alarm.measured_us))
