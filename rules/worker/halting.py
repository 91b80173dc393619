"""Rules that break are found, halted and tried again later; the others go on."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from devices.registry.snapshot import load_snapshot
from rules.engine.carry import carry
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.plan.compile import compile_plan
from rules.plan.plan_source import PlanSource, RuleText
from rules.worker.judging import blamed, in_words
from rules.worker.present import current_source
from rules.worker.resume import (
    CONSUMER,
    DESK_CONSUMER,
    PLAN_CONSUMER,
    Position,
    resume,
)
from store.connection import AWAY, Connection
from store.journal.cursor import cursor_of, forget_checkpoints
from store.rules.faults import FaultKind, NewFault, halt_rule, note_faults
from tasks.cancellation import end_if_cancelled, heeding, times_cancelled
from vocabulary.times import EPOCH, datetime_from_us

log = logging.getLogger(__name__)


class BrokenPartError(RuntimeError):
    """A part of a transaction broke and was taken back; trying again is no cure.

    Attributes:
        reason: Why, in the error's own words.
    """

    def __init__(self, error: Exception) -> None:
        self.reason = in_words(error)
        super().__init__(self.reason)


@dataclass(slots=True)
class Faults:
    """What could not be done in one transaction.

    Attributes:
        seq: The last entry that it takes.
        at: That entry's time.
        found: What could not be done, in order.
    """

    seq: int
    at: datetime
    found: list[NewFault] = field(default_factory=list)

    def add(
        self,
        what: FaultKind,
        reason: str,
        *,
        seq: int = 0,
        rule: str = "",
        rule_version: int = 0,
    ) -> None:
        """Remember what could not be done, at which entry if not at the last."""
        seq = seq or self.seq
        log.error("rules: %s at entry %d: %s %s", what, seq, rule, reason)
        self.found.append(
            NewFault(
                what=what,
                reason=reason,
                seq=seq,
                at=self.at,
                rule=rule,
                rule_version=rule_version,
            )
        )


@asynccontextmanager
async def part_of(connection: Connection) -> AsyncIterator[None]:
    """Do a part of a transaction that may break without taking the rest along.

    Raises:
        BrokenPartError: If it broke; nothing of it is done.
    """
    before = times_cancelled()
    try:
        async with connection.transaction():
            yield
    except Exception as error:
        end_if_cancelled(since=before)
        if is_away(error):
            raise
        log.exception("rules: something broke; the rest goes on")
        raise BrokenPartError(error) from error


def is_away(error: Exception) -> bool:
    """Tell whether an error is cured by trying again: the database is away.

    A value that the client cannot put into a query is not, whatever its kind says.
    """
    return isinstance(error, AWAY) and not isinstance(error, ValueError)


def broken_by(position: Position, entry: Learned) -> list[NewFault]:
    """Return the rules that break on an entry, each by itself; none if most do."""

    def try_them(rules: Sequence[RuleText]) -> None:
        plan = compile_plan(
            msgspec.structs.replace(position.plan.source, rules=tuple(rules))
        )
        state, _ = carry(position.plan, position.state, plan)
        fold(plan, state, [entry])

    at = datetime_from_us(entry.at_us)
    return _blamed(position.plan.source.rules, try_them, seq=entry.seq, at=at)


def uncompilable(source: PlanSource, *, seq: int, at: datetime) -> list[NewFault]:
    """Return the rules that make no plan with the devices of now, each by itself."""

    def try_them(rules: Sequence[RuleText]) -> None:
        compile_plan(msgspec.structs.replace(source, rules=tuple(rules)))

    return _blamed(source.rules, try_them, seq=seq, at=at)


async def halt(connection: Connection, found: Sequence[NewFault], shard: int) -> None:
    """Let rules that broke judge no more until they are tried again."""
    for fault in found:
        log.error("rules: halted %s: %s", fault.rule, fault.reason)
        await halt_rule(connection, fault)
    await note_faults(connection, found, shard=shard)


async def resume_sound(
    connection: Connection, *, shard: int, time_zone: str
) -> Position:
    """Return where the worker before stood, without rules that make no plan.

    If that is not it, what was kept is thrown away, and the state made again.
    """
    try:
        return await heeding(resume(connection, shard=shard, time_zone=time_zone))
    except Exception as error:
        if is_away(error):
            raise
        log.exception("rules: cannot go on where the worker before stood")
    snapshot = await load_snapshot(connection)
    source = await current_source(connection, snapshot, at=EPOCH, time_zone=time_zone)
    seq = await cursor_of(connection, CONSUMER, shard=shard)
    found = uncompilable(source, seq=seq, at=EPOCH)
    await halt(connection, found, shard)
    if not found:
        kept = (CONSUMER, PLAN_CONSUMER, DESK_CONSUMER)
        await forget_checkpoints(connection, kept, shard=shard)
    return await resume(connection, shard=shard, time_zone=time_zone)


def _blamed(
    rules: Sequence[RuleText],
    try_them: Callable[[Sequence[RuleText]], None],
    *,
    seq: int,
    at: datetime,
) -> list[NewFault]:
    def why(some: Sequence[RuleText]) -> str:
        try:
            try_them(some)
        except Exception as error:  # noqa: BLE001 whatever breaks is asked for
            return in_words(error)
        return ""

    return [
        NewFault(
            what=FaultKind.RULE,
            reason=why([text]),
            seq=seq,
            at=at,
            rule=text.code,
            rule_version=text.version,
        )
        for text in blamed(rules, lambda some: bool(why(some)))
    ]
