"""Connections of devices: silence, answers nobody reads, bugs of ours."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import pytest
import uvloop

from ingest.inbox import Inbox
from ingest.tcp_stream import MAX_UNREAD, Caller, Patience, Peer, serve_tcp
from tests.ingest.stations import NOW, listening

PATIENT = Patience(idle_s=600, gap_s=600)


class Echo:
    """Answers each octet with many; `!` is a bug; an octet `(` begins something."""

    def __init__(self, peer: Peer, notes: list[str], answer: int = 1) -> None:
        self.is_amid = False
        self.peer = peer
        self._notes = notes
        self._answer = answer

    async def take(self, data: bytes) -> None:
        if b"!" in data:
            raise ZeroDivisionError
        self.is_amid = b"(" in data
        for octet in data:
            self.peer.send(bytes([octet]) * self._answer)

    async def pause(self) -> None:
        self._notes.append("pause")
        self.is_amid = False

    async def end(self) -> None:
        self._notes.append("end")

    def close(self) -> None:
        self.is_amid = False

    def summary(self) -> str:
        return ", ".join(self._notes)


@asynccontextmanager
async def edge(
    caller: Callable[[Peer], Caller], patience: Patience = PATIENT
) -> AsyncIterator[tuple[str, int]]:
    def serve(
        inbox: Inbox, on_bound: Callable[[int], None]
    ) -> Coroutine[None, None, None]:
        return serve_tcp(
            "127.0.0.1",
            0,
            edge="test",
            caller=caller,
            patience=patience,
            inbox=inbox,
            clock=lambda: NOW,
            on_bound=on_bound,
        )

    async with listening(serve) as (address, _):
        yield address


@asynccontextmanager
async def line(
    address: tuple[str, int],
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_an_answer_comes_back() -> None:
    async with (
        edge(lambda peer: Echo(peer, [])) as address,
        line(address) as (reader, writer),
    ):
        writer.write(b"abc")
        assert await reader.readexactly(3) == b"abc"


async def test_a_pause_is_told_only_amid_something_and_silence_ends_the_line() -> None:
    notes: list[str] = []
    hasty = Patience(idle_s=0.3, gap_s=0.1)
    async with (
        edge(lambda peer: Echo(peer, notes), hasty) as address,
        line(address) as (reader, writer),
    ):
        writer.write(b"(")
        assert await reader.read() == b"("
    assert notes == ["pause", "end"]


async def test_a_peer_that_reads_no_answers_is_hung_up_on() -> None:
    async with (
        edge(lambda peer: Echo(peer, [], answer=MAX_UNREAD // 2)) as address,
        line(address) as (reader, writer),
    ):
        # The system's own buffers hold megabytes before ours begins to fill.
        writer.write(b"a" * 2000)
        with contextlib.suppress(ConnectionResetError):
            while await reader.read(MAX_UNREAD):
                pass
        assert reader.at_eof() or isinstance(reader.exception(), ConnectionResetError)


def test_answers_that_wait_are_bounded_on_uvloop_too() -> None:
    uvloop.run(test_a_peer_that_reads_no_answers_is_hung_up_on())


def test_a_full_batch_is_answered_at_once_on_uvloop() -> None:
    async def echo() -> None:
        async with (
            edge(lambda peer: Echo(peer, [], answer=130)) as address,
            line(address) as (reader, writer),
        ):
            writer.write(b"a" * 2500)
            assert await reader.readexactly(2500 * 130) == b"a" * 2500 * 130

    uvloop.run(echo())


async def test_an_answer_after_the_end_goes_nowhere() -> None:
    callers: list[Echo] = []

    def caller(peer: Peer) -> Echo:
        callers.append(Echo(peer, []))
        return callers[-1]

    async with edge(caller) as address:
        async with line(address) as (reader, writer):
            writer.write(b"a!")
            assert await reader.read() == b""
        callers[0].peer.send(b"too late")


async def test_a_bug_ends_its_own_line_and_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with (
        edge(lambda peer: Echo(peer, [])) as address,
        line(address) as (good, to_good),
        line(address) as (bad, to_bad),
    ):
        to_bad.write(b"!")
        assert await bad.read() == b""
        to_good.write(b"a")
        assert await good.readexactly(1) == b"a"
    assert "connection dropped" in caplog.text


async def test_a_line_is_left_whoever_closes_it() -> None:
    left: list[str] = []

    class Leaving(Echo):
        def close(self) -> None:
            left.append("left")

    async with edge(lambda peer: Leaving(peer, [])) as address:
        async with line(address) as (reader, writer):
            writer.write(b"x")
            assert await reader.read(1) == b"x"
            writer.write(b"!")  # a bug of ours
            assert await reader.read() == b""
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"x")
        assert await reader.read(1) == b"x"
    writer.close()  # we had stopped listening
    assert left == ["left"] * 2
