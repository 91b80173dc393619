"""Move a case on, for a person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cases.effect import effect_of
from cases.filing import append_notice
from cases.move_table import Move, Role
from cases.notice import Notice
from cases.proof import Sensor, sensor_says
from cases.refusal import Ask, Standing, decide
from cases.rework import CLOSING
from cases.routing import shipped_routing
from cases.stage import Stage
from store.cases import filed as rows
from store.cases.rework import (
    StandingAlarm,
    mark_rework,
    sensor_facts,
    standing_alarms,
    step_place,
    unmark_rework,
)
from store.cases.rows import LockedCase, NewStep
from store.connection import Connection

WITHOUT_WORKER = frozenset(
    {Stage.PENDING_HANDLE, Stage.PENDING_DISPATCH, Stage.RETURNED_TO_DISPATCHER}
)
"""States in which nobody is assigned any more."""


class CaseNotFoundError(LookupError):
    """There is no such case.

    Attributes:
        case_id: What was asked for.
    """

    def __init__(self, case_id: int) -> None:
        super().__init__(f"there is no case {case_id}")
        self.case_id = case_id


class UnknownUnitError(LookupError):
    """There is no such unit to send a case to.

    Attributes:
        unit_id: What was asked for.
    """

    def __init__(self, unit_id: int) -> None:
        super().__init__(f"there is no unit {unit_id}")
        self.unit_id = unit_id


class SensorDisagreesError(RuntimeError):
    """Somebody closes a case whose sensor says that it is bad, and did not say so.

    Attributes:
        alarms: What stands, some of it.
        zh: 同样的话, 中文.
    """

    def __init__(self, alarms: Sequence[StandingAlarm]) -> None:
        told = "; ".join(f"{each.device_code}: {each.reason_en}" for each in alarms)
        super().__init__(
            f"the sensor still says that it is bad ({told}); to close it all the same "
            "say so: it will be marked for rework"
        )
        told_zh = "；".join(f"{each.device_code}：{each.reason_zh}" for each in alarms)
        self.alarms = alarms
        self.zh = f"传感器仍报异常（{told_zh}）；仍要结案请确认，案卷将标记为返工"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step taken.

    Attributes:
        id: `case_step.id`.
        case_id: `case_file.id`.
        move: What was done.
        from_stage: Where the case stood.
        to_stage: Where it stands now.
        taken_at: When; never before that of an earlier step.
        unit_id: Whose case it is now.
        worker: Who is assigned now; empty if nobody.
    """

    id: int
    case_id: int
    move: Move
    from_stage: Stage
    to_stage: Stage
    taken_at: datetime
    unit_id: int
    worker: str


async def move(
    connection: Connection,
    case_id: int,
    move: Move,
    *,
    actor: str,
    role: Role,
    unit_id: int | None,
    note: str,
    at: datetime,
    to_unit_id: int | None = None,
    worker: str = "",
    confirmed: bool = True,
    shard: int = 0,
) -> Step:
    """Move a case on and tell the journal.

    Args:
        connection: Any; a transaction is opened, or a savepoint in the caller's.
        case_id: `case_file.id`.
        move: What to do.
        actor: Who does it, by name.
        role: Who they are.
        unit_id: The only unit they may act for; None for all.
        note: Reason or result, in words.
        at: When, aware.
        to_unit_id: For `dispatch`: whom to send it to; None for the unit it is
            addressed to already.
        worker: For `assign`: who shall do it, by name.
        confirmed: Whether a case may be closed while its sensor says bad.
        shard: The journal to tell.

    Raises:
        CaseNotFoundError: If there is no such case.
        UnknownUnitError: If there is no unit `to_unit_id`.
        StepRefusedError: If this move is not theirs to make, here and now.
        SensorDisagreesError: If it would close what is not over, unconfirmed.
    """
    ask = Ask(
        move=move,
        role=role,
        unit_id=unit_id,
        to_unit_id=to_unit_id,
        worker=worker,
        note=note,
    )
    async with connection.transaction():
        step = await _move(connection, case_id, ask, actor=actor, at=at, shard=shard)
        if not confirmed and step.to_stage in CLOSING:
            await _warn(connection, case_id)
        return step


async def sensor_of(connection: Connection, case_id: int) -> Sensor:
    """Return what a case's own sensor says now."""
    facts = await sensor_facts(connection, case_id)
    return sensor_says(
        stands=facts.stands, recovered=facts.recovered, is_silent=facts.is_silent
    )


async def _warn(connection: Connection, case_id: int) -> None:
    """Undo what closes a case whose sensor disagrees: the caller's savepoint ends."""
    alarms = await standing_alarms(connection, case_id)
    if alarms:
        raise SensorDisagreesError(alarms)


async def _move(
    connection: Connection,
    case_id: int,
    ask: Ask,
    *,
    actor: str,
    at: datetime,
    shard: int,
) -> Step:
    case = await rows.lock_case(connection, case_id)
    if case is None:
        raise CaseNotFoundError(case_id)
    moves, proof = await rows.moves_of(connection, case_id), None
    if shipped_routing().demands_proof(case.type, case.condition):
        proof = await sensor_of(connection, case_id)
    standing = _standing(case, moves, proof)
    to = decide(standing, ask).to
    unit = await _new_unit(connection, case, ask)
    step = _new_step(case, ask, to, unit_id=unit or case.unit_id, actor=actor, at=at)
    # Asked under the case's lock: whatever the rules file on it later comes after this.
    place = await step_place(connection, case_id, shard=shard)
    step = replace(step, seq=place.seq)
    taken = await _take(connection, case, ask.move, step, stands=place.stands)
    moved = await rows.lock_case(connection, case_id)
    if moved is None:
        raise AssertionError(f"case {case_id} is locked and gone")
    notice = Notice(at=taken.taken_at, move=ask.move, case=moved)
    await append_notice(connection, notice, shard=shard)
    return taken


def _standing(case: LockedCase, moves: list[str], proof: Sensor | None) -> Standing:
    return Standing(
        stage=Stage(case.stage),
        unit_id=case.unit_id,
        condition=case.condition,
        recovered=case.recovered_at is not None,
        moves=tuple(Move(move) for move in moves),
        proof=proof,
    )


async def _new_unit(connection: Connection, case: LockedCase, ask: Ask) -> int | None:
    """Return the unit to send the case to, if that is another one."""
    unit_id = ask.to_unit_id if ask.move is Move.DISPATCH else None
    if unit_id is None or unit_id == case.unit_id:
        return None
    if not await rows.unit_exists(connection, unit_id):
        raise UnknownUnitError(unit_id)
    return unit_id


def _new_step(
    case: LockedCase,
    ask: Ask,
    to: Stage,
    *,
    unit_id: int,
    actor: str,
    at: datetime,
) -> NewStep:
    kept = "" if to in WITHOUT_WORKER else case.worker
    return NewStep(
        taken_at=at,
        move=ask.move,
        from_stage=case.stage,
        to_stage=to,
        actor=actor,
        role=ask.role,
        unit_id=unit_id,
        worker=ask.worker.strip() if ask.move is Move.ASSIGN else kept,
        note=ask.note.strip(),
        seq=None,
    )


async def _take(
    connection: Connection, case: LockedCase, move: Move, step: NewStep, *, stands: bool
) -> Step:
    step_id, taken_at = await rows.insert_step(connection, case.id, step)
    timed = replace(step, taken_at=taken_at)
    effect = effect_of(timed, unit_id=case.unit_id, stands=stands)
    await rows.change_case(
        connection,
        case.id,
        stage=effect.stage,
        unit=effect.unit,
        worker=effect.worker,
        closed_at=effect.closed_at,
    )
    if effect.is_taken_up:
        await unmark_rework(connection, case.id)
    elif effect.is_rework:
        await mark_rework(connection, case.id, taken_at)
    return Step(
        id=step_id,
        case_id=case.id,
        move=move,
        from_stage=Stage(case.stage),
        to_stage=effect.stage,
        taken_at=taken_at,
        unit_id=step.unit_id,
        worker=step.worker,
    )
