"""Decide whether a move may be made, and say in words why not."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from cases.move_table import (
    STANDING_STILL,
    TABLE,
    Guard,
    Move,
    Role,
    Way,
    allowed_moves,
)
from cases.proof import Sensor
from cases.stage import Stage
from cases.words import (
    GUARD_WORDS,
    MOVE_WORDS,
    POST_WORDS,
    ROLE_WORDS,
    STAGE_WORDS,
    Words,
)


class Why(StrEnum):
    """Why a move was refused."""

    NO_SUCH_MOVE = "no_such_move"  # it does not exist in this state
    WRONG_ROLE = "wrong_role"  # it is somebody else's
    OTHER_UNIT = "other_unit"  # the case belongs to another unit
    GUARD = "guard"  # its condition does not hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a case is, as far as moves ask.

    Attributes:
        stage: Its state.
        unit_id: The unit it is addressed to.
        condition: Its filing condition; empty if none was chosen.
        recovered: Whether the sensor itself says that it is over.
        moves: Every move made so far, oldest first.
        proof: What its sensor says, where its class demands that for closing; None
            where it does not.
        came_back: Whether its problem was seen again soon after it was closed.
    """

    stage: Stage
    unit_id: int
    condition: str
    recovered: bool
    moves: tuple[Move, ...]
    proof: Sensor | None = None
    came_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A move that somebody asks for.

    Attributes:
        move: What.
        role: Who, as a role.
        unit_id: The only unit they may act for; None for all.
        to_unit_id: The unit to dispatch to; None for the one the case has.
        worker: The worker to assign, by name.
        note: Reason or result, in words.
    """

    move: Move
    role: Role
    unit_id: int | None
    to_unit_id: int | None = None
    worker: str = ""
    note: str = ""


class StepRefusedError(ValueError):
    """A move is not to be made.

    Attributes:
        stage: The state the case is in.
        move: What was asked for.
        why: Which kind of obstacle.
        guard: The condition that does not hold, where `why` is `GUARD`.
        allowed: What this role may do to the case instead.
        zh: 同样的话, 中文.
    """

    def __init__(
        self, stage: Stage, ask: Ask, why: Why, guard: Guard | None = None
    ) -> None:
        self.stage = stage
        self.move = ask.move
        self.why = why
        self.guard = guard
        self.allowed = allowed_moves(stage, ask.role)
        obstacle = _obstacle(stage, ask, why, guard)
        options = ", ".join(self.allowed) or "nothing"
        super().__init__(
            f"cannot {ask.move} a case that is {stage}: {obstacle.en}; "
            f"{ask.role} may do: {options}"
        )
        options_zh = "、".join(MOVE_WORDS[move].zh for move in self.allowed) or "无"
        self.zh = (
            f"“{STAGE_WORDS[stage].zh}”的案卷不能{MOVE_WORDS[ask.move].zh}："
            f"{obstacle.zh}；{ROLE_WORDS[ask.role].zh}可做：{options_zh}"
        )


def decide(standing: Standing, ask: Ask) -> Way:
    """Return the way a move takes.

    Raises:
        StepRefusedError: If it is not in the table, not this role's, on another unit's
            case, or a guard does not hold.
    """
    way = TABLE.get((standing.stage, ask.move))
    if way is None:
        raise StepRefusedError(standing.stage, ask, Why.NO_SUCH_MOVE)
    if ask.role not in way.roles:
        raise StepRefusedError(standing.stage, ask, Why.WRONG_ROLE)
    if not _is_theirs(standing, ask):
        raise StepRefusedError(standing.stage, ask, Why.OTHER_UNIT)
    for guard in way.guards:
        if not HOLDS[guard](standing, ask):
            raise StepRefusedError(standing.stage, ask, Why.GUARD, guard)
    return way


def _is_theirs(standing: Standing, ask: Ask) -> bool:
    """A department acts for its own unit alone, and so does anybody bound to a unit."""
    if ask.unit_id is None:
        return ask.role is not Role.DEPARTMENT
    return ask.unit_id == standing.unit_id


def _stays_with_its_unit(standing: Standing, ask: Ask) -> bool:
    sent_back = _last_that_moved(standing.moves) is Move.REWORK_DISPATCH
    return not sent_back or ask.to_unit_id in {None, standing.unit_id}


def _last_that_moved(moves: tuple[Move, ...]) -> Move | None:
    moved = (move for move in reversed(moves) if move not in STANDING_STILL)
    return next(moved, None)


def _is_solved(standing: Standing, _: Ask) -> bool:
    """The sensor says so, or an officer did since the department confirmed."""
    since = takewhile(lambda move: move is not Move.CONFIRM, reversed(standing.moves))
    return standing.recovered or Move.CHECK_PASSED in since


HOLDS: dict[Guard, Callable[[Standing, Ask], bool]] = {
    Guard.REASON: lambda _, ask: bool(ask.note.strip()),
    Guard.RESULT: lambda _, ask: bool(ask.note.strip()),
    Guard.FILING_CONDITION: lambda case, _: bool(case.condition),
    Guard.SAME_UNIT: _stays_with_its_unit,
    Guard.WORKER: lambda _, ask: bool(ask.worker.strip()),
    Guard.NOT_YET_SUSPENDED: lambda case, _: Move.SUSPEND not in case.moves,
    Guard.CLOSING_CONDITION: _is_solved,
    Guard.PROOF: lambda case, _: case.proof in {None, Sensor.AGREES},
    Guard.CAME_BACK: lambda case, _: case.came_back,
}
"""Each guard as a question about the case and what is asked."""


def _obstacle(stage: Stage, ask: Ask, why: Why, guard: Guard | None) -> Words:
    if guard is not None:
        return GUARD_WORDS[guard]
    if why is Why.WRONG_ROLE:
        post = POST_WORDS[TABLE[stage, ask.move].post]
        return Words(f"这一步属于{post.zh}", f"that is for the {post.en}")
    if why is Why.OTHER_UNIT:
        return Words("案卷属于其他单位", "the case is addressed to another unit")
    return Words("此状态没有这一步", "there is no such move in this state")
