"""How many may be connected to a listener: counted, turned away, told, let in again."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial

import pytest

from devices.registry.snapshot import Snapshot
from ingest.gate import Gate, GateLimits, address_of
from ingest.inbox import Inbox
from ingest.metrics import IngestMetrics
from ingest.nmea.edge import serve_nmea_tcp
from ingest.stations.hj212 import serve_hj212
from ingest.stations.sl651 import serve_sl651
from tests.ingest.stations import NOW, listening

FEW = GateLimits(lines=3, lines_per_address=2, told_each_s=60)


EDGES = {
    "nmea": partial(serve_nmea_tcp, gateway="nmea"),
    "sl651": partial(serve_sl651, registry=lambda: Snapshot(version=1)),
    "hj212": partial(serve_hj212, registry=lambda: Snapshot(version=1)),
}


def test_one_address_and_all_together_have_so_many_connections() -> None:
    gate = Gate(FEW)
    assert [gate.enter(each) for each in ("a", "a", "b")] == ["", "", ""]
    assert "3 connections" in gate.enter("c")
    gate.leave("b")
    assert "from a " in gate.enter("a")
    assert gate.enter("c") == ""
    for each in ("a", "a", "c"):
        gate.leave(each)
    assert gate == Gate(FEW, turned_away=2)  # nothing is remembered of who has left


def test_who_is_turned_away_is_told_now_and_then_with_how_many() -> None:
    gate = Gate(GateLimits(lines=0))
    told = []
    for now_s in (5.0, 6.0, 64.0, 66.0, 67.0):
        gate.enter("a")
        told.append(gate.untold(now_s))
    assert told == [1, 0, 0, 3, 0]


async def hung_up_on(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


async def until_open(gate: Gate, lines: int) -> None:
    while gate.lines != lines:  # noqa: ASYNC110 - the other side's doing
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("edge", sorted(EDGES))
async def test_a_listener_keeps_who_is_there_and_turns_the_next_one_away(
    edge: str, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate(FEW)

    def serve(
        inbox: Inbox, on_bound: Callable[[int], None]
    ) -> Coroutine[None, None, None]:
        return EDGES[edge](
            "127.0.0.1",
            0,
            inbox=inbox,
            clock=lambda: NOW,
            gate=gate,
            on_bound=on_bound,
        )

    metrics = IngestMetrics()
    metrics.watch({edge: gate})
    caplog.set_level(logging.WARNING)
    async with listening(serve) as (address, _):
        lines = [await asyncio.open_connection(*address) for _ in range(4)]
        assert await hung_up_on(lines[2][0])
        assert await hung_up_on(lines[3][0])
        assert (gate.lines, gate.turned_away) == (2, 2)
        told = [r.getMessage() for r in caplog.records if "turned away" in r.msg]
        assert len(told) == 1
        assert told[0].startswith(f"{edge}: turned away 127.0.0.1:")
        labels = {"edge": edge}
        value = metrics.registry.get_sample_value
        assert value("gezhi_ingest_connections", labels) == 2
        assert value("gezhi_ingest_connections_turned_away_total", labels) == 2
        lines[0][1].close()
        await until_open(gate, 1)
        lines.append(await asyncio.open_connection(*address))
        await until_open(gate, 2)
        for _, writer in lines:
            writer.close()
        await until_open(gate, 0)
        _, last = await asyncio.open_connection(*address)
        await until_open(gate, 1)
    assert gate.lines == 0  # nor is one that the end of the listener cuts off kept
    last.close()


def test_an_address_is_counted_as_limits_count_it() -> None:
    assert address_of("10.0.0.1:5") == "10.0.0.1"
    assert address_of("gone") == ""
