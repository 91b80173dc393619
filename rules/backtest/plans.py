"""By what a backtest judges: the plans as they were, read as it comes to them."""

import logging
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from rules.backtest.tried import Tried, source_with
from rules.engine.learned import Learned
from rules.files.rule_file import RuleFileError
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, PlanSourceError
from rules.triage.settings import TriageFileError
from rules.worker.past_plans import broken_source, past_source
from store.connection import Connection
from store.rules.plan_sources import SourceMark

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Plans:
    """The plans of a stretch of the journal.

    Attributes:
        connection: Only read from.
        tried: What is put in them.
        present: The rules and devices of now, where nothing else is known.
        marks: From where on which was judged by, in order.
        shard: Which journal.
        count: Under how many was judged so far.
        unread: How many this release could not read.
    """

    connection: Connection
    tried: Tried
    present: PlanSource
    marks: Sequence[SourceMark]
    shard: int
    count: int = 0
    unread: int = 0
    lost_at: list[datetime] = field(default_factory=list)

    async def first(self) -> Plan:
        """Return the plan of the first entry; the first one known, or that of now."""
        found = await self._read(self.marks[0]) if self.marks else None
        self.count = 1
        return found or compile_plan(source_with(self.present, self.tried))

    async def next(self, mark: SourceMark, before: Plan) -> Plan | None:
        """Return the plan that judges from an entry on; None if it is the same."""
        if mark.is_anew:
            self.lost_at.append(mark.at)
        return self._another(await self._read(mark), before)

    async def broken(self, mark: SourceMark, before: Plan) -> Plan | None:
        """Return the plan that breaks on an entry; None if it is the same or none."""
        if not mark.has_broken:
            return None
        source = broken_source(self.connection, mark.from_seq, shard=self.shard)
        return self._another(await self._compiled(mark, source), before)

    def _another(self, plan: Plan | None, before: Plan) -> Plan | None:
        if plan is None or plan.key == before.key:
            return None
        self.count += 1
        return plan

    def known_from(self, begun: datetime, after: int) -> datetime | None:
        """Return since when it is known by what was judged; None for never.

        Args:
            begun: Where the stretch begins.
            after: The entry before it.
        """
        if not self.marks:
            return None
        first = self.marks[0]
        return begun if first.from_seq <= after + 1 else max(first.at, begun)

    async def _read(self, mark: SourceMark) -> Plan | None:
        source = past_source(self.connection, mark.from_seq, shard=self.shard)
        return await self._compiled(mark, source)

    async def _compiled(
        self, mark: SourceMark, reading: Awaitable[PlanSource | None]
    ) -> Plan | None:
        try:
            source = await reading
            if source is None:  # dropped since we asked
                return None
            return compile_plan(source_with(source, self.tried))
        except (PlanSourceError, RuleFileError, TriageFileError) as error:
            log.warning("the plan of entry %d cannot be read: %s", mark.from_seq, error)
            self.unread += 1
            return None


class Mark(Protocol):
    """From where on something else holds."""

    @property
    def from_seq(self) -> int:
        """The first entry of which it does."""
        ...


AnyMark = TypeVar("AnyMark", bound=Mark)


def cut(
    entries: Sequence[Learned], marks: Iterable[AnyMark]
) -> Iterator[tuple[list[Learned], AnyMark | None]]:
    """Yield entries in parts, each with what holds after it if that is another.

    Args:
        entries: In journal order.
        marks: In theirs; those that begin elsewhere are passed over.
    """
    begun = 0
    for mark in marks:
        end = mark.from_seq - entries[0].seq if entries else 0
        if begun < end <= len(entries):
            yield list(entries[begun:end]), mark
            begun = end
    if begun < len(entries):
        yield list(entries[begun:]), None
