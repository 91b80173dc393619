"""Write the table of moves for the dispatchers' page, docs/dispatcher.md.

`python -m cases.page` prints it; a test keeps the page equal to it.
"""

import sys

from cases.move_table import OPENINGS, STANDING_STILL, TABLE, Move, Role, Way
from cases.stage import OPEN, PHASE_OF, Stage
from cases.words import (
    GUARD_WORDS,
    MOVE_WORDS,
    PHASE_WORDS,
    POST_WORDS,
    ROLE_WORDS,
    STAGE_WORDS,
    Words,
)

HEADING = (
    "| 阶段 stage | 状态 state | 可做 move | 谁 who | 到 leads to | 条件 condition |\n"
    "|---|---|---|---|---|---|"
)
"""Head of the table."""

ANYWHERE = (Move.URGE, Move.FORCE_CLOSE, Move.WORSEN, Move.EASE)
"""Moves that every open case has; they take one line each."""


def moves_table() -> str:
    """Write every move as a Markdown table."""
    lines = [HEADING]
    lines += [_line("—", "（新）new", move, way) for move, way in OPENINGS.items()]
    lines += [_case_line(stage, move) for stage in Stage for move in _own(stage)]
    lines += [
        _line("—", "未结 any open", move, TABLE[OPEN[0], move]) for move in ANYWHERE
    ]
    return "\n".join(lines) + "\n"


def _own(stage: Stage) -> list[Move]:
    return [move for (at, move) in TABLE if at is stage and move not in ANYWHERE]


def _case_line(stage: Stage, move: Move) -> str:
    phase = _both(PHASE_WORDS[PHASE_OF[stage]])
    return _line(phase, _both(STAGE_WORDS[stage]), move, TABLE[stage, move])


def _line(phase: str, state: str, move: Move, way: Way) -> str:
    to = "不变 the same" if move in STANDING_STILL else _both(STAGE_WORDS[way.to])
    guards = "；".join(_both(GUARD_WORDS[guard]) for guard in way.guards)
    cells = phase, state, _both(MOVE_WORDS[move]), _who(way), to, guards or "—"
    return f"| {' | '.join(cells)} |"


def _who(way: Way) -> str:
    others = [_both(ROLE_WORDS[role]) for role in Role if role in way.also]
    return "、".join([_both(POST_WORDS[way.post]), *others])


def _both(words: Words) -> str:
    return f"{words.zh} {words.en}"


if __name__ == "__main__":
    sys.stdout.write(moves_table())
