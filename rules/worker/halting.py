"""Rules that break are found, halted and tried again later; the others go on."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import msgspec

from devices.registry.snapshot import load_snapshot
from rules.engine.carry import Withdrawn, carry
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, RuleText
from rules.worker.judging import blamed, in_words
from rules.worker.past_plans import keep_plan
from rules.worker.present import current_source
from rules.worker.resume import (
    CONSUMER,
    DESK_CONSUMER,
    PLAN_CONSUMER,
    Position,
    resume,
)
from rules.worker.turnover import turn_over
from store.alarms.raised import AlarmKey, withdraw_alarms
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


@dataclass(frozen=True, slots=True)
class Break:
    """Rules that break on an entry, and where the worker stands without them.

    Attributes:
        entry: The first one that they do not judge.
        found: Which rules, and why.
        position: After the entry before, under a plan without them.
        gone: Their alarms, which nobody judges any more.
    """

    entry: Learned
    found: Sequence[NewFault]
    position: Position
    gone: Sequence[Withdrawn]

    @property
    def at(self) -> datetime:
        """The time of the entry."""
        return datetime_from_us(self.entry.at_us)


def break_at(position: Position, entry: Learned) -> Break | None:
    """Return what breaks on an entry; None if no rule does that by itself."""
    found = _broken_by(position, entry)
    if not found:
        return None
    broken = {(fault.rule, fault.rule_version) for fault in found}
    source = position.plan.source
    rules = [text for text in source.rules if (text.code, text.version) not in broken]
    plan = compile_plan(msgspec.structs.replace(source, rules=tuple(rules)))
    state, desk, gone = turn_over(position.plan, position.state, position.desk, plan)
    return Break(
        entry, found, replace(position, plan=plan, state=state, desk=desk), gone
    )


async def halt_at(
    connection: Connection, broke: Break, before: Plan, *, shard: int
) -> None:
    """Halt what breaks on an entry, in the transaction that takes that very entry.

    So whoever looks sees the rules judge and their alarms stand up to the entry before,
    and neither from this one on.

    Args:
        connection: In that transaction, before anything else of the entry.
        broke: What breaks.
        before: The plan that it breaks.
        shard: Which journal.
    """
    await halt(connection, broke.found, shard)
    await keep_plan(
        connection,
        broke.position.plan,
        from_seq=broke.entry.seq,
        at_us=broke.entry.at_us,
        shard=shard,
        broken=before,
    )
    await withdraw_alarms(
        connection, map(alarm_key, broke.gone), seq=broke.entry.seq, at=broke.at
    )


def alarm_key(gone: Withdrawn) -> AlarmKey:
    """Return the key of an alarm that nobody judges any more."""
    return gone.rule, gone.rule_version, gone.device_id


def _broken_by(position: Position, entry: Learned) -> list[NewFault]:
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

    What was kept is thrown away then, and the state made again.
    """
    try:
        return await heeding(resume(connection, shard=shard, time_zone=time_zone))
    except Exception as error:
        if is_away(error):
            raise
        log.exception("rules: cannot go on where the worker before stood")
    async with connection.transaction():  # whoever is killed in it has done nothing
        await _halt_uncompilable(connection, shard=shard, time_zone=time_zone)
        kept = (CONSUMER, PLAN_CONSUMER, DESK_CONSUMER)
        await forget_checkpoints(connection, kept, shard=shard)
        return await resume(connection, shard=shard, time_zone=time_zone)


async def _halt_uncompilable(
    connection: Connection, *, shard: int, time_zone: str
) -> None:
    snapshot = await load_snapshot(connection)
    source = await current_source(connection, snapshot, at=EPOCH, time_zone=time_zone)
    seq = await cursor_of(connection, CONSUMER, shard=shard)
    await halt(connection, uncompilable(source, seq=seq, at=EPOCH), shard)


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
