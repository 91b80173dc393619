from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from store.quarantine.refused import (
    MOST_OCTETS,
    SAME_WHATEVER_IT_SAYS,
    digest_of,
    quarantine,
    quarantined,
    quarantined_by_id,
)
from tests.store.rows import NOON
from vocabulary.refusal import Reason, Refusal

BROKEN = Refusal(
    reason=Reason.BAD_JSON,
    detail="not JSON",
    transport="mqtt",
    gateway="GW-1",
    peer="127.0.0.1",
    octets=b"{",
)
STRANGER = Refusal(
    reason=Reason.UNKNOWN_DEVICE,
    detail="nobody registered X",
    transport="mqtt",
    gateway="GW-1",
    identity="X",
    octets=b"1",
)


def test_broken_messages_are_told_apart_by_their_octets() -> None:
    assert digest_of(BROKEN) == digest_of(replace(BROKEN, peer="elsewhere"))
    assert digest_of(BROKEN) != digest_of(replace(BROKEN, octets=b"["))
    assert digest_of(BROKEN) != digest_of(replace(BROKEN, gateway="GW-2"))


@pytest.mark.parametrize("reason", sorted(SAME_WHATEVER_IT_SAYS))
def test_an_unregistered_device_is_one_row_whatever_it_says(reason: Reason) -> None:
    stranger = replace(STRANGER, reason=reason)
    assert digest_of(stranger) == digest_of(replace(stranger, octets=b"2"))
    assert digest_of(stranger) != digest_of(replace(stranger, identity="Y"))


def test_each_unknown_quantity_of_a_device_is_a_row() -> None:
    one = replace(STRANGER, reason=Reason.UNKNOWN_QUANTITY, detail="has no tilt_deg")
    assert digest_of(one) != digest_of(replace(one, detail="has no depth_mm"))


@pytest.mark.db
@pytest.mark.editions
async def test_equal_refusals_are_counted_within_and_across_batches(
    pool: asyncpg.Pool,
) -> None:
    later = NOON + timedelta(minutes=1)
    async with pool.acquire() as connection:
        await quarantine(connection, [], at=NOON)
        await quarantine(connection, [BROKEN, STRANGER, BROKEN], at=NOON)
        await quarantine(connection, [replace(STRANGER, octets=b"2")], at=later)
        stranger, broken = sorted(await quarantined(connection), key=lambda r: r.octets)
    assert (broken.count, broken.first_seen, broken.last_seen) == (2, NOON, NOON)
    assert (stranger.count, stranger.first_seen, stranger.last_seen) == (2, NOON, later)
    assert stranger.octets == b"2"


@pytest.mark.db
async def test_the_list_is_by_reason_gateway_and_page(pool: asyncpg.Pool) -> None:
    more = [replace(BROKEN, octets=bytes([n])) for n in range(3)]
    async with pool.acquire() as connection:
        await quarantine(connection, more, at=NOON)
        await quarantine(connection, [STRANGER], at=NOON)
        page = await quarantined(connection, reason="bad-json", limit=2)
        rest = await quarantined(connection, reason="bad-json", before=page[-1].id)
        assert [row.reason for row in page + rest] == ["bad-json"] * 3
        assert await quarantined(connection, gateway="GW-9") == []
        assert await quarantined_by_id(connection, page[0].id) == page[0]
        assert await quarantined_by_id(connection, 10**9) is None


@pytest.mark.db
async def test_text_that_postgresql_cannot_keep_is_kept_as_well_as_it_can(
    pool: asyncpg.Pool,
) -> None:
    nasty = replace(BROKEN, identity="a\0b\ud800", octets=bytes(MOST_OCTETS + 1))
    async with pool.acquire() as connection:
        await quarantine(connection, [nasty], at=NOON)
        (row,) = await quarantined(connection)
    assert row.identity == "a\ufffdb?"
    assert len(row.octets) == MOST_OCTETS
