"""Stations through the whole of ingest: what they were told is stored, is stored."""

import asyncio
from datetime import timedelta
from functools import partial

import asyncpg
import pytest

from gezhi.clock import utc_now
from gezhi.stack.broker import Broker
from gezhi.stack.postgres import Cluster
from ingest.protocols.hj212 import Command
from ingest.protocols.sl651 import Function
from ingest.protocols.sl651.encode import (
    Sender,
    further,
    level_pack,
    measured,
    observation,
)
from simulators import hj212_station, sl651_station
from simulators.hj212_station import Logger, averages, real_time
from simulators.sl651_station import ponding
from store.migrate import migrate
from store.quarantine.refused import quarantined
from tests.ingest.registry import register
from tests.ingest.test_retry import try_all
from tests.ingest.test_serve import edge_query, serving, until
from tests.ports import free_port
from vocabulary.refusal import Reason

pytestmark = [pytest.mark.db, pytest.mark.broker]

GAUGE = Sender(station="0061530042", centre=3, password=0x1A2B)
MN = "GZ0001A8900016F000169D01"


async def rows(dsn: str) -> list[tuple[str, str, float]]:
    """Return address, quantity and value of all that is stored, oldest first."""
    connection = await asyncpg.connect(dsn)
    found = await connection.fetch(
        "SELECT address, quantity, value FROM reading"
        " JOIN series ON series.id = series_id JOIN device ON device.id = device_id"
        " ORDER BY address, quantity, measured_at"
    )
    await connection.close()
    return [(row["address"], row["quantity"], row["value"]) for row in found]


async def refusals(dsn: str) -> list[tuple[Reason, str]]:
    connection = await asyncpg.connect(dsn)
    found = await quarantined(connection)
    await connection.close()
    return [(Reason(one.reason), one.identity) for one in found]


async def test_a_ponding_gauge_speaks_sl_651_and_its_depths_are_stored(
    database_url: str, broker: Broker, unique: str
) -> None:
    port = free_port()
    quantities = ["depth_mm", "battery_v"]
    await register(
        database_url, "ST-1", [GAUGE.station], transport="sl651", quantities=quantities
    )
    now = utc_now().replace(second=0, microsecond=0)
    first = now - timedelta(minutes=55)
    hour = observation(
        GAUGE, first, [level_pack([0.01, None, 0.02] + [0.03] * 9)]
    ) + further(GAUGE, now, [measured(0x38, 12.1, length=2, decimals=2)])
    async with (
        asyncio.timeout(300),
        serving(database_url, broker, unique, sl651_port=port),
    ):
        await until(database_url, *edge_query("sl651", "", up=True))
        centre = ("127.0.0.1", port)
        async with sl651_station.calling(centre, GAUGE, clock=utc_now) as line:
            await line.keep_alive(1)
            seen = observation(GAUGE, now, ponding(0.185, 12.06))
            assert await line.report(Function.TIMED, 1, seen)
            told = await rows(database_url)  # at once: it was acknowledged
            assert await line.report(Function.TIMED, 1, seen)  # once more, as by chance
            assert await line.report_in_packets(
                Function.HOURLY, 2, hour, size=24, lost=2
            )
        stranger = Sender(station="0099999999")
        async with sl651_station.calling(
            centre, stranger, clock=utc_now, answer_s=0.2
        ) as line:
            assert not await line.report(Function.TIMED, 1, seen)
        await until(database_url, "SELECT count(*) FROM quarantine")
    assert told == [
        (GAUGE.station, "battery_v", 12.06),
        (GAUGE.station, "depth_mm", 185.0),
    ]
    depths = [
        value for _, quantity, value in await rows(database_url) if "mm" in quantity
    ]
    assert depths == [10.0, 20.0, *[30.0] * 8, 185.0]
    assert await refusals(database_url) == [(Reason.UNKNOWN_DEVICE, "0099999999")]


async def test_an_outfall_speaks_hj_212_and_its_readings_are_stored(
    database_url: str, broker: Broker, unique: str
) -> None:
    port = free_port()
    await register(
        database_url,
        "OUT-1",
        [MN, f"{MN}/hour"],
        transport="hj212",
        quantities=["flow_m3_s", "cod_mg_l"],
    )
    logger, now = Logger(device=MN), utc_now().replace(microsecond=0)
    values = {"w00000": 12.5, "w01018": 38.4, "w99001": 1.0}
    hour = {"w00000": (10.0, 12.0, 15.0)}
    sent = [now + timedelta(milliseconds=n) for n in range(3)]
    async with (
        asyncio.timeout(300),
        serving(database_url, broker, unique, hj212_port=port),
    ):
        await until(database_url, *edge_query("hj212", "", up=True))
        async with hj212_station.calling(("127.0.0.1", port)) as line:
            assert await line.upload(real_time(logger, now, values, sent_at=sent[0]))
            told = await rows(database_url)  # at once: it was answered
            for n, command in enumerate((Command.HOUR, Command.MINUTE), start=1):
                upload = averages(logger, command, now, hour, sent_at=sent[n])
                assert await line.upload(upload)
    assert told == [(MN, "cod_mg_l", 38.4), (MN, "flow_m3_s", 0.0125)]
    assert (f"{MN}/hour", "flow_m3_s", 0.012) in await rows(database_url)
    # The minute's part is registered nowhere: seen, and not silently dropped.
    assert await refusals(database_url) == [(Reason.UNKNOWN_DEVICE, f"{MN}/minute")]


async def test_a_station_is_not_acknowledged_while_the_database_is_away(
    own_cluster: Cluster, broker: Broker, unique: str
) -> None:
    dsn, port = own_cluster.dsn(), free_port()
    await migrate(dsn)
    await register(
        dsn, "ST-1", [GAUGE.station], transport="sl651", quantities=["level_m"]
    )
    seen = observation(GAUGE, utc_now(), [measured(0x39, 1.5)])
    async with asyncio.timeout(300), serving(dsn, broker, unique, sl651_port=port):
        await until(dsn, *edge_query("sl651", "", up=True))
        centre = ("127.0.0.1", port)
        async with sl651_station.calling(
            centre, GAUGE, clock=utc_now, answer_s=0.5
        ) as line:
            await own_cluster.kill()
            assert not await line.report(Function.TIMED, 1, seen)
        await own_cluster.start()
        async with sl651_station.calling(centre, GAUGE, clock=utc_now) as line:
            assert await line.report(Function.TIMED, 1, seen)
        assert await rows(dsn) == [(GAUGE.station, "level_m", 1.5)]


async def test_what_unknown_stations_said_lands_once_they_are_registered(
    database_url: str, broker: Broker, unique: str
) -> None:
    ports = {"sl651_port": free_port(), "hj212_port": free_port()}
    now = utc_now().replace(second=0, microsecond=0)
    async with asyncio.timeout(300), serving(database_url, broker, unique, **ports):
        await until(database_url, *edge_query("sl651", "", up=True))
        await until(database_url, *edge_query("hj212", "", up=True))
        async with sl651_station.calling(
            ("127.0.0.1", ports["sl651_port"]), GAUGE, clock=utc_now, answer_s=0.1
        ) as line:
            await line.keep_alive(1)
            for n in range(2):
                at = now - timedelta(minutes=n)
                seen = observation(GAUGE, at, ponding(0.1 + n / 10, 12.0))
                assert not await line.report(Function.TIMED, n + 2, seen)
        async with hj212_station.calling(
            ("127.0.0.1", ports["hj212_port"]), answer_s=0.1
        ) as upstream:
            values = {"w01001": 7.1}
            upload = real_time(Logger(device=MN), now, values, sent_at=now)
            assert not await upstream.upload(upload)
        count = "SELECT sum(count) = 11 FROM quarantine"  # with what was sent again
        await until(database_url, count)
    seen_by = partial(register, database_url, transport="sl651")
    await seen_by("ST-1", [GAUGE.station], quantities=["depth_mm", "battery_v"])
    await register(database_url, "OUT-1", [MN], transport="hj212", quantities=["ph"])
    assert all(one.has_landed for one in await try_all(database_url))
    assert await rows(database_url) == [
        (GAUGE.station, "battery_v", 12.0),
        (GAUGE.station, "battery_v", 12.0),
        (GAUGE.station, "depth_mm", 200.0),
        (GAUGE.station, "depth_mm", 100.0),
        (MN, "ph", 7.1),
    ]
    assert await refusals(database_url) == []
