"""What triage decides. Every transition is in exactly one decision as its own."""

from dataclasses import dataclass
from typing import TypeAlias

from rules.engine.transition import Transition
from rules.triage.desk import Bundle, Handling
from rules.triage.turn import AlarmRef


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Tell the cases of it.

    Attributes:
        alarm: Which alarm.
        transition: What became of it; raised also where it had been held back.
    """

    alarm: AlarmRef
    transition: Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Only the alarm itself keeps it.

    Attributes:
        alarm: Which alarm.
        transition: What became of it.
        handling: What that makes of the alarm.
        window_id: The window that keeps it back; 0 for none.
    """

    alarm: AlarmRef
    transition: Transition
    handling: Handling
    window_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unstable:
    """It comes and goes: its case says so and is quiet until it has settled.

    Attributes:
        alarm: Which alarm.
        transition: The raise that was one too many.
        raises: How many there were.
        within_s: In this time.
    """

    alarm: AlarmRef
    transition: Transition
    raises: int
    within_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Another raise of what is unstable: counted, not told.

    Attributes:
        alarm: Which alarm.
        transition: The raise.
    """

    alarm: AlarmRef
    transition: Transition


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """It has stopped coming and going.

    Attributes:
        alarm: The last of its alarms.
        transition: Raised if it stands, cleared if not.
        hits: Raises that were only counted.
    """

    alarm: AlarmRef
    transition: Transition
    hits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Raise the alarm of a group or a storm and file it.

    Attributes:
        bundle: The group or storm, without its members yet.
        seq: The entry that decides.
        at_us: Its time.
    """

    bundle: Bundle
    seq: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """An alarm is a member from now on.

    Attributes:
        bundle: With this member.
        alarm: Which alarm.
        transition: How it stands.
        keeps_own: Whether it has been filed alone and is only linked.
    """

    bundle: Bundle
    alarm: AlarmRef
    transition: Transition
    keeps_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """Children without an alarm that nobody can tell anything of meanwhile.

    Attributes:
        bundle: The group.
        device_ids: The children.
        seq: The entry that decides.
        at_us: Its time.
    """

    bundle: Bundle
    device_ids: tuple[int, ...]
    seq: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """A member has cleared.

    Attributes:
        bundle: Without it.
        alarm: Which alarm.
        transition: The clearing.
        has_own: Whether it was filed alone, so that its own case is told too.
    """

    bundle: Bundle
    alarm: AlarmRef
    transition: Transition
    has_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """The last member has cleared: so does the group's or storm's own alarm.

    Attributes:
        bundle: The group or storm.
        seq: The entry that decides.
        at_us: Its time.
    """

    bundle: Bundle
    seq: int
    at_us: int


Decision: TypeAlias = (
    File | Note | Unstable | Quiet | Settle | Open | Join | Unheard | Leave | Close
)
"""What is done about the alarms, in order."""
