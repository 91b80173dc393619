"""Whom the rules in a database judge, by the registry there is."""

from dataclasses import dataclass

from devices.registry.snapshot import Snapshot, load_snapshot
from rules.files.rule_file import parse_rule
from rules.plan.reach import Reach, reach_of
from rules.plan.subject import Subject, subjects_of
from store.connection import Connection


@dataclass(frozen=True, slots=True)
class Registered:
    """The registry as rules see it.

    Attributes:
        snapshot: All of it.
        subjects: Its devices.
        time_zone: The city's IANA zone.
    """

    snapshot: Snapshot
    subjects: tuple[Subject, ...]
    time_zone: str

    def reach(self, source: str, version: int) -> Reach:
        """Return whom a rule judges.

        Args:
            source: Its YAML.
            version: Its version.

        Raises:
            RuleFileError: If the file is wrong.
        """
        return reach_of(
            parse_rule(source, version=version),
            self.subjects,
            self.snapshot.geofences.values(),
            programmes=self.snapshot.programmes,
            time_zone=self.time_zone,
        )


async def registered(connection: Connection, *, time_zone: str) -> Registered:
    """Return the registry of now."""
    snapshot = await load_snapshot(connection)
    return Registered(snapshot, subjects_of(snapshot), time_zone)
