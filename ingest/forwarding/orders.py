"""The plan in force: the local file's, until one comes from upstream and is kept.

A plan from upstream counts whole or not at all; a good one is on the disk before it is
followed, so that it outlives a restart without a broker. An empty message takes it
back: then the local file counts again.
"""

import contextlib
import hashlib
import logging
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ingest.forwarding.plan import Plan, PlanError, plan_from

log = logging.getLogger(__name__)

_DIGEST_LENGTH = 12


class Source(StrEnum):
    """Where a plan is from."""

    FILE = "file"
    UPSTREAM = "upstream"


@dataclass(frozen=True, slots=True)
class Order:
    """A plan that can be followed.

    Attributes:
        plan: What it says.
        digest: The first digits of its SHA-256, to tell plans apart.
        source: Where it is from.
    """

    plan: Plan
    digest: str
    source: Source


@dataclass(frozen=True, slots=True)
class Refused:
    """A plan from upstream that cannot be followed.

    Attributes:
        digest: As of an order.
        problems: All that is wrong with it.
    """

    digest: str
    problems: tuple[str, ...]


class Orders:
    """What is in force now, and what was refused last.

    Args:
        file: The local plan.
        kept: Where a plan from upstream is kept.

    Raises:
        PlanError: If the local file cannot be followed or read.
    """

    def __init__(self, file: Path, kept: Path) -> None:
        self._file = file
        self._kept = kept
        self.refused: Refused | None = None
        self.order = self._local()
        self._gateway = self.order.plan.gateway
        with contextlib.suppress(FileNotFoundError):
            self._take_kept(kept.read_bytes())

    def take(self, octets: bytes) -> bool:
        """Take a plan from upstream; return whether anything is to be told or done."""
        digest = digest_of(octets)
        if digest in {self.order.digest, self.refused and self.refused.digest}:
            return False  # retained: it comes with each connection
        try:
            if octets:
                order = self._upstream(octets)
                _write(self._kept, octets)
            else:
                order = self._local()
                self._kept.unlink(missing_ok=True)
        except (PlanError, OSError) as error:
            problems = error.problems if isinstance(error, PlanError) else [str(error)]
            log.error("plan %s from upstream is refused: %s", digest, error)  # noqa: TRY400 - no bug
            self.refused = Refused(digest, tuple(problems))
        else:
            log.info("plan %s from %s is followed", order.digest, order.source)
            self.order, self.refused = order, None
        return True

    def _local(self) -> Order:
        try:
            octets = self._file.read_bytes()
        except OSError as error:
            raise PlanError([str(error)]) from error
        return Order(plan_from(octets), digest_of(octets), Source.FILE)

    def _upstream(self, octets: bytes) -> Order:
        plan = plan_from(octets, gateway=self._gateway)
        return Order(plan, digest_of(octets), Source.UPSTREAM)

    def _take_kept(self, octets: bytes) -> None:
        try:
            self.order = self._upstream(octets)
        except PlanError as error:
            log.error("%s cannot be followed, %s is: %s", self._kept, self._file, error)  # noqa: TRY400 - no bug
            self.refused = Refused(digest_of(octets), tuple(error.problems))


def digest_of(octets: bytes) -> str:
    """Return what tells a plan from others."""
    return hashlib.sha256(octets).hexdigest()[:_DIGEST_LENGTH]


def _write(path: Path, octets: bytes) -> None:
    """Replace a file; after a power cut it holds all of the old or all of the new."""
    fresh = path.with_name(path.name + ".new")
    with fresh.open("wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
