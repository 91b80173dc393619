"""What triage remembers: the alarms that stand, and what they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import msgspec

from rules.pipes.mains import Located
from rules.triage.turn import AlarmKey, Turn

NEVER_DUE = 1 << 62
"""A time that does not come."""


class Handling(StrEnum):
    """What became of an alarm; stored in `alarm.handling`."""

    FILED = "filed"  # a case of its own, or a hit on one
    WAITING = "waiting"  # to see whether its siblings say the same
    BRIEF = "brief"  # cleared while it waited: not filed
    MEMBER = "member"  # of a group
    STORM = "storm"  # of a storm
    MAINTENANCE = "maintenance"  # kept back by a window
    UNSTABLE = "unstable"  # comes and goes
    SHADOW = "shadow"  # its rule is on trial
    NOTED = "noted"  # its rule files nothing


class BundleKey(NamedTuple):
    """What many alarms belong to.

    Attributes:
        code: `group:` or `storm:` and the name of the group or of the rule.
        node: `device:`, `gateway:` or `area:` and its id or code.
    """

    code: str
    node: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An alarm that stands.

    Attributes:
        turn: As it was raised, with its latest severity and value.
        handling: What became of it.
        bundle: What it belongs to, if anything.
        window_id: The window that keeps it back; 0 for none.
        due_us: When it is asked again.
        is_split: Whether its group was split: it is filed, whatever others do.
    """

    turn: Turn
    handling: Handling
    bundle: BundleKey | None = None
    window_id: int = 0
    due_us: int = NEVER_DUE
    is_split: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flap:
    """How often an alarm was raised of late.

    Attributes:
        raises_us: The latest raises, by their samples' own times.
        last_us: Journal time of the last one.
        since_us: Journal time since when it is unstable; None if it is not.
        hits: Raises since then.
        turn: The last one.
    """

    raises_us: tuple[int, ...]
    last_us: int
    since_us: int | None
    hits: int
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A group or a storm that stands.

    Attributes:
        key: Which.
        lead: The alarm it stands by: its own, or that of the upstream itself.
        cause: The upstream's own alarm, where that is the lead.
        opened_seq: The entry that opened it.
        opened_us: Its time.
        joined_us: When a member came last.
        first_us: The first member's own time.
        last_us: The last one's.
        bad: How many devices ever were members by an alarm.
        unknown: How many others by one of silence.
        worst_due_us: When a storm's worst members are filed alone.
        takes: Whether it still takes members.
        burst: Where on the mains it is, if it is a burst.
    """

    key: BundleKey
    lead: AlarmKey
    cause: Turn | None = None
    opened_seq: int
    opened_us: int
    joined_us: int
    first_us: int
    last_us: int
    bad: int = 0
    unknown: int = 0
    worst_due_us: int = NEVER_DUE
    takes: bool = True
    burst: Located | None = None

    @property
    def is_storm(self) -> bool:
        """Whether it is a storm, not a group."""
        return self.key.code.startswith("storm:")


@dataclass(frozen=True, slots=True)
class Crowd:
    """The members of a group or storm.

    Attributes:
        standing: Members that stand, the lead left out.
        bad: Devices that ever were members by an alarm of samples.
        silent: Devices that ever were members by one of silence.
    """

    standing: frozenset[AlarmKey] = frozenset()
    bad: frozenset[int] = frozenset()
    silent: frozenset[int] = frozenset()


class BudgetKey(NamedTuple):
    """Rule, area and minute since 1970 by the samples' own clock."""

    rule: str
    area: str
    minute: int


@dataclass(frozen=True, slots=True)
class Budget:
    """What a rule has filed in one area and minute.

    Attributes:
        alarms: Those that were filed.
        touched_us: Journal time of the last of them.
    """

    alarms: tuple[AlarmKey, ...]
    touched_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """All that triage remembers; bounded by the alarms that can stand.

    Attributes:
        held: Alarms that stand.
        near: Those of them that no bundle has, by the bundle they might belong to.
        flaps: Alarms raised of late.
        bundles: Groups and storms.
        crowds: Their members.
        budgets: What was filed of late.
        wake_us: When time alone may change something.
    """

    held: Mapping[AlarmKey, Held] = field(default_factory=dict)
    near: Mapping[BundleKey, tuple[AlarmKey, ...]] = field(default_factory=dict)
    flaps: Mapping[AlarmKey, Flap] = field(default_factory=dict)
    bundles: Mapping[BundleKey, Bundle] = field(default_factory=dict)
    crowds: Mapping[BundleKey, Crowd] = field(default_factory=dict)
    budgets: Mapping[BudgetKey, Budget] = field(default_factory=dict)
    wake_us: int = NEVER_DUE


FORMAT = 2
"""Of the written form."""


class DeskFormatError(ValueError):
    """A written desk is not of this release."""


class _Written(msgspec.Struct, array_like=True):
    format: int
    desk: Desk


def desk_written(desk: Desk) -> bytes:
    """Return a desk as octets."""
    return msgspec.msgpack.encode(_Written(FORMAT, desk))


def desk_from(octets: bytes) -> Desk:
    """Return the desk that `desk_written` gave.

    Raises:
        DeskFormatError: If this release cannot read it.
    """
    try:
        found = msgspec.msgpack.decode(octets, type=_Written)
    except msgspec.DecodeError as error:
        raise DeskFormatError(f"not a desk: {error}") from error
    if found.format != FORMAT:
        raise DeskFormatError(f"a desk of format {found.format}, not {FORMAT}")
    return found.desk
