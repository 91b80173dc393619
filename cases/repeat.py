"""A problem that comes back (复发): does its case go on, or is it another one? Pure."""

from datetime import timedelta
from enum import Enum, auto

from cases.request import SEVERITIES, FilingRequest, Hit, Severity
from cases.stage import SOLVED, Stage
from store.cases.rows import LockedCase


class Course(Enum):
    """What a hit does on a problem that has no open case."""

    REOPEN = auto()  # the case that was closed last goes on, under its number
    FILE = auto()  # a new case
    NOTHING = auto()  # somebody has said that this very alarm is no case


def course_of(
    last: LockedCase | None, request: FilingRequest, *, within: timedelta
) -> Course:
    """Say what a hit does on a problem that has no open case.

    A case that was closed as solved goes on if its problem is back within `within`: the
    repair did not hold. A case that was refused never goes on, and the alarm it was
    about files nothing more unless it becomes graver than what was refused; a new raise
    comes after a real clear, and is a new case.

    Args:
        last: The problem's case that ended last, if any.
        request: The hit.
        within: How soon after closing is soon.
    """
    if last is None or last.closed_at is None:
        return Course.FILE
    if Stage(last.stage) in SOLVED:
        is_soon = request.at - last.closed_at <= within
        return Course.REOPEN if is_soon else Course.FILE
    if request.kind is Hit.RAISED or _is_graver(request.severity, last):
        return Course.FILE
    return Course.NOTHING


def _is_graver(severity: Severity, case: LockedCase) -> bool:
    return SEVERITIES.index(severity) > SEVERITIES.index(Severity(case.severity))
