"""`gezhi gateway` between real devices' protocols and a real broker."""

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gezhi.clock import utc_now
from gezhi.stack.broker import Broker
from ingest.forwarding.keeping import SAFE_S
from ingest.protocols.nmea0183 import encode_login, encode_rmc
from simulators.hj212_station import Logger, calling, real_time
from tests.ingest.far_end import FarEnd, gateway_process, send_plan, until
from tests.ports import free_port
from tests.protocols.modbus_line import a_slave, server
from vocabulary.position import Position
from vocabulary.quality import Quality

pytestmark = pytest.mark.broker

START = datetime(2026, 11, 21, 4, tzinfo=UTC)

KILLS = 5
LOGGERS = 6
EACH = 100
"""Uploads that are answered at least before each kill."""

BACKLOG_PER_S = 100


@dataclass
class Outfall:
    """A data logger that counts up, and goes on only once it was answered."""

    port: int
    address: str
    answered: int = 0

    async def run(self, stop: asyncio.Event, *, pause_s: float = 0.0) -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError, TimeoutError):
                async with calling(("127.0.0.1", self.port), answer_s=2) as line:
                    while not stop.is_set():
                        value = self.answered + 1
                        at = START + timedelta(seconds=value)
                        package = real_time(
                            Logger(device=self.address),
                            at,
                            {"w01018": value},
                            sent_at=at,
                        )
                        if await line.upload(package):
                            self.answered = value
                        await asyncio.sleep(pause_s)
            await asyncio.sleep(0.05)


@dataclass
class Place:
    """A gateway's plan, its directory, and the outfalls that call it."""

    gateway: str
    folder: Path
    port: int = field(default_factory=free_port)
    outfalls: list[Outfall] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outfalls = [Outfall(self.port, f"{n:024d}") for n in range(1, LOGGERS + 1)]
        self.file.write_bytes(self.plan())

    @property
    def file(self) -> Path:
        return self.folder / "plan.toml"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def plan(self, extra: str = "") -> bytes:
        stations = ", ".join(f'{{address = "{o.address}"}}' for o in self.outfalls)
        return f"""
gateway = "{self.gateway}"
[[hj212]]
code = "WATER"
port = {self.port}
stations = [{stations}]
{extra}""".encode()

    @property
    def answered(self) -> int:
        """Uploads that were answered so far."""
        return sum(outfall.answered for outfall in self.outfalls)

    def is_whole(self, far_end: FarEnd) -> bool:
        """Return whether all that was answered is at the far end, and every number.

        What was sent twice for want of an answer has two.
        """
        return not self.missing(far_end) and not far_end.account().missing

    def missing(self, far_end: FarEnd) -> dict[str, set[float]]:
        """Return what was answered and is not at the far end."""
        return {
            outfall.address: lost
            for outfall in self.outfalls
            if (
                lost := set(map(float, range(1, outfall.answered + 1)))
                - set(far_end.told(f"WATER/{outfall.address}", "cod_mg_l"))
            )
        }


@asynccontextmanager
async def hearing(broker: Broker, gateway: str) -> AsyncIterator[FarEnd]:
    await broker.admit(gateway)
    far_end = FarEnd(lambda: broker.ingest_url, gateway)
    async with asyncio.timeout(300):
        task = asyncio.create_task(far_end.run())
        try:
            await until(lambda: far_end.is_listening)
            yield far_end
        finally:
            task.cancel()
            await asyncio.wait([task])


async def until_more(far_end: FarEnd, than: int) -> None:
    await until(lambda: len(far_end.seqs) > than)


async def test_of_five_kills_at_random_moments_nothing_answered_is_lost(
    broker: Broker, unique: str, tmp_path: Path
) -> None:
    place = Place(unique, tmp_path)
    chance = random.Random(11)  # noqa: S311 - a test's own, the same each time
    stop = asyncio.Event()
    async with hearing(broker, unique) as far_end, asyncio.TaskGroup() as tasks:
        for outfall in place.outfalls:
            tasks.create_task(outfall.run(stop))
        for _ in range(KILLS):
            enough = place.answered + EACH
            async with gateway_process(
                broker.url(unique), place.file, state=place.state
            ):
                await until_more(far_end, len(far_end.seqs) + 20)
                await until(lambda: place.answered >= enough)  # noqa: B023 - awaited here
                await asyncio.sleep(chance.random())
        stop.set()
        async with gateway_process(broker.url(unique), place.file, state=place.state):
            with contextlib.suppress(TimeoutError):  # what is lost is said below
                await until(lambda: place.is_whole(far_end))
    answered = place.answered
    account = far_end.account()
    print(f"{answered} answered, {account}")  # noqa: T201 - the figures of a report
    assert answered >= EACH * KILLS
    assert not place.missing(far_end)
    assert (account.first, account.missing) == (1, 0)


async def test_after_the_broker_was_away_live_goes_first_and_the_backlog_behind_it(
    own_broker: Broker, tmp_path: Path
) -> None:
    place = Place("EDGE-1", tmp_path)
    stop = asyncio.Event()
    options = ["--backlog-per-s", str(BACKLOG_PER_S), "--live-s", "0.5"]
    async with (
        hearing(own_broker, "EDGE-1") as far_end,
        asyncio.TaskGroup() as tasks,
        gateway_process(
            own_broker.url("EDGE-1"), place.file, state=place.state, options=options
        ),
    ):
        for outfall in place.outfalls:
            tasks.create_task(outfall.run(stop, pause_s=0.05))
        await until(lambda: len(far_end.seqs) > 100)
        far_end.is_listening = False
        await own_broker.stop()
        before = place.answered
        await until(lambda: place.answered > before + 600)
        heard = len(far_end.seqs)
        await own_broker.start()
        await until(lambda: far_end.is_listening)
        old = range(1, max(far_end.seqs[:heard]) + 400)
        await until(lambda: set(old) <= set(far_end.seqs))
        stop.set()
        await until(lambda: place.is_whole(far_end))
    after = far_end.seqs[heard:]
    first_live = next(n for n, seq in enumerate(after) if seq not in old)
    backlog = [n for n, seq in enumerate(after) if seq in old]
    beside = backlog[-1] - backlog[0] + 1 - len(backlog)
    account = far_end.account()
    print(  # noqa: T201 - the figures of a report
        f"{first_live} before the first live one of {len(after)}; "
        f"{len(backlog)} of the backlog, {beside} others among them; {account}"
    )
    # What was on its way when the broker went may come again, and what it had taken in
    # the seconds before; nothing else is before.
    last_s = far_end.heard_s[heard - 1]
    taken = sum(at_s > last_s - SAFE_S for at_s in far_end.heard_s[:heard])
    assert first_live < len(backlog) / 2
    assert beside > len(backlog) / 20, "the backlog came in a burst"
    assert (account.first, account.missing) == (1, 0)
    assert account.repeated <= 20 + taken, "more came twice than may be forgotten"


async def test_a_full_queue_stops_the_edges_and_loses_nothing(
    own_broker: Broker, tmp_path: Path
) -> None:
    place = Place("EDGE-1", tmp_path)
    stop = asyncio.Event()
    async with hearing(own_broker, "EDGE-1") as far_end, asyncio.TaskGroup() as tasks:
        far_end.is_listening = False
        await own_broker.stop()
        async with gateway_process(
            own_broker.url("EDGE-1"),
            place.file,
            state=place.state,
            options=["--queue-mb", "1", "--backlog-per-s", "100000"],
        ):
            for outfall in place.outfalls:
                tasks.create_task(outfall.run(stop))
            log = tmp_path / "gateway.log"
            await until(lambda: b"no room" in log.read_bytes())
            held: list[int] = []  # what was in hand may still be answered
            while held != (now := [outfall.answered for outfall in place.outfalls]):
                held = now
                await asyncio.sleep(1)
            assert sum(p.stat().st_size for p in place.state.iterdir()) < 8 * 2**20
            await own_broker.start()
            await until(
                lambda: all(
                    outfall.answered > before
                    for outfall, before in zip(place.outfalls, held, strict=True)
                ),
            )
            stop.set()
            await until(lambda: place.is_whole(far_end))
    account = far_end.account()
    print(f"{sum(held)} held when full; {account}")  # noqa: T201
    assert (account.first, account.missing) == (1, 0)


async def test_a_plan_from_upstream_is_followed_and_a_bad_one_is_refused_with_a_reason(
    broker: Broker, unique: str, tmp_path: Path
) -> None:
    place = Place(unique, tmp_path)
    outfall = place.outfalls[0]
    moved = Outfall(free_port(), outfall.address)
    good = place.plan().replace(str(place.port).encode(), str(moved.port).encode())
    stop = asyncio.Event()
    async with hearing(broker, unique) as far_end, asyncio.TaskGroup() as tasks:
        async with gateway_process(
            broker.url(unique), place.file, state=place.state
        ) as process:
            await until(lambda: far_end.status.get("up") is True)
            await send_plan(broker.ingest_url, unique, good)
            tasks.create_task(moved.run(stop))
            await until(lambda: moved.answered > 3)
            await send_plan(broker.ingest_url, unique, b"gateway = 5")
            await until(lambda: "refused_plan" in far_end.status)
            await until(lambda: far_end.status["refused_plan"] is not None)
            assert "gateway" in str(far_end.status["refused_plan"])
            before = moved.answered
            await until(lambda: moved.answered > before + 3)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        await until(lambda: far_end.status.get("up") is False)
        async with gateway_process(broker.url(unique), place.file, state=place.state):
            before = moved.answered
            await until(lambda: moved.answered > before + 3)
            stop.set()
        with pytest.raises(OSError):  # noqa: PT011 - the old port is not listened to
            await asyncio.open_connection("127.0.0.1", place.port)


async def test_what_nobody_is_subscribed_to_stays_in_the_queue(
    own_broker: Broker, unique: str, tmp_path: Path
) -> None:
    # A broker of its own: on the shared one sessions of other tests may listen.
    place = Place(unique, tmp_path)
    await own_broker.admit(unique)
    stop = asyncio.Event()
    async with (
        asyncio.TaskGroup() as tasks,
        gateway_process(own_broker.url(unique), place.file, state=place.state),
    ):
        tasks.create_task(place.outfalls[0].run(stop, pause_s=0.05))
        log = tmp_path / "gateway.log"
        await until(lambda: b"did not take a message" in log.read_bytes())
        async with hearing(own_broker, unique) as far_end:
            await until(lambda: len(far_end.seqs) > 10)
            stop.set()
            await until(lambda: place.is_whole(far_end))
    assert far_end.account().missing == 0
    assert far_end.account().first == 1


async def test_polled_slaves_and_calling_terminals_are_told_below_their_lines(
    broker: Broker, unique: str, tmp_path: Path
) -> None:
    place = Place(unique, tmp_path)
    fix = Position(device="VT-1", fixed_at=utc_now(), lon=111.0, lat=35.5)
    sound = a_slave(7, {"pressure_kpa": 301.5, "battery_v": 3.6})
    broken = a_slave(8, {"pressure_kpa": 2.5, "battery_v": 3.6, "sensor_fault": 1})
    async with server([sound, broken]) as modbus_port:
        nmea_port = free_port()
        place.file.write_bytes(place.plan(lines_at(modbus_port, nmea_port)))
        async with (
            hearing(broker, unique) as far_end,
            gateway_process(broker.url(unique), place.file, state=place.state),
        ):
            await until(lambda: len(far_end.told("RTU-1/8", "pressure_kpa")) > 3)
            async with calling(("127.0.0.1", nmea_port)) as line:
                await line.send(encode_login("VT-1") + encode_rmc(fix))
                await until(lambda: bool(far_end.positions))
    assert set(far_end.told("RTU-1/7", "pressure_kpa")) == {301.5}
    assert far_end.doubts("RTU-1/7") == {Quality.NO_DEVICE_TIME}
    assert far_end.doubts("RTU-1/8") == {
        Quality.NO_DEVICE_TIME,
        Quality.NO_DEVICE_TIME | Quality.SENSOR_FAULT,
    }
    assert far_end.positions[0].device == "GPS/VT-1"


def lines_at(modbus_port: int, nmea_port: int) -> str:
    return f"""
[[modbus]]
code = "RTU-1"
host = "127.0.0.1"
port = {modbus_port}
units = [
    {{unit_id = 7, map = "pressure_rtu", interval_s = 0.1}},
    {{unit_id = 8, map = "pressure_rtu", interval_s = 0.1}},
]
[[nmea]]
code = "GPS"
tcp_port = {nmea_port}
"""
