"""What the words of a case mean, 中文 and English, for whoever shows them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from api.access import Viewer
from api.answer import answer
from cases.request import CaseType
from cases.routing import BY_HAND, Who, reason_words
from cases.stage import OPEN, PHASE_OF, Stage
from cases.words import (
    MOVE_WORDS,
    PHASE_WORDS,
    ROLE_WORDS,
    SEVERITY_WORDS,
    STAGE_WORDS,
    TYPE_WORDS,
    Words,
)
from rules.bundle.tell_words import JUDGED, WORDS

Word = TypeVar("Word", bound=StrEnum)

ORDERS = (*CaseType, "class")
"""Orders of routing: by type of case, or a class's own."""

UNIT_REASONS = (BY_HAND, *(f"{order}:{who}" for order in ORDERS for who in Who))
"""Every `case_file.unit_reason` there may be."""

router = APIRouter(tags=["cases"])


class WordsOut(BaseModel):
    """One thing in both languages."""

    zh: str
    en: str


class StageOut(BaseModel):
    """A state of a case, and the stage of the seven it belongs to."""

    zh: str
    en: str
    phase: str
    open: bool


class AllWords(BaseModel):
    """Words by what they stand for."""

    phases: dict[str, WordsOut]
    stages: dict[str, StageOut]
    moves: dict[str, WordsOut]
    roles: dict[str, WordsOut]
    severities: dict[str, WordsOut]
    types: dict[str, WordsOut]
    unit_reasons: dict[str, WordsOut]
    explained: dict[str, WordsOut]
    judged: dict[str, WordsOut]


@router.get("/words", response_model=AllWords)
async def words(_: Viewer) -> Response:
    """Show what stages, moves, roles, and the words of explanations are called."""
    return answer(
        {
            "phases": _plain(PHASE_WORDS),
            "stages": {stage.value: _stage(stage).model_dump() for stage in Stage},
            "moves": _plain(MOVE_WORDS),
            "roles": _plain(ROLE_WORDS),
            "severities": _plain(SEVERITY_WORDS),
            "types": _plain(TYPE_WORDS),
            "unit_reasons": {reason: reason_words(reason) for reason in UNIT_REASONS},
            "explained": _pairs(WORDS),
            "judged": _pairs(JUDGED),
        }
    )


def _plain(words_of: Mapping[Word, Words]) -> dict[str, Words]:
    return {name.value: found for name, found in words_of.items()}


def _pairs(words_of: Mapping[str, tuple[str, str]]) -> dict[str, Words]:
    return {name: Words(zh, en) for name, (zh, en) in words_of.items()}


def _stage(stage: Stage) -> StageOut:
    found = STAGE_WORDS[stage]
    return StageOut(zh=found.zh, en=found.en, phase=PHASE_OF[stage], open=stage in OPEN)
