"""Who a JT/T 808 terminal is, and what it may say before that is known."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from devices.registry.snapshot import Snapshot
from ingest.protocols.jt808 import (
    Authentication,
    BatchKind,
    Deregistration,
    Edition,
    Heartbeat,
    PlatformReply,
    Registered,
    RegistrationReply,
    Result,
    batch_of,
    location_of,
)
from tests.ingest.jt808_line import (
    ADDRESS,
    PHONE,
    PHONE_2019,
    line_to,
    registration,
)
from tests.ingest.jt808_listener import (
    FIX,
    NOW,
    REPORT,
    edge,
    stored,
)
from tests.ingest.registry import register, snapshot_of
from vocabulary.device import Transport
from vocabulary.refusal import Reason

pytestmark = pytest.mark.db


async def test_a_terminal_registers_proves_itself_and_reports_under_its_address(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    for phone, edition in (
        (PHONE, Edition.OF_2013),
        (PHONE_2019, Edition.OF_2019),
    ):
        async with (
            edge(pool, snapshot) as listener,
            line_to(listener.port, phone=phone, edition=edition) as line,
        ):
            await line.log_in()
            line.say(REPORT)
            arrival = await listener.arrival()
            assert arrival.positions == [FIX]
            assert arrival.transport is Transport.JT808
            assert arrival.gateway == "VEHICLES"
            assert arrival.received_at == NOW


async def test_a_report_is_answered_once_it_is_stored_and_not_before(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.log_in()
        report = line.say(REPORT)
        arrival = await listener.arrival()
        heartbeat = line.say(Heartbeat())
        assert (await line.reply()).answered == heartbeat  # it has overtaken
        stored(arrival)
        reply = await line.reply()
        assert reply == PlatformReply(
            answered=report, answered_id=0x0200, result=Result.OK
        )


async def test_each_sub_package_is_answered_once_the_whole_is_stored(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    reports = [
        location_of(replace(FIX, fixed_at=FIX.fixed_at + timedelta(seconds=n)))
        for n in range(50)
    ]
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.log_in()
        first = line.say(batch_of(reports, BatchKind.BLIND_AREA))
        assert line.serial - first > 1
        arrival = await listener.arrival()
        assert len(arrival.positions) == 50
        stored(arrival)
        for serial in range(first, line.serial):
            assert (await line.reply()).answered == serial


async def test_an_unregistered_terminal_is_refused_and_kept_in_quarantine(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with (
        edge(pool, snapshot) as listener,
        line_to(listener.port, phone="013900000009") as line,
    ):
        line.say(registration())
        body = (await line.hear()).body
        assert isinstance(body, RegistrationReply)
        assert (body.result, body.token) == (Registered.NO_SUCH_TERMINAL, "")
        line.say(REPORT)
        for expected in (0x0100, 0x0200):
            arrival = await listener.arrival()
            (refusal,) = arrival.refusals
            assert refusal.reason is Reason.UNKNOWN_DEVICE
            assert refusal.identity == "013900000009"
            assert refusal.octets[1:3] == expected.to_bytes(2, "big")
            assert not arrival.positions
            stored(arrival)
        reply = await line.reply()
        assert (reply.answered_id, reply.result) == (0x0200, Result.FAILED)


async def test_a_report_before_the_proof_is_refused(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.register()
        line.say(REPORT)
        arrival = await listener.arrival()
        (refusal,) = arrival.refusals
        assert refusal.reason is Reason.UNKNOWN_IDENTITY
        assert not arrival.positions
        stored(arrival)
        assert (await line.reply()).result == Result.FAILED


async def test_only_the_last_token_proves_anything_and_only_its_hash_is_kept(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        old, new = await line.register(), await line.register()
        assert old != new
        for wrong in (old, "", new[:-1], new + "x"):
            line.say(Authentication(token=wrong))
            arrival = await listener.arrival()
            (refusal,) = arrival.refusals
            assert (refusal.reason, refusal.octets) == (Reason.UNKNOWN_IDENTITY, b"")
            stored(arrival)
            assert (await line.reply()).result == Result.FAILED
        assert await line.prove(new) is Result.OK
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        assert await line.prove(new) is Result.OK
    row = await pool.fetchrow("SELECT * FROM terminal_token")
    assert row
    assert row["maker"] == "GEZHI"
    assert new not in repr(dict(row))


async def test_a_terminal_cannot_prove_itself_with_anothers_token(
    pool: asyncpg.Pool, database_url: str
) -> None:
    await register(
        database_url, "VEHICLES", [ADDRESS, "13900000002"], transport="jt808"
    )
    snapshot = await snapshot_of(database_url)
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        token = await line.register()
        line.phone = "013900000002"
        line.say(Authentication(token=token))
        stored(await listener.arrival())
        assert (await line.reply()).result == Result.FAILED


async def test_of_two_lines_of_one_terminal_the_last_stays(
    pool: asyncpg.Pool, snapshot: Snapshot, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        edge(pool, snapshot) as listener,
        line_to(listener.port) as first,
        line_to(listener.port) as second,
    ):
        token = await first.log_in()
        assert await second.prove(token) is Result.OK
        assert await first.is_closed()
        second.say(Heartbeat())
        assert (await second.reply()).result == Result.OK
        assert len(listener.lines) == 1
    assert "is on two lines" in caplog.text


async def test_whoever_deregisters_is_a_stranger_again(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        token = await line.log_in()
        line.say(Deregistration())
        assert (await line.reply()).result == Result.OK
        line.say(Heartbeat())
        stored(await listener.arrival())
        assert (await line.reply()).result == Result.FAILED
        line.say(Authentication(token=token))
        stored(await listener.arrival())
        assert (await line.reply()).result == Result.FAILED
        assert len(listener.lines) == 0


async def test_a_terminal_that_is_registered_no_longer_is_a_stranger(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.log_in()
        listener.snapshot = Snapshot(version=99, gateways=snapshot.gateways)
        line.say(REPORT)
        arrival = await listener.arrival()
        assert arrival.refusals[0].reason is Reason.UNKNOWN_DEVICE
        assert not arrival.positions


async def test_a_line_speaks_for_no_other_terminal(
    pool: asyncpg.Pool, database_url: str
) -> None:
    await register(
        database_url, "VEHICLES", [ADDRESS, "13900000002"], transport="jt808"
    )
    snapshot = await snapshot_of(database_url)
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.log_in()
        line.phone = "013900000002"
        line.say(REPORT)
        arrival = await listener.arrival()
        (refusal,) = arrival.refusals
        assert (refusal.reason, refusal.identity, refusal.gateway) == (
            Reason.UNKNOWN_IDENTITY,
            "013900000002",
            "",
        )
