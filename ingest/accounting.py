"""The account of numbered messages, in the transaction of the messages themselves."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival
from ingest.sequence import Accounted, accounted
from store.connection import Connection
from store.telemetry.sequence import (
    FOLD_EVERY,
    AccountChanges,
    GapChange,
    locked_epochs,
    save_account,
)
from vocabulary.sequence import Epoch, Number
from vocabulary.times import us_from_datetime


def numbers_of(
    arrivals: Iterable[Arrival], snapshot: Snapshot
) -> dict[int, list[Number]]:
    """Return the numbers of the messages in some arrivals, by gateway's id.

    Args:
        arrivals: In the order they came.
        snapshot: The registry; gateways that are not in it are not accounted for.
    """
    numbers: dict[int, list[Number]] = defaultdict(list)
    for arrival in arrivals:
        gateway = snapshot.gateways.get(arrival.gateway)
        if arrival.numbers and gateway is not None:
            numbers[gateway.id] += arrival.numbers
    return numbers


async def account(
    connection: Connection,
    numbers: Mapping[int, Sequence[Number]],
    *,
    at: datetime,
) -> None:
    """Account for messages, in the caller's transaction.

    Args:
        connection: In a transaction that has stored what the messages say.
        numbers: The messages' numbers in the order they came, by gateway's id.
        at: When they came.
    """
    if not numbers:
        return
    known = await locked_epochs(connection, numbers)
    changes = AccountChanges()
    for gateway_id, heard in numbers.items():
        now = accounted(known[gateway_id], heard, at_us=us_from_datetime(at))
        _note(changes, gateway_id, known[gateway_id], now, at)
    await save_account(connection, changes, at=at)


def _note(
    changes: AccountChanges,
    gateway_id: int,
    known: Sequence[Epoch],
    now: Accounted,
    at: datetime,
) -> None:
    """Note what of a gateway's account is no longer as it was."""
    before = {epoch.epoch: epoch for epoch in known}
    for epoch in now.epochs:
        was = before.get(epoch.epoch)
        if epoch == was:
            continue
        changes.epochs.append((gateway_id, epoch))
        if was and was.last // FOLD_EVERY < epoch.last // FOLD_EVERY:
            changes.passed.append((gateway_id, epoch.epoch))
        old, new = set(was.gaps if was else ()), set(epoch.gaps)
        for gap in old - new:
            changes.gone.append(
                GapChange(gateway_id=gateway_id, epoch=epoch.epoch, gap=gap)
            )
        for gap in new - old:
            changes.come.append(
                GapChange(gateway_id=gateway_id, epoch=epoch.epoch, gap=gap)
            )
    for filled in now.filled:
        changes.come.append(
            GapChange(
                gateway_id=gateway_id, epoch=filled.epoch, gap=filled.gap, closed_at=at
            )
        )
