"""Room on disks, and whether the database can still write."""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from store.connection import Connection

LOW_SHARE = 0.05
"""A disk with less of it free is worth a warning: 95 % full."""

RESERVE_OCTETS = 64 << 20
"""Room that ingest leaves alone: four segments of PostgreSQL's log. A table that cannot
grow is an error that is tried again; a log that cannot grow ends the server."""


class DiskFullError(OSError):
    """There is no room to store anything."""


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk below a directory.

    Attributes:
        place: The directory.
        free_octets: What may still be written.
        free_share: The same as a share of the whole, 0 to 1.
        used_octets: What is written.
    """

    place: Path
    free_octets: int
    free_share: float
    used_octets: int

    @property
    def is_low(self) -> bool:
        """Whether somebody should make room."""
        return self.free_share < LOW_SHARE

    @property
    def used_pct(self) -> float:
        """How much of what we may have of it is written, 0 to 100, as `df` says it.

        What is set aside for others, as for root, is neither used nor free.
        """
        ours = self.used_octets + self.free_octets
        return 100.0 * self.used_octets / ours if ours else 100.0

    def __str__(self) -> str:
        free_mib = self.free_octets / (1 << 20)
        return f"{self.free_share:.1%} ({free_mib:.0f} MiB) free at {self.place}"


def disk_of(place: Path) -> Disk:
    """Measure the disk below a directory.

    Raises:
        OSError: If it is not there.
    """
    usage = shutil.disk_usage(place)
    free = usage.free / usage.total if usage.total else 0.0
    return Disk(place, usage.free, free, usage.used)


def free_share(place: Path) -> float:
    """Return the share of a disk that is free; 0 for one that is not there."""
    try:
        return disk_of(place).free_share
    except OSError:
        return 0.0


def check_room(places: Iterable[Path]) -> None:
    """Do nothing while every disk has room.

    Raises:
        DiskFullError: If one has only its reserve left, or cannot be measured.
    """
    for place in places:
        try:
            disk = disk_of(place)
        except OSError as error:
            raise DiskFullError(f"{place} cannot be measured: {error}") from error
        if disk.free_octets < RESERVE_OCTETS:
            raise DiskFullError(f"no room: {disk}")


async def full_disk(connection: Connection) -> str:
    """Write a little and take it back; return what the database says if it is full.

    Its disk may be another machine's, so nobody else can be asked.
    """
    try:
        async with connection.transaction():
            # A page that is asked for is on the disk, whoever rolls back.
            await connection.execute(
                "CREATE TEMPORARY TABLE room ON COMMIT DROP AS SELECT 1 AS looked_for"
            )
    except asyncpg.DiskFullError as error:
        return str(error)
    return ""
