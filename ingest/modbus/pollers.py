"""A polling task for each Modbus gateway, started and stopped as the registry says.

Orders to devices behind them go through those tasks: a line takes one request at a
time.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from devices.registry.snapshot import Snapshot
from ingest.inbox import Inbox
from ingest.modbus.edge import poll_gateway
from ingest.modbus.orders import Effect, ModbusOrders, Outcome
from ingest.modbus.plan import unit_and_part
from ingest.protocols.register_file import RegisterMapError
from ingest.protocols.register_map import UnknownMapError, load_map
from ingest.protocols.register_write import Wish, WishError, plan_write
from vocabulary.device import Device, Gateway, Transport
from vocabulary.times import Clock

POLLED = frozenset(
    {Transport.MODBUS_TCP, Transport.MODBUS_RTU_TCP, Transport.MODBUS_RTU}
)
"""Gateways of these kinds do not call us; we ask."""


WAIT_S = 30.0
"""How long an order may wait for its turn, if its giver does not say."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one task polls.

    Attributes:
        gateway: Where to ask.
        devices: Whom to ask, by id.
    """

    gateway: Gateway
    devices: tuple[Device, ...]


def lines_of(snapshot: Snapshot) -> Mapping[str, Line]:
    """Return what is to be polled, by gateway."""
    devices: dict[str, list[Device]] = {
        code: []
        for code, gateway in snapshot.gateways.items()
        if gateway.transport in POLLED
    }
    for device in sorted(snapshot.devices.values(), key=lambda device: device.id):
        if device.gateway in devices:
            devices[device.gateway].append(device)
    return {
        code: Line(snapshot.gateways[code], tuple(below))
        for code, below in devices.items()
        if below
    }


class Pollers:
    """The running tasks."""

    def __init__(self, tasks: asyncio.TaskGroup, inbox: Inbox, clock: Clock) -> None:
        """Run nothing yet.

        Args:
            tasks: What the polling tasks live in.
            inbox: Where what they hear goes.
            clock: Tells the time of each answer.
        """
        self._tasks = tasks
        self._inbox = inbox
        self._clock = clock
        self._running: dict[str, tuple[Line, asyncio.Task[None]]] = {}
        self._orders: dict[str, ModbusOrders] = {}

    def follow(self, snapshot: Snapshot) -> None:
        """Start what is new, stop what is gone, and start anew what has changed."""
        wanted = lines_of(snapshot)
        for code, (line, task) in list(self._running.items()):
            if wanted.get(code) != line:
                task.cancel()
                del self._running[code]
        for code, line in wanted.items():
            if code not in self._running:
                orders = self._orders.setdefault(code, ModbusOrders())
                task = self._tasks.create_task(
                    poll_gateway(
                        line.gateway,
                        line.devices,
                        inbox=self._inbox,
                        clock=self._clock,
                        orders=orders,
                    ),
                    name=f"modbus {code}",
                )
                self._running[code] = (line, task)

    async def carry_out(
        self, device: Device, wish: Wish, *, wait_s: float = WAIT_S
    ) -> Outcome:
        """Have a device do something, and see that it did.

        One call is one order. Several may be given at once; those to one device are
        carried out in the order they came.

        Args:
            device: One behind a gateway that is polled.
            wish: What it is to do.
            wait_s: How long the order may wait for its turn; later it is not tried.
        """
        place = unit_and_part(device.address)
        if place is None or device.gateway not in self._running:
            return Outcome(Effect.NOT_TRIED, f"{device.code} is not polled here")
        unit_id, part = place
        try:
            plan = plan_write(
                load_map(device.register_map), unit_id=unit_id, part=part, wish=wish
            )
        except (UnknownMapError, RegisterMapError, WishError) as error:
            return Outcome(Effect.IMPOSSIBLE, str(error))
        return await self._orders[device.gateway].put(
            plan, unit_id=unit_id, address=device.address, wait_s=wait_s
        )
