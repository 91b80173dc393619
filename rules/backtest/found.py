"""What a backtest is asked, how far it is, and what it has found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rules.backtest.lines import AlarmLine, CaseLine
from rules.backtest.names import Names
from rules.backtest.people import People
from rules.backtest.room import Room
from rules.plan.plan_source import RuleText
from store.rules.backtest_read import FiledAlarm, FiledCase
from vocabulary.registry_facts import UnitFacts


class NothingStoredError(LookupError):
    """There is no journal to read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What to try on what.

    Attributes:
        rules: The rules, by ascending code; each code once.
        with_live: Whether the rules that were live judge beside them, each while it
            was and but for those whose place these take.
        since: From when alarms count.
        until: Up to when.
        warm_up: So long before `since` the engine starts, knowing nothing.
        against_live: Whether to compare with what was filed, and to let people do with
            the cases that would have been what they did with the real ones.
        readings: Whether to read stored samples though the journal reaches back.
        step_us: Of stored samples one entry tells so long a time; over more than
            `hearing.LARGEST_STEP_US` nobody is ever silent.
        room: How much is kept of what is found.
    """

    rules: tuple[RuleText, ...]
    with_live: bool = False
    since: datetime
    until: datetime
    warm_up: timedelta = timedelta()
    against_live: bool = False
    readings: bool = False
    step_us: int = 1_000_000
    room: Room = field(default_factory=Room)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a backtest is.

    Attributes:
        begun: Where it started, warm-up included.
        at: How far it has come.
        until: Where it ends.
        samples: Readings and fixes judged so far.
    """

    begun: datetime
    at: datetime
    until: datetime
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Under:
    """The plans that a backtest judged under, one after the other.

    Attributes:
        plans: How many.
        known_from: Since when rules, devices and windows are those that were then;
            before it, those of that time; None if they are those of now.
        placed_from: The same of the registry by which cases are placed.
        lost_at: When the engine had lost its state and began with what stood.
        unread: Plans and registries of then that this release cannot read.
    """

    plans: int
    known_from: datetime | None = None
    placed_from: datetime | None = None
    lost_at: Sequence[datetime] = ()
    unread: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of a backtest.

    Attributes:
        ask: What was asked.
        names: Of what was judged.
        under: By how much of what was in force then it was judged.
        units: Every unit that a case may be addressed to, by id.
        is_exact: Whether the journal's own entries were folded, and no others.
        journal_from: From here on they were; None if none were. Before it they were
            made of stored samples.
        samples_gone_until: Of what was measured before, some is not stored any more;
            None if all of it is, or none of it was needed.
        begun: Where it started.
        until: Where it ended.
        last_seq: The last entry folded; 0 if they were made of stored samples.
        whole_until: Alarms, cases and steps, would-be or real, that are of before are
            all here, later ones are not: there was no room. None if all are.
        alarms: Would-be alarms that stood in the stretch, in their order.
        cases: Would-be cases that were open in it, in their order.
        left_off: How many more would-be ones there were than are kept.
        samples: Readings and fixes judged.
        late: Of those that came too late, one for each rule that would have judged.
        broken: Entries that could not be read or judged as they are.
        unplaced: Hits that could not have become a case.
        live_alarms: Real alarms that stood in the stretch; empty if not compared.
        live_cases: Real cases that were open in it.
        people: What people did with these.
        unwritten: Alarms and cases that could not be written then, though decided on;
            None if not compared.
    """

    ask: Ask
    names: Names
    under: Under
    units: Mapping[int, UnitFacts]
    is_exact: bool
    journal_from: datetime | None
    samples_gone_until: datetime | None
    begun: datetime
    until: datetime
    last_seq: int
    whole_until: datetime | None
    alarms: list[AlarmLine]
    cases: list[CaseLine]
    left_off: int
    samples: int
    late: int
    broken: int
    unplaced: int
    live_alarms: list[FiledAlarm]
    live_cases: list[FiledCase]
    people: People
    unwritten: int | None
