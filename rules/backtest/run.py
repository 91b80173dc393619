"""A backtest on a database: what it reads, how it runs, what it found.

It reads on one connection, writes nothing, and gives the loop a chance between parts,
so that whoever asked can be told how far it is, or stop it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cases.routing import shipped_routing
from devices.registry.snapshot import Snapshot, load_snapshot
from rules.backtest.course import Course
from rules.backtest.docket import Docket
from rules.backtest.found import Ask, Found, NothingStoredError, Progress, Under
from rules.backtest.ground import Ground, ground_of, parts_of
from rules.backtest.lines import AlarmLine, CaseLine
from rules.backtest.names import Names
from rules.backtest.people import People
from rules.backtest.plans import Plans, cut
from rules.backtest.registries import Registries
from rules.backtest.room import Earliest, Room, earliest, kept
from rules.backtest.sources import Part
from rules.backtest.tried import Tried
from rules.engine.learned import Learned
from rules.plan.plan import Plan
from rules.triage.desk import Handling
from rules.worker.fixes import Fixes
from rules.worker.present import current_source
from store.connection import Connection
from store.journal.kept import Kept, journal_kept
from store.registry.sources import registries_between
from store.rules.backtest_read import (
    FiledAlarm,
    FiledCase,
    filed_alarms,
    filed_cases,
    fixes_before,
    taken_steps,
)
from store.rules.faults import unwritten_between
from store.rules.plan_sources import SourceMark, sources_between


async def backtest(
    connection: Connection,
    ask: Ask,
    *,
    time_zone: str,
    tell: Callable[[Progress], None],
    shard: int = 0,
) -> Found:
    """Run rules over the past.

    Args:
        connection: Only read from.
        ask: What to try on what.
        time_zone: The city's, for rules that speak of local times.
        tell: Told how far it is, now and then.
        shard: Which journal.

    Raises:
        NothingStoredError: If there is no journal at all.
        RuleFileError: If a rule is wrong.
    """
    journal = await journal_kept(connection, shard=shard)
    if journal is None:
        raise NothingStoredError("the journal is empty")
    until = min(ask.until, _after(journal))
    ground = await ground_of(connection, journal, ask, until=until, shard=shard)
    live_cases, cases_from = await _live_cases(connection, ask, ground.begun)
    people, steps_from = await _people(connection, ask, ground)
    run = await _begun(
        connection, ask, ground, people, time_zone=time_zone, tell=tell, shard=shard
    )
    parts = parts_of(connection, ground, step_us=ask.step_us, shard=shard)
    await run.through(parts, ground.begun, until)
    live_alarms, alarms_from = await _live_alarms(connection, ask, run.names)
    left_from = (run.lines.left_from, alarms_from, cases_from, steps_from)
    return Found(
        ask=ask,
        names=run.names,
        under=_under(run.plans, run.registries, ground),
        units=run.registries.units,
        is_exact=ground.is_exact,
        journal_from=ground.journal_from,
        samples_gone_until=ground.samples_gone_until,
        begun=ground.begun,
        until=until,
        last_seq=ground.until_seq,
        whole_until=earliest(left_from),
        alarms=sorted(run.lines.alarms.lines(), key=_order_of_alarm),
        cases=sorted(
            run.lines.cases.lines(), key=lambda case: (case.opened_at, case.id)
        ),
        left_off=run.lines.left_off,
        samples=run.samples,
        late=run.course.late,
        broken=run.course.broken,
        unplaced=run.course.docket.unplaced,
        live_alarms=live_alarms,
        live_cases=live_cases,
        people=people,
        unwritten=await _unwritten(connection, ask, until),
    )


async def _begun(
    connection: Connection,
    ask: Ask,
    ground: Ground,
    people: People,
    *,
    time_zone: str,
    tell: Callable[[Progress], None],
    shard: int,
) -> "_Run":
    """Return a course at its beginning."""
    span = ground.after, ground.until_seq
    snapshot = await load_snapshot(connection)
    plans = await _plans(connection, ask, ground, snapshot, time_zone, shard=shard)
    marks = await registries_between(connection, *span, shard=shard) if span[1] else ()
    registries = Registries(
        connection=connection, present=snapshot, marks=marks, shard=shard
    )
    fixes = Fixes.of(await fixes_before(connection, ground.begun))
    docket = Docket(await registries.first(), shipped_routing(), people, fixes)
    return _Run(
        course=Course(await plans.first(), docket),
        plans=plans,
        registries=registries,
        lines=_lines_of(ask.since, ask.room),
        tell=tell,
        until_seq=ground.until_seq,
    )


async def _plans(
    connection: Connection,
    ask: Ask,
    ground: Ground,
    snapshot: Snapshot,
    time_zone: str,
    *,
    shard: int,
) -> Plans:
    return Plans(
        connection=connection,
        tried=Tried(
            rules=ask.rules,
            with_live=ask.with_live,
            geofences=tuple(snapshot.geofences.values()),
        ),
        present=await current_source(
            connection, snapshot, at=ground.begun, time_zone=time_zone
        ),
        marks=await _marks(connection, ground, shard=shard),
        shard=shard,
    )


async def _marks(
    connection: Connection, ground: Ground, *, shard: int
) -> list[SourceMark]:
    """Return where plans took turns, with what was taken at the very last entry."""
    if not ground.until_seq:
        return []
    until = ground.until_seq
    found = await sources_between(connection, ground.after, until + 1, shard=shard)
    return [mark for mark in found if mark.from_seq <= until or not mark.is_anew]


@dataclass(slots=True)
class _Lines:
    """What is kept of what was found."""

    since: datetime
    alarms: Earliest[AlarmLine]
    cases: Earliest[CaseLine]

    @property
    def left_off(self) -> int:
        """For how much there was no room."""
        return self.alarms.left_off + self.cases.left_off

    @property
    def left_from(self) -> datetime | None:
        """From when on there is something of that; None if there was room for all."""
        return earliest((self.alarms.left_from, self.cases.left_from))

    def drain(self, docket: Docket) -> None:
        """Take what is done with out of the docket."""
        self.add(docket.ended, docket.closed)
        docket.ended.clear()
        docket.closed.clear()

    def add(self, alarms: list[AlarmLine], cases: list[CaseLine]) -> None:
        """Keep what lasted after the warm-up, as far as there is room."""
        for alarm in alarms:
            lasts = alarm.cleared_at is None or alarm.cleared_at >= self.since
            if lasts and alarm.handling != Handling.SHADOW:  # on trial then
                self.alarms.add(alarm)
        for case in cases:
            if case.closed_at is None or case.closed_at >= self.since:
                self.cases.add(case)


def _lines_of(since: datetime, room: Room) -> _Lines:
    return _Lines(
        since,
        Earliest(most=room.lines, begins=lambda alarm: alarm.new.raised_at),
        Earliest(most=room.lines, begins=lambda case: case.opened_at),
    )


@dataclass(slots=True, kw_only=True)
class _Run:
    """A course on its way through a stretch.

    Attributes:
        course: The engine.
        plans: By what it judges.
        registries: By what it places cases.
        lines: What it has found and is done with.
        tell: Told how far it is.
        until_seq: The last entry of the journal that it takes; 0 if none.
        names: Of what was judged so far.
        samples: Readings and fixes judged so far.
    """

    course: Course
    plans: Plans
    registries: Registries
    lines: _Lines
    tell: Callable[[Progress], None]
    until_seq: int
    names: Names = field(default_factory=Names)
    samples: int = 0

    async def through(
        self, parts: AsyncIterator[Part], begun: datetime, until: datetime
    ) -> None:
        """Judge everything from one time to another."""
        self.names.learn(self.course.plan)
        async for part in parts:
            await self._take(part.entries)
            self.samples += part.samples
            at = min(max(part.until, begun), until)
            done = Progress(begun=begun, at=at, until=until, samples=self.samples)
            self.tell(done)
            await asyncio.sleep(0)  # whoever wants to stop it gets a chance
        docket = self.course.docket
        docket.settle(self.course.state.seq, until)
        self.lines.drain(docket)
        self.lines.add(list(docket.alarms.values()), list(docket.cases.values()))

    async def _take(self, entries: list[Learned]) -> None:
        for some, mark in cut(entries, self.plans.marks):
            then = None
            if mark is not None:
                then = await self._after(mark)
            await self._place(some, then)
            if then is not None:
                self.names.learn(then)
            if mark is not None and mark.has_broken:
                await self._break(mark)

    async def _after(self, mark: SourceMark) -> Plan | None:
        """Return the plan to go on with after the entry before; None for the same."""
        before = self.course.plan
        if mark.has_broken:
            return await self.plans.broken(mark, before)
        return await self.plans.next(mark, before)

    async def _break(self, mark: SourceMark) -> None:
        """Go on without what breaks on the next entry, if that is one of ours."""
        if mark.from_seq > self.until_seq:
            return
        plan = await self.plans.next(mark, self.course.plan)
        if plan is not None:
            self.course.turn(plan, seq=mark.from_seq, at=mark.at)
            self.names.learn(plan)

    async def _place(self, entries: list[Learned], then: Plan | None) -> None:
        docket = self.course.docket
        for some, mark in cut(entries, self.registries.marks):
            is_last = some[-1].seq == entries[-1].seq
            self.course.take(some, then if is_last else None)
            if mark is not None:
                docket.snapshot = await self.registries.next(mark) or docket.snapshot
            self.lines.drain(docket)


def _under(plans: Plans, registries: Registries, ground: Ground) -> Under:
    begun = ground.journal_from or ground.begun
    return Under(
        plans=plans.count,
        known_from=plans.known_from(begun, ground.after),
        placed_from=registries.known_from(begun, ground.after),
        lost_at=tuple(plans.lost_at),
        unread=plans.unread + registries.unread,
    )


async def _unwritten(connection: Connection, ask: Ask, until: datetime) -> int | None:
    if not ask.against_live:
        return None
    return await unwritten_between(connection, ask.since, until)


def _after(journal: Kept) -> datetime:
    """Return the first time that is not in the journal."""
    return journal.newest_at + timedelta(microseconds=1)


def _order_of_alarm(alarm: AlarmLine) -> tuple[int, datetime, str, int]:
    new = alarm.new
    return new.raised_seq, new.measured_at, new.rule, new.device_id


async def _live_cases(
    connection: Connection, ask: Ask, begun: datetime
) -> tuple[list[FiledCase], datetime | None]:
    if not ask.against_live:
        return [], None
    most = ask.room.lines
    cases = await filed_cases(connection, since=begun, until=ask.until, limit=most + 1)
    return kept(cases, most, lambda case: case.opened_at)


async def _people(
    connection: Connection, ask: Ask, ground: Ground
) -> tuple[People, datetime | None]:
    if not ask.against_live:
        return People(), None
    most = ask.room.steps
    steps = await taken_steps(
        connection, since=ground.begun, until=ask.until, limit=most + 1
    )
    some, left_from = kept(steps, most, lambda taken: taken.step.taken_at)
    return People(some, ground.journal_from), left_from


async def _live_alarms(
    connection: Connection, ask: Ask, names: Names
) -> tuple[list[FiledAlarm], datetime | None]:
    if not ask.against_live:
        return [], None
    most = ask.room.lines
    alarms = await filed_alarms(
        connection,
        names.alarm_codes(),
        since=ask.since,
        until=ask.until,
        limit=most + 1,
    )
    return kept(alarms, most, lambda alarm: alarm.raised_at)
