"""What a person's step makes of a case, live and in a backtest. Pure."""

from dataclasses import dataclass
from datetime import datetime

from cases.move_table import Move
from cases.rework import is_taken_up, needs_rework
from cases.routing import BY_HAND
from cases.stage import ENDED, Stage
from store.cases.rows import NewStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How a case stands after a step.

    Attributes:
        stage: Where.
        unit: The unit it was sent to and why it; None to keep both.
        worker: Who is assigned now; empty if nobody.
        closed_at: When it ended; None if it has not.
        is_taken_up: Whether it takes back that the case was said to be done.
        is_rework: Whether the case is said to be done while it is not over.
    """

    stage: Stage
    unit: tuple[int, str] | None
    worker: str
    closed_at: datetime | None
    is_taken_up: bool
    is_rework: bool


def effect_of(step: NewStep, *, unit_id: int, stands: bool) -> Effect:
    """Return what a step makes of a case.

    Args:
        step: With the time it was given.
        unit_id: Whose case it was before.
        stands: Whether any alarm of the case stands.
    """
    to = Stage(step.to_stage)
    is_sent = step.move == Move.DISPATCH and step.unit_id != unit_id
    return Effect(
        stage=to,
        unit=(step.unit_id, BY_HAND) if is_sent else None,
        worker=step.worker,
        closed_at=step.taken_at if to in ENDED else None,
        is_taken_up=is_taken_up(to),
        is_rework=needs_rework(to=to, stands=stands),
    )
