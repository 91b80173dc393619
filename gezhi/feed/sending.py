"""Sending a recorded file's rows up, batch by batch, each acknowledged."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

from gezhi.clock import utc_now
from gezhi.feed.columns import ColumnMap, Row, RowError
from gezhi.feed.file import rows_of
from gezhi.feed.progress import Progress
from ingest.protocols.gezhi_json import UpMessage, encode
from simulators.mqtt_link import LinkError, MqttLink, PublishRefusedError, mqtt_link

Kind = Literal["positions", "readings"]
"""What a file is fed as."""

Made = TypeVar("Made")

ATTEMPTS = 6
"""Failures in a row after which a feed gives up; what was acknowledged is kept."""

PAUSE_S = 0.5
"""Pause after the first failure; it doubles."""


class BrokerAwayError(ConnectionError):
    """The broker could not be reached, or did not take what was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One file to be fed.

    Attributes:
        kind: As what.
        file: Which.
        columns: What its columns are.
        gateway: Code of the gateway it speaks as.
        mqtt_url: Broker and that gateway's account.
        batch_rows: Rows a message.
    """

    kind: Kind
    file: Path
    columns: ColumnMap
    gateway: str
    mqtt_url: str
    batch_rows: int


@dataclass(slots=True)
class Fed:
    """What has become of the rows.

    Attributes:
        rows: Dealt with in all, earlier feeds included.
        sent: Sent and acknowledged now.
        refused: Not fed, each with its row's number and what is wrong.
    """

    rows: int
    sent: int = 0
    refused: list[str] = field(default_factory=list)


async def feed_file(
    feed: Feed, place: Progress, *, on_rows: Callable[[int], None]
) -> Fed:
    """Send what of a file has not been acknowledged yet.

    Args:
        feed: What to send.
        place: Where it left off, moved on with each acknowledgement.
        on_rows: Told of rows dealt with.

    Raises:
        BrokerAwayError: If the broker cannot be reached or refuses what is sent.
        FileFormError: If the file is neither CSV nor JSON lines.
    """
    fed = Fed(rows=place.rows())
    failures = 0
    while True:
        before = fed.rows
        try:
            async with mqtt_link(
                feed.mqtt_url,
                gateway=feed.gateway,
                client_id=f"{feed.gateway}-feed",
                clock=utc_now,
            ) as link:
                async for rows in _sent(link, feed, place, fed):
                    on_rows(rows)
        except (LinkError, PublishRefusedError) as error:
            failures = 1 if fed.rows > before else failures + 1
            if failures >= ATTEMPTS:
                raise BrokerAwayError(f"after row {fed.rows}: {error}") from error
            await asyncio.sleep(PAUSE_S * 2**failures)
        else:
            return fed


async def _sent(
    link: MqttLink, feed: Feed, place: Progress, fed: Fed
) -> AsyncIterator[int]:
    """Send what is left, yielding the rows dealt with after each acknowledgement."""
    rows = islice(rows_of(feed.file), fed.rows, None)
    while batch := list(islice(rows, feed.batch_rows)):
        message, refused = _message(feed, batch, first=fed.rows + 1)
        if len(refused) < len(batch):
            await link.send_up(message)
        fed.rows += len(batch)
        fed.sent += len(batch) - len(refused)
        fed.refused += refused
        place.save(fed.rows)
        yield fed.rows


def _message(feed: Feed, batch: list[Row], *, first: int) -> tuple[bytes, list[str]]:
    """Return a message of a batch, and what of the batch cannot be fed."""
    if feed.kind == "positions":
        positions, refused = _taken(batch, feed.columns.position, first=first)
        return encode(UpMessage(sent_at=utc_now(), positions=positions)), refused
    readings, refused = _taken(batch, feed.columns.readings, first=first)
    return encode(UpMessage(sent_at=utc_now(), readings=readings)), refused


def _taken(
    batch: list[Row], make: Callable[[Row], Made], *, first: int
) -> tuple[list[Made], list[str]]:
    made, refused = [], []
    for number, row in enumerate(batch, first):
        try:
            made.append(make(row))
        except RowError as error:
            refused.append(f"row {number}: {error}")
    return made, refused
