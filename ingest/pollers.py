"""A polling task for each Modbus gateway, started and stopped as the registry says."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from devices.registry.snapshot import Snapshot
from ingest.arrival import Inbox
from ingest.modbus_edge import poll_gateway
from vocabulary.device import Device, Gateway, Transport
from vocabulary.times import Clock

POLLED = frozenset({Transport.MODBUS_TCP, Transport.MODBUS_RTU_TCP})
"""Gateways of these kinds do not call us; we ask."""


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

    def follow(self, snapshot: Snapshot) -> None:
        """Start what is new, stop what is gone, and start anew what has changed."""
        wanted = lines_of(snapshot)
        for code, (line, task) in list(self._running.items()):
            if wanted.get(code) != line:
                task.cancel()
                del self._running[code]
        for code, line in wanted.items():
            if code not in self._running:
                task = self._tasks.create_task(
                    poll_gateway(
                        line.gateway,
                        line.devices,
                        inbox=self._inbox,
                        clock=self._clock,
                    ),
                    name=f"modbus {code}",
                )
                self._running[code] = (line, task)
