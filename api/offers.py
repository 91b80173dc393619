"""Which moves a token is offered on a case, and what stands in the way, pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cases.move_table import TABLE, Guard, Move, Role, allowed_moves
from cases.proof import Sensor
from cases.refusal import Ask, Standing, StepRefusedError, Why, decide
from cases.rework import CLOSING
from cases.stage import Stage
from cases.words import GUARD_WORDS, MOVE_WORDS, Words
from store.cases.read import CaseRow
from store.cases.rework import StandingAlarm

ASKED_FOR: dict[Guard, str] = {
    Guard.REASON: "note",
    Guard.RESULT: "note",
    Guard.WORKER: "worker",
}
"""What the asker has to send for a guard to hold."""

SOMETHING = "…"
"""Stands for what the asker has yet to write."""

ANOTHER_UNIT = -1
"""Stands for any unit but the one a case is addressed to."""

FREE = Words("", "")
"""Nothing stands in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One move that this token may ask for.

    Attributes:
        move: Its word.
        zh: 中文.
        en: English.
        to_stage: Where it leads.
        needs: What has to be sent with it: note, worker.
        takes_unit: Whether another unit may be named.
        possible: Whether it would be done now.
        obstacle_zh: What stands in the way, 中文; empty if nothing.
        obstacle_en: What stands in the way; empty if nothing.
        warning_zh: What speaks against it, 中文; it has to be confirmed then.
        warning_en: What speaks against it; empty if nothing does.
    """

    move: Move
    zh: str
    en: str
    to_stage: Stage
    needs: Sequence[str]
    takes_unit: bool
    possible: bool
    obstacle_zh: str
    obstacle_en: str
    warning_zh: str = ""
    warning_en: str = ""


def standing_of(case: CaseRow, moves: Sequence[str], proof: Sensor | None) -> Standing:
    """Return what moves ask of a case.

    Args:
        case: The case.
        moves: What was done to it, in order.
        proof: What its sensor says, where its class demands that for closing.
    """
    return Standing(
        stage=Stage(case.stage),
        unit_id=case.unit_id,
        condition=case.condition,
        recovered=case.recovered_at is not None,
        moves=tuple(Move(move) for move in moves),
        proof=proof,
    )


def offers(standing: Standing, role: Role, unit_id: int | None) -> list[Offer]:
    """Return the moves of a role, bound to a unit or not, on a case."""
    found = []
    for move in allowed_moves(standing.stage, role):
        ask = Ask(
            move=move, role=role, unit_id=unit_id, worker=SOMETHING, note=SOMETHING
        )
        refusal = _refusal(standing, ask)
        if refusal is None or refusal.why is Why.GUARD:
            found.append(_offer(standing, ask, refusal))
    return found


def warned(offered: Sequence[Offer], alarms: Sequence[StandingAlarm]) -> list[Offer]:
    """Return the moves with what the case's own sensor says against closing it."""
    if not alarms:
        return list(offered)
    first = alarms[0]
    zh = f"传感器仍报异常（{first.device_code}：{first.reason_zh}），结案将标记为返工"
    en = (
        f"the sensor still says that it is bad ({first.device_code}: "
        f"{first.reason_en}); closed, it will be marked for rework"
    )
    return [
        replace(each, warning_zh=zh, warning_en=en)
        if each.to_stage in CLOSING
        else each
        for each in offered
    ]


def _refusal(standing: Standing, ask: Ask) -> StepRefusedError | None:
    try:
        decide(standing, ask)
    except StepRefusedError as refusal:
        return refusal
    return None


def _offer(standing: Standing, ask: Ask, refusal: StepRefusedError | None) -> Offer:
    way, words = TABLE[standing.stage, ask.move], MOVE_WORDS[ask.move]
    guard = refusal.guard if refusal else None
    obstacle = GUARD_WORDS[guard] if guard else FREE
    return Offer(
        move=ask.move,
        zh=words.zh,
        en=words.en,
        to_stage=way.to,
        needs=[ASKED_FOR[guard] for guard in way.guards if guard in ASKED_FOR],
        takes_unit=ask.move is Move.DISPATCH and _may_go_elsewhere(standing, ask),
        possible=refusal is None,
        obstacle_zh=obstacle.zh,
        obstacle_en=obstacle.en,
    )


def _may_go_elsewhere(standing: Standing, ask: Ask) -> bool:
    return _refusal(standing, replace(ask, to_unit_id=ANOTHER_UNIT)) is None
