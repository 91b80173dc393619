"""Polled cabinets for the tests of orders: devices, pollers, and slaves of our own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival
from ingest.modbus.orders import Outcome
from ingest.modbus.pollers import Pollers
from ingest.protocols.register_write import Wish
from tests.protocols.modbus_line import a_device, rtu
from tests.simulators.playing import now
from vocabulary.device import Device, Gateway, Transport

if TYPE_CHECKING:
    from ingest.inbox import Inbox

INTERVAL_S = 0.1


def cabinet(unit_id: int = 1) -> Device:
    """Return a cabinet."""
    return a_device(str(unit_id), "gezhi_cabinet")


def lamp(number: int, unit_id: int = 1) -> Device:
    """Return one lamp of it."""
    return a_device(f"{unit_id}/lamp/{number:02d}", "gezhi_cabinet")


@dataclass(slots=True)
class Polled:
    """A line that is polled.

    Attributes:
        pollers: What takes orders.
        arrivals: What came, drained all the time.
    """

    pollers: Pollers
    arrivals: list[Arrival] = field(default_factory=list)
    _heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that arrivals may bring."""
        async with self._heard:
            await self._heard.wait_for(is_so)

    async def more(self, count: int) -> None:
        """Wait for so many more arrivals."""
        enough = len(self.arrivals) + count
        await self.until(lambda: len(self.arrivals) >= enough)

    async def take(self, arrival: Arrival) -> None:
        """Take one in."""
        async with self._heard:
            self.arrivals.append(arrival)
            self._heard.notify_all()

    async def order(self, device: Device, wish: Wish, wait_s: float = 10) -> Outcome:
        """Give one order and wait for what comes of it."""
        return await self.pollers.carry_out(device, wish, wait_s=wait_s)

    def heard(self, address: str) -> int:
        """Return how often a device was heard."""
        return sum(
            address in arrival.readings.device
            for arrival in self.arrivals
            if arrival.readings
        )


@asynccontextmanager
async def polled(gateway: Gateway, devices: Sequence[Device]) -> AsyncIterator[Polled]:
    """Poll a gateway for the time of a test."""
    inbox: Inbox = asyncio.Queue(maxsize=20)
    numbered = {
        number: _numbered(device, number) for number, device in enumerate(devices, 1)
    }
    snapshot = Snapshot(version=1, gateways={gateway.code: gateway}, devices=numbered)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        line = Polled(Pollers(tasks, inbox, now))

        async def drain() -> None:
            while True:
                item = await inbox.get()
                if isinstance(item, Arrival):
                    await line.take(item)

        draining = tasks.create_task(drain())
        line.pollers.follow(snapshot)
        await line.more(1)
        yield line
        line.pollers.follow(Snapshot(version=2))
        draining.cancel()


def a_line(port: int, transport: Transport = Transport.MODBUS_RTU_TCP) -> Gateway:
    """Return the gateway on a port."""
    return Gateway(
        id=1,
        code="RTU-1",
        transport=transport,
        host="127.0.0.1",
        port=port,
        simulated=True,
    )


@dataclass(slots=True)
class Slaves:
    """Slaves that hold what is written, over TCP in RTU frames.

    Attributes:
        held: Registers by unit and address; contactor's contact at 0.
        asked: The unit of each request that reads, as it came.
        told: Requests that write, as they came.
        silent: Units that say nothing.
        obeys: What becomes of a write; may be replaced.
        answers: Whether a write is acknowledged, by number of the write.
    """

    held: dict[tuple[int, int], int] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    told: list[bytes] = field(default_factory=list)
    silent: set[int] = field(default_factory=set)
    obeys: bool = True
    answers: Callable[[int], bytes | None] = lambda _number: None

    async def __call__(self, request: bytes) -> bytes:
        """Answer one request."""
        unit, function = request[0], request[1]
        if function not in (6, 16):
            self.asked.append(unit)
        if unit in self.silent:
            return b""
        at = int.from_bytes(request[2:4], "big")
        if function in (6, 16):
            return self._write(request, unit, at)
        words = [self.held.get((unit, at + n), 0) for n in range(request[5])]
        octets = b"".join(word.to_bytes(2, "big") for word in words)
        return rtu(bytes([unit, function, len(octets)]) + octets)

    def _write(self, request: bytes, unit: int, at: int) -> bytes:
        self.told.append(request)
        special = self.answers(len(self.told))
        if self.obeys:
            value = int.from_bytes(request[4:6], "big")
            self.held[unit, _shows(at)] = value
        if special is not None:
            return special
        return rtu(request[:6])


def _shows(at: int) -> int:
    """Return where the effect of a register for orders shows."""
    return 0 if at == 400 else 100 + 4 * (at - 410) + 2


def _numbered(device: Device, number: int) -> Device:
    return replace(device, id=number, expected_interval_s=INTERVAL_S)
