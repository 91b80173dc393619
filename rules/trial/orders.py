"""What a timeline's row `command` says, as words of the journal. Pure.

on  off  40%    a device is told so, and answers at once that it has done it
on? off? 40%?   it is told so
!               it answers what it was told last
x               it refuses that
-               nothing is said
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.engine.learned import Learned
from rules.plan.subject import Subject
from rules.trial.scene import command
from vocabulary.command import AnyOrder, Dim, State, Switch
from vocabulary.command_effect import expected_effect

ROW = "command"
"""The row's name."""

MARK = re.compile(r"-|!|x|(on|off|(\d{1,3})%)\??")
"""What it may say."""

ANSWERS = {"!": State.ACKED, "x": State.REFUSED}
"""What a device answers to what it was told last."""


@dataclass(frozen=True, slots=True)
class OrderWord:
    """One word on a command.

    Attributes:
        number: Of the command.
        order: What the device was told.
        state: How far that has come.
    """

    number: int
    order: AnyOrder
    state: State


def words_at(marks: Sequence[str], column: int) -> Iterator[OrderWord]:
    """Yield what a row says at a column."""
    mark = marks[column]
    told = [at for at in range(column + 1) if _order(marks[at]) is not None]
    order = _order(marks[told[-1]]) if told else None
    if order is None or mark == "-":
        return
    if mark in ANSWERS:
        yield OrderWord(told[-1] + 1, order, ANSWERS[mark])
        return
    yield OrderWord(column + 1, order, State.SENT)
    if not mark.endswith("?"):
        yield OrderWord(column + 1, order, State.ACKED)


def said(seq: int, at_s: float, subject: Subject, word: OrderWord) -> Learned:
    """Return an entry that says a word on a command.

    Args:
        seq: The entry's number.
        at_s: Its second.
        subject: Whom the command is for.
        word: How far it has come.
    """
    return command(
        seq,
        at_s,
        subject.device_id,
        word.state,
        number=word.number,
        order=word.order,
        effect=expected_effect(
            word.order,
            quantities=frozenset(subject.series),
            expected_interval_s=subject.interval_s,
        ),
    )


def _order(mark: str) -> AnyOrder | None:
    word = mark.rstrip("?")
    if word in ("on", "off"):
        return Switch(on=word == "on")
    return Dim(pct=float(word[:-1])) if word.endswith("%") else None
