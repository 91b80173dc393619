"""What may be done with versions of the triage file: put in force, compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from rules.lifecycle.versions import UnknownVersionError, unified
from rules.triage.settings import Settings, read_settings
from store.connection import Connection
from store.rules.triage_files import (
    TriageDetail,
    lock_triage,
    put_triage_file,
    triage_version,
)
from store.rules.versions import Change, judging_rules


class StaleVersionError(RuntimeError):
    """Somebody else has put a version in force meanwhile.

    Attributes:
        newest: Its number.
    """

    def __init__(self, newest: int, expected: int) -> None:
        self.newest = newest
        super().__init__(
            f"version {newest} of the triage file is in force, not {expected}: look at"
            " what it changed first"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PutTriage:
    """A triage file that is in force now.

    Attributes:
        version: Its version.
        warnings: What it names that this city does not have.
    """

    version: int
    warnings: Sequence[str]


async def put_triage(
    connection: Connection, source: str, change: Change, *, after: int | None = None
) -> PutTriage:
    """Check a triage file, put it in force and tell the journal.

    Args:
        connection: Any; a transaction is opened, or a savepoint in the caller's.
        source: The YAML.
        change: Who does it.
        after: The version it was written from; None for whichever is in force.

    Raises:
        TriageFileError: If anything is wrong with it; nothing is put in.
        StaleVersionError: If another version is in force than `after`.
    """
    settings = read_settings(source, version=1)
    async with connection.transaction():
        newest = await lock_triage(connection)
        if after is not None and newest != after:
            raise StaleVersionError(newest, after)
        warnings = await unknown_rules(connection, settings)
        version = await put_triage_file(
            connection, source, author=change.author, at=change.at, note=change.note
        )
    return PutTriage(version=version, warnings=warnings)


async def unknown_rules(connection: Connection, settings: Settings) -> list[str]:
    """Return, in words, which rules a triage file names that do not judge here."""
    known = {rule.code for rule in await judging_rules(connection)}
    return [
        f"group {group.code}: no rule {code} judges here"
        for group in settings.groups
        for code in (*group.of, *group.unknown, *group.cause, *group.joins)
        if code not in known
    ]


async def triage_changes(connection: Connection, version: int, other: int) -> str:
    """Return what changed from one version to another, as a unified diff.

    Args:
        connection: Any.
        version: The version before; 0 for an empty file.
        other: The one after.

    Raises:
        UnknownVersionError: If there is no such version.
    """
    before = (await _found(connection, version)).source if version else ""
    after = (await _found(connection, other)).source
    names = f"triage version {version}", f"triage version {other}"
    return unified(before, after, names)


async def _found(connection: Connection, version: int) -> TriageDetail:
    found = await triage_version(connection, version)
    if found is None:
        raise UnknownVersionError(f"there is no version {version} of the triage file")
    return found
