"""Where a rules worker goes on after a restart: the plan and the state it had.

Two checkpoints are kept. One holds what the plan was compiled from and is written when
that changes; the other holds the state and is written every now and then. Between the
state's entry and the cursor the journal is folded again without output, under the very
plan it was folded under the first time, so that the state comes out the same.

If nothing usable was kept, the state is made again from all that is left of the
journal, and the alarms that stand in the database are believed.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from cases.request import Severity
from devices.registry.snapshot import Snapshot, load_snapshot
from rules.conditions.fence_keys import geofences_of
from rules.engine.carry import Withdrawn, carry, slot_keys
from rules.engine.entry import learned_from
from rules.engine.fold import fold
from rules.engine.hold import State as Alarm
from rules.engine.state import State, StateFormatError, read_back, written
from rules.files.rule_file import RuleFileError, parse_rule
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import (
    PlanSource,
    PlanSourceError,
    RuleText,
    source_from,
    source_written,
)
from rules.plan.subject import subjects_of
from rules.triage.carry import believed_desk, carry_desk
from rules.triage.desk import (
    Desk,
    DeskFormatError,
    Handling,
    Held,
    desk_from,
    desk_written,
)
from rules.triage.maintenance import Maintenance
from rules.triage.settings import TriageFileError, read_settings
from rules.triage.triage import triage_all
from rules.triage.turn import AlarmKey, Turn
from store.alarms import AlarmKey as StoredKey
from store.alarms import StandingAlarm, all_standing, standing_rows, withdraw_alarms
from store.connection import Connection
from store.cursor import checkpoint_of, cursor_of, save_checkpoint
from store.journal import read
from store.registry import registry_version
from store.rules import JudgingRule, judging_rules
from store.splits import lasting_splits
from store.triage_files import triage_file
from store.windows import windows_from
from vocabulary.times import EPOCH, datetime_from_us, us_from_datetime

log = logging.getLogger(__name__)

CONSUMER = "rules"
"""Whose cursor and state it is."""

PLAN_CONSUMER = "rules.plan"
"""Under which the plan's source is kept."""

DESK_CONSUMER = "rules.desk"
"""Under which what triage remembers is kept."""

REPLAY_ENTRIES = 500
"""Entries read at once while folding again."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a worker stands in the journal.

    Attributes:
        plan: What it judges by.
        state: After the last entry that counts.
        desk: What triage remembers after it.
        snapshot: The registry, for whoever files cases.
    """

    plan: Plan
    state: State
    desk: Desk
    snapshot: Snapshot


async def resume(connection: Connection, *, shard: int, time_zone: str) -> Position:
    """Return where the worker before stood, exactly.

    Args:
        connection: Any.
        shard: Which journal.
        time_zone: The city's IANA zone, if nothing says which it was.
    """
    snapshot = await load_snapshot(connection)
    cursor = await cursor_of(connection, CONSUMER, shard=shard)
    kept = await _kept(connection, snapshot, shard)
    if kept is not None:
        return await _replay(connection, kept, until=cursor, shard=shard)
    source = await current_source(connection, snapshot, at=EPOCH, time_zone=time_zone)
    plan = compile_plan(source)
    fresh = Position(plan, plan.fresh_state(), Desk(), snapshot)
    position = await _replay(connection, fresh, until=cursor, shard=shard)
    if cursor:
        log.warning("no usable state was kept: made again from the journal")
        position = await _believed(connection, position, cursor)
    await save(connection, position, shard=shard, with_plan=True)
    return position


async def reload(
    connection: Connection, position: Position, *, time_zone: str
) -> tuple[Position, list[Withdrawn]]:
    """Return the same place under the rules and devices of now."""
    at = datetime_from_us(max(position.state.at_us, 0))
    before = position.plan.source
    if before.time_zone == time_zone and await _is_current(connection, before, at):
        return position, []
    snapshot = await load_snapshot(connection)
    source = await current_source(connection, snapshot, at=at, time_zone=time_zone)
    plan = compile_plan(source)
    state, withdrawn = carry(position.plan, position.state, plan)
    judged = (AlarmKey(*key) for key in slot_keys(plan))
    desk, ended = carry_desk(position.desk, plan.layout, judged)
    withdrawn += [Withdrawn(*key) for key in ended]
    return Position(plan, state, desk, snapshot), withdrawn


async def save(
    connection: Connection,
    position: Position,
    *,
    shard: int,
    with_plan: bool = False,
) -> None:
    """Keep the state and the desk, in the caller's transaction if there is one."""
    plan, state = position.plan, position.state
    if with_plan:
        octets = source_written(plan.source)
        await save_checkpoint(
            connection, PLAN_CONSUMER, state.seq, plan.key, octets, shard=shard
        )
    await save_checkpoint(
        connection, CONSUMER, state.seq, plan.key, written(state), shard=shard
    )
    desk = desk_written(position.desk)
    await save_checkpoint(
        connection, DESK_CONSUMER, state.seq, plan.key, desk, shard=shard
    )


async def current_source(
    connection: Connection, snapshot: Snapshot, *, at: datetime, time_zone: str
) -> PlanSource:
    """Return the rules that are live and the devices that are registered now.

    Args:
        connection: Any.
        snapshot: The registry.
        at: Maintenance windows that are over by then are left out.
        time_zone: The city's IANA zone.
    """
    rules = [rule for rule in await judging_rules(connection) if _is_sound(rule)]
    parsed = [parse_rule(rule.source, version=rule.version) for rule in rules]
    return PlanSource(
        rules=tuple(map(_text, rules)),
        subjects=subjects_of(snapshot),
        registry_version=snapshot.version,
        time_zone=time_zone,
        triage=_sound_triage(await triage_file(connection)),
        windows=await _windows(connection, at),
        splits=tuple(await lasting_splits(connection)),
        geofences=geofences_of(parsed, snapshot.geofences.values()),
        programmes=tuple(snapshot.programmes.values()),
        pipes=snapshot.pipes,
    )


def believe(plan: Plan, state: State, standing: set[StoredKey]) -> State:
    """Return the state with exactly those alarms standing that do in the database.

    A slot that disagrees is set; what it was counting starts anew.
    """
    state = state.copy()
    for slot, key in enumerate(slot_keys(plan)):
        stands = bool(np.isin(state.state[slot], (Alarm.ACTIVE, Alarm.CLEARING)).any())
        if stands != (key in standing):
            state.held_us[slot] = 0
            state.state[slot] = Alarm.NORMAL
            state.state[slot, 0] = Alarm.NORMAL if stands else Alarm.ACTIVE
    return state


async def _is_current(connection: Connection, source: PlanSource, at: datetime) -> bool:
    """Tell cheaply whether rules, windows and the registry are what they were."""
    rules = [(r.code, r.version, r.stage) for r in await judging_rules(connection)]
    version = await registry_version(connection)
    at_us = us_from_datetime(at)
    lasting = tuple(w for w in source.windows if w.until_us > at_us)
    return (
        version == source.registry_version
        and rules == [(text.code, text.version, text.stage) for text in source.rules]
        and _sound_triage(await triage_file(connection)) == source.triage
        and await _windows(connection, at) == lasting
        and tuple(await lasting_splits(connection)) == source.splits
    )


async def _windows(connection: Connection, at: datetime) -> tuple[Maintenance, ...]:
    return tuple(
        Maintenance(
            id=window.id,
            from_us=us_from_datetime(window.from_at),
            until_us=us_from_datetime(window.until_at),
            component_id=window.component_id,
            circuit_id=window.circuit_id,
            cell_id=window.cell_id,
            rule=window.rule,
            safety=window.safety,
        )
        for window in await windows_from(connection, at)
    )


def _sound_triage(found: tuple[int, str] | None) -> RuleText | None:
    """Return the triage file, if there is one that this release understands."""
    if found is None:
        return None
    version, source = found
    try:
        read_settings(source, version=version)
    except TriageFileError as error:
        log.error("rules: left out the triage file: %s", error)  # noqa: TRY400 its own words say it
        return None
    return RuleText("triage", version, source)


def _text(rule: JudgingRule) -> RuleText:
    return RuleText(rule.code, rule.version, rule.source, rule.stage)


def _is_sound(rule: JudgingRule) -> bool:
    """Tell whether this release understands a rule; a bad one must not stop others."""
    try:
        parse_rule(rule.source, version=rule.version, name=rule.code)
    except RuleFileError as error:
        log.error("rules: left out %s: %s", rule.code, error)  # noqa: TRY400 its own words say it
        return False
    return True


async def _believed(
    connection: Connection, position: Position, cursor: int
) -> Position:
    """Return a position with the alarms that stand in the database, and no others."""
    plan, state = position.plan, position.state
    state = state.at(cursor, state.at_us)
    standing = await all_standing(connection)
    gone = standing - set(slot_keys(plan))
    at = datetime_from_us(max(state.at_us, 0))
    await withdraw_alarms(connection, gone, seq=state.seq, at=at)
    state = believe(plan, state, standing)
    desk = await _desk_in(connection, plan, state)
    return replace(position, state=state, desk=desk)


async def _desk_in(connection: Connection, plan: Plan, state: State) -> Desk:
    """Return what the alarms that stand in the database say of themselves."""
    judged = set(slot_keys(plan))
    rows = await standing_rows(connection)
    found = [row for row in rows if row.key in judged]
    return believed_desk(plan.layout, map(_held, found), at_us=state.at_us)


def _held(row: StandingAlarm) -> Held:
    threshold = row.threshold or 0.0
    turn = Turn(
        key=AlarmKey(*row.key),
        seq=row.raised_seq,
        at_us=us_from_datetime(row.raised_at),
        measured_us=us_from_datetime(row.measured_at),
        value=threshold if row.value is None else row.value,
        threshold=threshold,
        severity=Severity(row.severity),
        lon=None,
        lat=None,
    )
    return Held(
        turn=turn, handling=Handling(row.handling), window_id=row.window_id or 0
    )


async def _kept(
    connection: Connection, snapshot: Snapshot, shard: int
) -> Position | None:
    source = await checkpoint_of(connection, PLAN_CONSUMER, shard=shard)
    state = await checkpoint_of(connection, CONSUMER, shard=shard)
    desk = await checkpoint_of(connection, DESK_CONSUMER, shard=shard)
    if source is None or state is None or desk is None:
        return None
    try:
        plan = compile_plan(source_from(source.state))
        found = read_back(state.state)
        triaged = desk_from(desk.state)
    except (
        PlanSourceError,
        RuleFileError,
        StateFormatError,
        TriageFileError,
        DeskFormatError,
    ) as error:
        log.warning("the state that was kept is of no use: %s", error)
        return None
    is_whole = plan.key == state.key == source.key == desk.key
    if not is_whole or desk.seq != state.seq:
        return None
    return Position(plan, found, triaged, snapshot)


async def _replay(
    connection: Connection, position: Position, *, until: int, shard: int
) -> Position:
    """Fold again up to the cursor; what comes of it has been written already."""
    plan, state, desk = position.plan, position.state, position.desk
    while state.seq < until:
        entries = await read(
            connection, after=state.seq, limit=REPLAY_ENTRIES, shard=shard
        )
        known = [learned_from(entry) for entry in entries if entry.seq <= until]
        if not known:
            break  # the journal's oldest part has been dropped
        folded = fold(plan, state, known)
        times = [(entry.seq, entry.at_us) for entry in known]
        desk, _ = triage_all(plan, desk, times, folded.transitions)
        state = folded.state
    return replace(position, state=state, desk=desk)
