"""Messages that carry location reports: the batch, and the answer to a query.

Layouts (JT/T 808-2019, 8.49, 8.22)::

    0x0704   NN K (LL report)…
    0x0201   SS report

- N: how many reports
- K: 0 reports of usual times, 1 of a blind area, sent later
- L: length of a report, octets
- S: serial number of the query it answers
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from ingest.protocols.jt808.location import (
    Location,
    location_from,
    location_octets,
    position_of,
)
from ingest.protocols.jt808.octets import BodyReader, FieldError, word_octets
from vocabulary.position import Position
from vocabulary.refusal import Reason


class BatchKind(IntEnum):
    """Why reports come in a batch."""

    USUAL = 0
    BLIND_AREA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationBatch:
    """Location reports together, 0x0704.

    Attributes:
        kind: Why they come together; `BatchKind` has the standard's.
        count: How many it says there are.
        reports: Each one's octets, oldest first; one that is bad harms no other.
        rest: Octets after the last whole report; none, if the batch is right.
    """

    message_id: ClassVar[int] = 0x0704

    kind: int
    count: int
    reports: tuple[bytes, ...]
    rest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionAnswer:
    """Where a terminal is, because it was asked, 0x0201.

    Attributes:
        answered: Serial number of the query.
        location: The report.
    """

    message_id: ClassVar[int] = 0x0201

    answered: int
    location: Location


@dataclass(frozen=True, slots=True)
class PositionQuery:
    """Where are you, 0x8201; empty."""

    message_id: ClassVar[int] = 0x8201


@dataclass(frozen=True, slots=True)
class BadReport:
    """A location report that says what cannot be.

    Attributes:
        reason: Why, as the word that is counted.
        detail: What was wrong, for people.
        octets: The report.
    """

    reason: Reason
    detail: str
    octets: bytes


def batch_from(reader: BodyReader) -> LocationBatch:
    """Read a batch, as many whole reports as it has and says.

    Raises:
        FieldError: If it has no beginning.
    """
    count, kind = reader.word(), reader.byte()
    octets = reader.rest()
    reports: list[bytes] = []
    at = 0
    while len(reports) < count and at + 2 <= len(octets):
        start = at + 2
        end = start + int.from_bytes(octets[at:start], "big")
        if end > len(octets):
            break
        reports.append(octets[start:end])
        at = end
    return LocationBatch(
        kind=kind, count=count, reports=tuple(reports), rest=octets[at:]
    )


def batch_of(locations: Sequence[Location], kind: BatchKind) -> LocationBatch:
    """Return some reports as a batch."""
    reports = tuple(location_octets(location) for location in locations)
    return LocationBatch(kind=kind, count=len(reports), reports=reports)


def batch_octets(batch: LocationBatch) -> bytes:
    """Return a batch as it is sent; the inverse of `batch_from`."""
    reports = (word_octets(len(report)) + report for report in batch.reports)
    head = word_octets(batch.count) + bytes([batch.kind])
    return head + b"".join(reports) + batch.rest


def answer_from(reader: BodyReader) -> PositionAnswer:
    """Read where a terminal is.

    Raises:
        FieldError: If it is too short.
    """
    answered = reader.word()
    return PositionAnswer(answered=answered, location=location_from(reader.rest()))


def answer_octets(answer: PositionAnswer) -> bytes:
    """Return where a terminal is as it is sent."""
    return word_octets(answer.answered) + location_octets(answer.location)


def positions_of(
    message: Location | LocationBatch | PositionAnswer, terminal: str
) -> list[Position | BadReport]:
    """Return the fixes of a message, and what is wrong with its other reports.

    A report without a fix gives nothing: there is nothing wrong with it.
    """
    if isinstance(message, LocationBatch):
        found = [_read(octets, terminal) for octets in message.reports]
        found.append(_shortfall(message))
    elif isinstance(message, PositionAnswer):
        found = [_judged(message.location, terminal)]
    else:
        found = [_judged(message, terminal)]
    return [each for each in found if each is not None]


def _read(octets: bytes, terminal: str) -> Position | BadReport | None:
    try:
        return _judged(location_from(octets), terminal)
    except FieldError as error:
        return BadReport(error.reason, str(error), octets)


def _judged(location: Location, terminal: str) -> Position | BadReport | None:
    try:
        return position_of(location, terminal)
    except FieldError as error:
        return BadReport(error.reason, str(error), location_octets(location))


def _shortfall(batch: LocationBatch) -> BadReport | None:
    if len(batch.reports) == batch.count and not batch.rest:
        return None
    detail = (
        f"the batch says it has {batch.count} reports; it has {len(batch.reports)} and "
        f"{len(batch.rest)} octets more"
    )
    return BadReport(Reason.BAD_LENGTH, detail, batch.rest)
