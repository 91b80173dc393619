"""What the journal tells of a case: the body of a CASE entry. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import orjson

from cases.move_table import Move
from store.cases.rows import LockedCase


class Told(StrEnum):
    """What the machine tells beside the moves."""

    HIT = "hit"  # the problem was seen again, or got worse
    RECOVER = "recover"  # the sensor says that it is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing that happened to a case.

    Attributes:
        at: When, aware.
        move: What happened; `file` is a new case.
        case: The case as it is afterwards.
    """

    at: datetime
    move: Move | Told
    case: LockedCase


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    case_id: int
    number: str
    move: str
    to_stage: str
    unit_id: int
    cell_id: int | None
    lon: float | None
    lat: float | None
    severity: str
    title_zh: str
    title_en: str
    reason_zh: str
    reason_en: str
    type: str
    class_code: str
    simulated: bool


def notice_body(notice: Notice) -> bytes:
    """Write the body of a CASE entry."""
    case = notice.case
    return orjson.dumps(
        _Body(
            case_id=case.id,
            number=case.number,
            move=notice.move,
            to_stage=case.stage,
            unit_id=case.unit_id,
            cell_id=case.cell_id,
            lon=case.lon,
            lat=case.lat,
            severity=case.severity,
            title_zh=case.title_zh,
            title_en=case.title_en,
            reason_zh=case.reason_zh,
            reason_en=case.reason_en,
            type=case.type,
            class_code=case.class_code,
            simulated=case.simulated,
        )
    )
