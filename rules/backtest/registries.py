"""By what a backtest places cases: the registry as it was, read as it comes to it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from devices.registry.snapshot import Snapshot
from devices.registry.written import RegistryFormatError, registry_from
from store.connection import Connection
from store.registry.sources import RegistryMark, registry_body
from vocabulary.registry_facts import UnitFacts

log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Registries:
    """The registries of a stretch of the journal.

    Attributes:
        connection: Only read from.
        present: That of now, where nothing else is known.
        marks: From where on cases were placed by which, in order.
        shard: Which journal.
        units: Every unit of any of them, by id.
        unread: How many this release could not read.
    """

    connection: Connection
    present: Snapshot
    marks: Sequence[RegistryMark]
    shard: int
    units: dict[int, UnitFacts] = field(default_factory=dict)
    unread: int = 0

    async def first(self) -> Snapshot:
        """Return that of the first entry; the first one known, or that of now."""
        self.units |= self.present.units
        found = await self.next(self.marks[0]) if self.marks else None
        return found or self.present

    async def next(self, mark: RegistryMark) -> Snapshot | None:
        """Return that of an entry on; None if nobody can tell."""
        if mark.version == self.present.version:
            return self.present
        body = await registry_body(self.connection, mark.from_seq, shard=self.shard)
        try:
            found = registry_from(body)
        except RegistryFormatError as error:
            log.warning("the registry of entry %d: %s", mark.from_seq, error)
            self.unread += 1
            return None
        self.units |= found.units
        return found

    def known_from(self, begun: datetime, after: int) -> datetime | None:
        """Return since when it is known by what cases were placed; None for never.

        Args:
            begun: Where the stretch begins.
            after: The entry before it.
        """
        if not self.marks:
            return None
        first = self.marks[0]
        return begun if first.from_seq <= after + 1 else max(first.at, begun)
