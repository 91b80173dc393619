"""What becomes of requests in a docket: `cases.ruling` decides it, as it does live."""

from collections.abc import Iterable

from cases.acts import Facts
from cases.placing import Place
from cases.request import FilingRequest, JoinRequest
from cases.ruling import asks_place, hit_of, may_recover, ruling_on
from rules.backtest.carrying import carry_out
from rules.backtest.docket import Docket


def file_all(docket: Docket, requests: Iterable[FilingRequest | JoinRequest]) -> None:
    """File what rules found, in journal order."""
    for request in requests:
        hit = hit_of(request)
        docket.go_to(hit.seq, hit.at)
        _file(docket, request)


def _file(docket: Docket, request: FilingRequest | JoinRequest) -> None:
    ruling = ruling_on(request, _facts(docket, request), docket.snapshot)
    carry_out(docket, ruling)
    for alone in ruling.instead:
        _file(docket, alone)


def _facts(docket: Docket, request: FilingRequest | JoinRequest) -> Facts:
    """Return what is known as a hit comes in; proof is kept of real cases only."""
    hit = hit_of(request)
    case = docket.case_of_alarm(hit.alarm_id)
    of_alarm = None if case is None else case.locked()
    found = docket.place(hit) if asks_place(request, of_alarm) else None
    open_case = last = solved = None
    if isinstance(found, Place):
        open_case = docket.open_case(found.key)
        if open_case is None:
            last, solved = docket.last_ended(found.key), docket.last_solved(found.key)
    locked = None if open_case is None else open_case.locked()
    over = may_recover(request, of_alarm, locked)
    return Facts(
        of_alarm=of_alarm,
        found=found,
        open=locked,
        last=None if last is None else last.locked(),
        solved_id=None if solved is None else solved.id,
        stands=over is not None and docket.another_stands(over.id, hit),
    )
