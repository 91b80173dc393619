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

import numpy as np

from cases.request import Severity
from devices.registry.snapshot import Snapshot, load_snapshot
from rules.engine.carry import Withdrawn, slot_keys
from rules.engine.entry import learned_from
from rules.engine.hold import State as Alarm
from rules.engine.state import State, StateFormatError, read_back, written
from rules.files.rule_file import RuleFileError
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import (
    PlanSourceError,
    source_from,
    source_written,
)
from rules.triage.carry import believed_desk
from rules.triage.desk import (
    Desk,
    DeskFormatError,
    Handling,
    Held,
    desk_from,
    desk_written,
)
from rules.triage.settings import TriageFileError
from rules.triage.turn import AlarmKey, Turn
from rules.worker.judging import judge_all
from rules.worker.past_plans import keep_plan
from rules.worker.past_registries import keep_town
from rules.worker.present import current_source, is_current
from rules.worker.turnover import turn_over
from store.alarms.raised import AlarmKey as StoredKey
from store.alarms.raised import (
    StandingAlarm,
    all_standing,
    standing_rows,
    withdraw_alarms,
)
from store.connection import Connection
from store.journal.cursor import RULES, checkpoint_of, cursor_of, save_checkpoint
from store.journal.entries import read
from store.journal.kept import journal_kept
from vocabulary.times import EPOCH, datetime_from_us, us_from_datetime

log = logging.getLogger(__name__)

CONSUMER = RULES
"""Whose cursor and state it is."""

PLAN_CONSUMER = "rules.plan"
"""Under which the plan's source is kept."""

DESK_CONSUMER = "rules.desk"
"""Under which what triage remembers is kept."""

TOLD_SHARD = 0
"""The journal that is told of changed rules."""

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
        await _keep_plan(connection, kept, shard)
        position = await _replay(connection, kept, until=cursor, shard=shard)
        await _keep_town(connection, position, shard)
        return position
    source = await current_source(
        connection,
        snapshot,
        at=EPOCH,
        time_zone=time_zone,
        as_of=await _begins_after(connection, cursor, shard),
    )
    plan = compile_plan(source)
    fresh = Position(plan, plan.fresh_state(), Desk(), snapshot)
    position = await _replay(connection, fresh, until=cursor, shard=shard)
    async with connection.transaction():
        if cursor:
            log.warning("no usable state was kept: made again from the journal")
            position = await _believed(connection, position, cursor)
        await save(connection, position, shard=shard, with_plan=True)
        await _keep_plan(connection, position, shard, is_anew=cursor > 0)
        await _keep_town(connection, position, shard)
    return position


async def reload(
    connection: Connection, position: Position, *, time_zone: str, shard: int = 0
) -> tuple[Position, list[Withdrawn]]:
    """Return the same place under the rules of its entry and the devices of now.

    Rules and the triage file have versions, of which those are taken that the journal
    had told of by then, however late we are. Devices and windows have none.
    """
    at = datetime_from_us(max(position.state.at_us, 0))
    as_of = _told_by(position.state.seq, shard)
    before = position.plan.source
    if before.time_zone == time_zone and await is_current(
        connection, before, at, as_of
    ):
        return position, []
    snapshot = await load_snapshot(connection)
    source = await current_source(
        connection, snapshot, at=at, time_zone=time_zone, as_of=as_of
    )
    plan = compile_plan(source)
    state, desk, withdrawn = turn_over(
        position.plan, position.state, position.desk, plan
    )
    after = Position(plan, state, desk, snapshot)
    await _keep_plan(connection, after, shard)
    await _keep_town(connection, after, shard)
    return after, withdrawn


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


def _told_by(seq: int, shard: int) -> int | None:
    """Return up to which entry changes of rules count; None for all there are."""
    return seq if shard == TOLD_SHARD else None


async def _begins_after(connection: Connection, cursor: int, shard: int) -> int | None:
    """Return the same for a worker without a state."""
    kept = await journal_kept(connection, shard=shard)
    is_whole = kept is None or kept.oldest_seq <= cursor + 1
    # What has been dropped may have told of rules.
    return _told_by(cursor, shard) if is_whole else None


async def _keep_plan(
    connection: Connection, position: Position, shard: int, *, is_anew: bool = False
) -> None:
    """Write down by what is judged from the next entry on."""
    await keep_plan(
        connection,
        position.plan,
        from_seq=position.state.seq + 1,
        at_us=position.state.at_us,
        shard=shard,
        is_anew=is_anew,
    )


async def _keep_town(connection: Connection, position: Position, shard: int) -> None:
    """Write down by what the cases of the next entry on are placed."""
    state = position.state
    await keep_town(
        connection,
        position.snapshot,
        from_seq=state.seq + 1,
        at=datetime_from_us(max(state.at_us, 0)),
        shard=shard,
    )


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
        judged = judge_all(plan, state, desk, known)
        state, desk = judged.folded.state, judged.desk
    return replace(position, state=state, desk=desk)
