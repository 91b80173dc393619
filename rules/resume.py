"""Where a rules worker goes on after a restart: the plan and the state it had.

Two checkpoints are kept. One holds what the plan was compiled from and is written when
that changes; the other holds the state and is written every now and then. Between the
state's entry and the cursor the journal is folded again without output, under the very
plan it was folded under the first time, so that the state comes out the same.

If nothing usable was kept, the state is made again from all that is left of the
journal, and the alarms that stand in the database are believed.
"""

import logging
from dataclasses import dataclass

import numpy as np

from devices.registry.snapshot import Snapshot, load_snapshot
from rules.carry import Withdrawn, carry, slot_keys
from rules.compile import compile_plan
from rules.engine import fold
from rules.entry import learned_from
from rules.hold import State as Alarm
from rules.plan import Plan
from rules.plan_source import (
    PlanSource,
    PlanSourceError,
    RuleText,
    source_from,
    source_written,
)
from rules.rule_file import RuleFileError, parse_rule
from rules.state import State, StateFormatError, read_back, written
from rules.subject import subjects_of
from store.alarms import AlarmKey, all_standing, withdraw_alarms
from store.connection import Connection
from store.cursor import checkpoint_of, cursor_of, save_checkpoint
from store.journal import read
from store.registry import registry_version
from store.rules import LiveRule, live_rules
from vocabulary.times import datetime_from_us

log = logging.getLogger(__name__)

CONSUMER = "rules"
"""Whose cursor and state it is."""

PLAN_CONSUMER = "rules.plan"
"""Under which the plan's source is kept."""

REPLAY_ENTRIES = 500
"""Entries read at once while folding again."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a worker stands in the journal.

    Attributes:
        plan: What it judges by.
        state: After the last entry that counts.
        snapshot: The registry, for whoever files cases.
    """

    plan: Plan
    state: State
    snapshot: Snapshot


async def resume(connection: Connection, *, shard: int) -> Position:
    """Return where the worker before stood, exactly."""
    snapshot = await load_snapshot(connection)
    cursor = await cursor_of(connection, CONSUMER, shard=shard)
    kept = await _kept(connection, shard)
    if kept is not None:
        plan, state = kept
        state = await _replay(connection, plan, state, until=cursor, shard=shard)
        return Position(plan, state, snapshot)
    plan = compile_plan(await current_source(connection, snapshot))
    state = await _replay(
        connection, plan, plan.fresh_state(), until=cursor, shard=shard
    )
    if cursor:
        log.warning("no usable state was kept: made again from the journal")
        state = state.at(cursor, state.at_us)
        state = await _believe_alarms(connection, plan, state)
    await save(connection, plan, state, shard=shard, with_plan=True)
    return Position(plan, state, snapshot)


async def reload(
    connection: Connection, position: Position
) -> tuple[Position, list[Withdrawn]]:
    """Return the same place under the rules and devices of now."""
    if await _is_current(connection, position.plan.source):
        return position, []
    snapshot = await load_snapshot(connection)
    plan = compile_plan(await current_source(connection, snapshot))
    state, withdrawn = carry(position.plan, position.state, plan)
    return Position(plan, state, snapshot), withdrawn


async def save(
    connection: Connection,
    plan: Plan,
    state: State,
    *,
    shard: int,
    with_plan: bool = False,
) -> None:
    """Keep the state, in the caller's transaction if there is one."""
    if with_plan:
        octets = source_written(plan.source)
        await save_checkpoint(
            connection, PLAN_CONSUMER, state.seq, plan.key, octets, shard=shard
        )
    await save_checkpoint(
        connection, CONSUMER, state.seq, plan.key, written(state), shard=shard
    )


async def current_source(connection: Connection, snapshot: Snapshot) -> PlanSource:
    """Return the rules that are live and the devices that are registered now."""
    rules = await live_rules(connection)
    return PlanSource(
        rules=tuple(
            RuleText(rule.code, rule.version, rule.source)
            for rule in rules
            if _is_sound(rule)
        ),
        subjects=subjects_of(snapshot),
        registry_version=snapshot.version,
    )


def believe(plan: Plan, state: State, standing: set[AlarmKey]) -> State:
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


async def _is_current(connection: Connection, source: PlanSource) -> bool:
    """Tell cheaply whether neither the rules nor the registry have changed."""
    rules = [(rule.code, rule.version) for rule in await live_rules(connection)]
    version = await registry_version(connection)
    return version == source.registry_version and rules == [
        (text.code, text.version) for text in source.rules
    ]


def _is_sound(rule: LiveRule) -> bool:
    """Tell whether this release understands a rule; a bad one must not stop others."""
    try:
        parse_rule(rule.source, version=rule.version, name=rule.code)
    except RuleFileError as error:
        log.error("rules: left out %s: %s", rule.code, error)  # noqa: TRY400 its own words say it
        return False
    return True


async def _believe_alarms(connection: Connection, plan: Plan, state: State) -> State:
    standing = await all_standing(connection)
    gone = standing - set(slot_keys(plan))
    at = datetime_from_us(max(state.at_us, 0))
    await withdraw_alarms(connection, gone, seq=state.seq, at=at)
    return believe(plan, state, standing)


async def _kept(connection: Connection, shard: int) -> tuple[Plan, State] | None:
    source = await checkpoint_of(connection, PLAN_CONSUMER, shard=shard)
    state = await checkpoint_of(connection, CONSUMER, shard=shard)
    if source is None or state is None:
        return None
    try:
        plan = compile_plan(source_from(source.state))
        found = read_back(state.state)
    except (PlanSourceError, RuleFileError, StateFormatError) as error:
        log.warning("the state that was kept is of no use: %s", error)
        return None
    return (plan, found) if plan.key == state.key == source.key else None


async def _replay(
    connection: Connection, plan: Plan, state: State, *, until: int, shard: int
) -> State:
    """Fold again up to the cursor; what comes of it has been written already."""
    while state.seq < until:
        entries = await read(
            connection, after=state.seq, limit=REPLAY_ENTRIES, shard=shard
        )
        known = [learned_from(entry) for entry in entries if entry.seq <= until]
        if not known:
            break  # the journal's oldest part has been dropped
        state = fold(plan, state, known).state
    return state
