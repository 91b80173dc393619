"""Twenty-four real receivers' logs, through the codec and over a real socket.

They are other people's (gpsd's test/daemon) and are kept beside the checkout. `now` is
each log's own day: a log of 2007 replayed today would look like a week roll-over.
"""

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingest.arrival import Arrival, Inbox
from ingest.nmea_edge import serve_nmea_tcp, serve_nmea_udp
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


@pytest.mark.parametrize("name", log_names())
async def test_the_tcp_edge_gives_exactly_the_fixes_of_a_log(name: str) -> None:
    log = log_of(name)
    inbox: Inbox = asyncio.Queue(maxsize=4)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
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
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
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
