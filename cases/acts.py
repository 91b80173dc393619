"""What is known as a hit comes in, and what is to be done about it. Pure.

`cases.ruling` decides; `cases.hits` does it in the database and `rules.backtest.docket`
in memory. So a backtest cannot decide anything else than what was decided live.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from cases.move_table import Move
from cases.notice import Told
from cases.placing import Place, Unplaced
from cases.request import FilingRequest, Member, Shape
from store.cases.rows import Finding, LockedCase, NewStep


class Outcome(StrEnum):
    """What became of a request."""

    OPENED = "opened"  # a new case
    HIT_AGAIN = "hit_again"  # the problem had an open case
    REOPENED = "reopened"  # it was back soon after its case was closed
    EASED = "eased"  # written down; a case keeps its worst severity
    RECOVERED = "recovered"  # the last alarm of its case cleared
    STILL_BAD = "still_bad"  # cleared, but another alarm of its case stands
    NO_CASE = "no_case"  # the alarm never had a case
    NOT_FILED = "not_filed"  # see `why`
    JOINED = "joined"  # members of a group's or a storm's case


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known as a hit comes in.

    Attributes:
        of_alarm: The case that its alarm belongs to, open or not.
        found: Where the hit belongs, or why nowhere; None where `ruling.asks_place`
            says that nobody wants to know.
        open: The open case of that problem.
        last: The one that ended last; None where one is open.
        solved_id: The one that was closed as solved last; None where one is open.
        stands: Whether another alarm of the case stands that `ruling.may_recover`
            names.
        hold: How long a sensor has to be back to normal to prove that the case's repair
            holds, for that case; None where it cannot.
    """

    of_alarm: LockedCase | None
    found: Place | Unplaced | None = None
    open: LockedCase | None = None
    last: LockedCase | None = None
    solved_id: int | None = None
    stands: bool = False
    hold: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Open a case, if the problem has none by now; it is the case at hand from here on.

    Attributes:
        place: Where it belongs.
        steps: The machine's first ones.
        repeat_of: The solved case of the same problem before it, if any.
    """

    place: Place
    steps: tuple[NewStep, ...]
    repeat_of: int | None


@dataclass(frozen=True, slots=True)
class Reopen:
    """Let the closed case at hand go on, if its problem has no open one by now."""

    steps: tuple[NewStep, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Write down that the problem was seen: it has not recovered.

    Attributes:
        again: Whether it counts as a hit of its own.
        finding: What the case says from now on.
    """

    again: bool
    finding: Finding


@dataclass(frozen=True, slots=True)
class Count:
    """Count a hit that nobody is told of."""


@dataclass(frozen=True, slots=True)
class TakeStep:
    """Write down a step that moves the case nowhere."""

    step: NewStep


@dataclass(frozen=True, slots=True)
class MarkRework:
    """Write down that the case is said to be done while it is not over."""


@dataclass(frozen=True, slots=True)
class SetUnstable:
    """Say since when the alarm comes and goes; None once it has settled."""

    since: datetime | None


@dataclass(frozen=True, slots=True)
class SetShape:
    """Say that a case filed for one alarm has become a group's or a storm's."""

    shape: Shape


@dataclass(frozen=True, slots=True)
class Link:
    """Say that the alarm belongs to the case."""


@dataclass(frozen=True, slots=True)
class Own:
    """Say that the alarm, if a member of another case, has this one of its own."""


@dataclass(frozen=True, slots=True)
class Join:
    """Add members.

    Attributes:
        members: Who join the case.
        spoken_for: Those with an alarm, which belongs to it from now on, but for those
            that have a case of their own; they are part of it.
    """

    members: tuple[Member, ...]
    spoken_for: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Leave:
    """Write down, wherever the alarm is a member, that it has cleared."""


@dataclass(frozen=True, slots=True)
class Recover:
    """Write down that the sensor itself says it is over.

    Attributes:
        hold: After how long what it says then is to be kept as proof; None for never.
    """

    hold: timedelta | None


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep the hit as evidence.

    Attributes:
        place: Where it belongs, so that its rule can be kept as well; None where the
            case has that already.
    """

    place: Place | None = None


Act: TypeAlias = (
    Open
    | Reopen
    | Record
    | Count
    | TakeStep
    | MarkRework
    | SetUnstable
    | SetShape
    | Link
    | Own
    | Join
    | Leave
    | Recover
    | Keep
)
"""One thing to do to the case at hand, for the hit at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is to be done about a hit.

    Attributes:
        hit: The hit.
        outcome: What that makes of it, in a word.
        case: The case at hand, as it is before; None if there is none, or a new one.
        acts: What to do, in order.
        told: What the journal is told of the case; None for nothing.
        why: Why there is no case, where `outcome` is `NOT_FILED`.
        let_go: Another case, that the alarm was a member of, which is over with this.
        instead: To be filed in its place, one after the other.
    """

    hit: FilingRequest
    outcome: Outcome
    case: LockedCase | None = None
    acts: tuple[Act, ...] = ()
    told: Move | Told | None = None
    why: Unplaced | None = None
    let_go: LockedCase | None = None
    instead: tuple[FilingRequest, ...] = ()
