"""A registry of stations without a database, and an edge on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival, EdgeChange
from ingest.inbox import Inbox
from vocabulary.device import Device, DeviceKind, Gateway, Transport

NOW = datetime(2026, 11, 21, 8, 5, 10, tzinfo=UTC)


def device(
    number: int, address: str, *, gateway: str = "ST-1", time_zone: str = ""
) -> Device:
    return Device(
        id=number,
        code=f"device {number}",
        kind=DeviceKind.GAUGE,
        gateway=gateway,
        address=address,
        component_id=None,
        vehicle_id=None,
        cell_id=None,
        upstream_id=None,
        lon=None,
        lat=None,
        register_map="",
        expected_interval_s=300,
        allowed_lateness_s=0,
        time_zone=time_zone,
        datum="wgs84",
        simulated=False,
    )


def registry_of(
    transport: Transport,
    *devices: Device,
    quantities: Sequence[str] = ("level_m",),
) -> Snapshot:
    """Return a registry whose devices all have the same quantities."""
    codes = sorted({one.gateway for one in devices})
    gateways = {
        code: Gateway(
            id=n, code=code, transport=transport, host="", port=0, simulated=False
        )
        for n, code in enumerate(codes)
    }
    pairs = [(one.id, quantity) for one in devices for quantity in quantities]
    return Snapshot(
        version=1,
        devices={one.id: one for one in devices},
        gateways=gateways,
        series=dict(enumerate(pairs)),
    )


Serve = Callable[[Inbox, Callable[[int], None]], Coroutine[None, None, None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[tuple[tuple[str, int], Inbox]]:
    """Run an edge for as long as the block lasts; give its address and its inbox."""
    inbox: Inbox = asyncio.Queue(maxsize=100)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = tasks.create_task(serve(inbox, port.set_result))
        yield ("127.0.0.1", await port), inbox
        assert not serving.done()
        serving.cancel()


async def next_arrival(inbox: Inbox) -> Arrival:
    while True:
        item = await inbox.get()
        if isinstance(item, Arrival):
            return item


@asynccontextmanager
async def stored(inbox: Inbox) -> AsyncIterator[list[Arrival]]:
    """Take what arrives as the intake would, and call it committed."""
    arrivals: list[Arrival] = []

    async def take() -> None:
        while True:
            item = await inbox.get()
            if isinstance(item, EdgeChange):
                continue
            arrivals.append(item)
            if item.committed is not None:
                item.committed()

    async with asyncio.TaskGroup() as tasks:
        taking = tasks.create_task(take())
        yield arrivals
        taking.cancel()


def told(arrival: Arrival) -> list[tuple[str, str, float]]:
    """Return device, quantity and value of each reading."""
    readings = arrival.readings
    if readings is None:
        return []
    rows = zip(readings.device, readings.quantity, readings.value, strict=True)
    return [(name, str(quantity), float(value)) for name, quantity, value in rows]
