"""Twenty-four real receivers' logs, through the codec and over a real socket.

They are other people's (gpsd's test/daemon) and are kept beside the checkout. `now` is
each log's own day: a log of 2007 replayed today would look like a week roll-over.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import xor
from pathlib import Path

import pytest

from ingest.arrival import Arrival
from ingest.inbox import Inbox
from ingest.nmea.edge import serve_nmea_tcp, serve_nmea_udp
from ingest.protocols.nmea0183 import NmeaStream, encode_login
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.refusal import Refusal

LOGS = Path(__file__).parents[2].parent / "shared" / "realdata" / "nmea"
COUNTED = (
    "sentences",
    "checksum_ok",
    "checksum_bad",
    "checksum_missing",
    "types",
    "rmc_valid",
    "rmc_void_or_empty",
)
ROLLED_OVER = "april6_2019.log"
"""Its receiver's dates are 1,024 weeks early, and one is `2208-1`."""

ROUND = timedelta(weeks=1024)

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        not LOGS.exists(), reason="no receiver logs beside the checkout"
    ),
]

FixWords = tuple[str, float, float, float | None, float | None]
"""Time, latitude, longitude, metres a second, course: what `.rmc.json` holds."""


@dataclass(frozen=True)
class Log:
    name: str
    octets: bytes
    now: datetime
    counts: dict[str, object]
    refused: int  # sentences whose checksum is wrong or missing
    fixes: list[FixWords]


def log_names() -> list[str]:
    if not LOGS.exists():
        return ["absent"]
    return [entry["file"] for entry in json.loads((LOGS / "index.json").read_text())]


def log_of(name: str) -> Log:
    index = json.loads((LOGS / "index.json").read_text())
    (entry,) = (entry for entry in index if entry["file"] == name)
    octets = (LOGS / name).read_bytes()
    rows = json.loads((LOGS / f"{name.removesuffix('.log')}.rmc.json").read_text())
    later = ROUND if name == ROLLED_OVER else timedelta(0)
    return Log(
        name=name,
        octets=octets,
        now=day_of(entry) + later,
        counts={key: entry[key] for key in COUNTED},
        refused=entry["checksum_bad"] + entry["checksum_missing"],
        fixes=[
            (
                words_of(datetime.fromisoformat(row["time"]) + later),
                row["lat"],
                row["lon"],
                row["speed_ms"],
                row["course"],
            )
            for row in rows
            if row["time"]
        ],
    )


def day_of(entry: dict[str, list[str] | None]) -> datetime:
    if entry["rmc_last"] is None:
        return datetime(2015, 1, 6, tzinfo=UTC)  # the header of eXplorist110.log
    return datetime.fromisoformat(entry["rmc_last"][0])


def words_of(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def fix_words(position: Position) -> FixWords:
    speed_ms = position.speed_kmh
    return (
        words_of(position.fixed_at),
        round(position.lat, 7),
        round(position.lon, 7),
        None if speed_ms is None else round(speed_ms / 3.6, 3),
        position.course_deg,
    )


def check(log: Log, positions: list[Position]) -> None:
    assert [fix_words(position) for position in positions] == log.fixes
    assert not [p for p in positions if (p.lon, p.lat) == (0, 0)]
    doubt = Quality.CLOCK_CORRECTED if log.name == ROLLED_OVER else Quality.GOOD
    assert {position.quality for position in positions} <= {doubt}


@pytest.mark.parametrize("name", log_names())
def test_the_codec_gives_exactly_the_fixes_and_counts_of_a_log(name: str) -> None:
    log = log_of(name)
    stream = NmeaStream("VT-0001")
    items = [*stream.receive_data(log.octets, log.now), *stream.receive_eof(log.now)]
    check(log, [item for item in items if isinstance(item, Position)])
    assert {key: getattr(stream.counts, key) for key in COUNTED} == log.counts


Details = tuple[int | None, float | None, float | None]
"""Satellites, HDOP, altitude in metres."""


def details_of(log: Log) -> dict[str, Details]:
    """Read the GGA with a fix of a log in the plainest way, by time of day."""
    found = {}
    for line in log.octets.decode("latin1").splitlines():
        body, _, code = line.removeprefix("$").rpartition("*")
        if f"{reduce(xor, body.encode('latin1'), 0):02X}" != code.upper():
            continue
        parts = body.split(",")
        if parts[0].endswith("GGA") and parts[6] not in {"", "0"}:
            satellites, hdop, altitude = parts[7], parts[8], parts[9]
            found[f"{float(parts[1]):010.3f}"] = (
                int(satellites) if satellites else None,
                float(hdop) if hdop else None,
                float(altitude) if altitude else None,
            )
    return found


def fixes_of(octets: bytes, now: datetime) -> list[Position]:
    stream = NmeaStream("VT-0001")
    items = [*stream.receive_data(octets, now), *stream.receive_eof(now)]
    return [item for item in items if isinstance(item, Position)]


@pytest.mark.parametrize("name", log_names())
def test_every_fix_has_the_satellites_dilution_and_altitude_of_its_gga(
    name: str,
) -> None:
    log = log_of(name)
    expected = details_of(log)
    for fix in fixes_of(log.octets, log.now):
        at = f"{fix.fixed_at:%H%M%S}.{fix.fixed_at.microsecond // 1000:03d}"
        if at in expected:
            assert (fix.satellites, fix.hdop, fix.altitude_m) == expected[at]
        else:
            assert fix.altitude_m is None


def test_530_of_563_real_fixes_have_satellites_and_527_an_altitude() -> None:
    logs = [log_of(name) for name in log_names()]
    fixes = [fix for log in logs for fix in fixes_of(log.octets, log.now)]
    assert len(fixes) == 563
    assert sum(fix.satellites is not None for fix in fixes) == 530
    assert sum(fix.hdop is not None for fix in fixes) == 530
    assert sum(fix.altitude_m is not None for fix in fixes) == 527


@pytest.mark.parametrize("name", log_names())
def test_a_log_whose_every_line_comes_twice_gives_the_same_fixes(name: str) -> None:
    log = log_of(name)
    doubled = b"".join(line * 2 for line in log.octets.splitlines(keepends=True))
    assert fixes_of(doubled, log.now) == fixes_of(log.octets, log.now)


@pytest.mark.parametrize("name", log_names())
async def test_the_tcp_edge_gives_exactly_the_fixes_of_a_log(name: str) -> None:
    log = log_of(name)
    inbox: Inbox = asyncio.Queue(maxsize=4)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serve = tasks.create_task(
            serve_nmea_tcp(
                "127.0.0.1",
                0,
                gateway="nmea",
                inbox=inbox,
                clock=lambda: log.now,
                on_bound=port.set_result,
            )
        )
        _, writer = await asyncio.open_connection("127.0.0.1", await port)
        sending = tasks.create_task(send(writer, encode_login("VT-0001") + log.octets))
        positions, refusals = await gather_from(inbox, log=log)
        await sending
        assert not serve.done()
        serve.cancel()
    check(log, positions)
    bad_times = [refusal for refusal in refusals if refusal.reason == "bad-time"]
    assert len(bad_times) == (1 if name == ROLLED_OVER else 0)
    assert len(refusals) == log.refused + len(bad_times)


async def test_the_udp_edge_gives_the_fixes_of_a_log_sent_sentence_by_sentence() -> (
    None
):
    log = log_of("bu353s4.log")
    inbox: Inbox = asyncio.Queue(maxsize=4)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        loop = asyncio.get_running_loop()
        port: asyncio.Future[int] = loop.create_future()
        serve = tasks.create_task(
            serve_nmea_udp(
                "127.0.0.1",
                0,
                gateway="nmea",
                inbox=inbox,
                clock=lambda: log.now,
                on_bound=port.set_result,
            )
        )
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", await port)
        )
        for line in log.octets.splitlines():
            transport.sendto(encode_login("VT-0001") + line)
        positions, _ = await gather_from(inbox, log=log)
        transport.close()
        serve.cancel()
    check(log, positions)


async def send(writer: asyncio.StreamWriter, octets: bytes) -> None:
    # In pieces that never end where a sentence does.
    for start in range(0, len(octets), 997):
        writer.write(octets[start : start + 997])
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def gather_from(
    inbox: Inbox, *, log: Log
) -> tuple[list[Position], list[Refusal]]:
    positions: list[Position] = []
    refusals: list[Refusal] = []
    while len(positions) < len(log.fixes) or len(refusals) < log.refused:
        arrival = await inbox.get()
        if isinstance(arrival, Arrival):
            positions += arrival.positions
            refusals += arrival.refusals
    return positions, refusals
