"""A listener of its own for each NMEA gateway that the registry gives a port.

Behind such a gateway is often one receiver, or a serial server with one, that can be
told where to call but not to say who it is: then the port says it. With one device the
sentences are its own, over TCP and over UDP; with several each logs in, as everywhere.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from devices.registry.snapshot import Snapshot
from ingest.arrival import EdgeChange
from ingest.gate import Gate
from ingest.inbox import Inbox
from ingest.nmea.edge import EDGE, serve_nmea_tcp, serve_nmea_udp
from tasks.attempt import attempt
from vocabulary.device import Transport
from vocabulary.times import Clock

log = logging.getLogger(__name__)

LISTEN_RETRY_S = 5.0
"""Pause before a port that could not be had is tried again."""


@dataclass(frozen=True, slots=True)
class Port:
    """One gateway's listener.

    Attributes:
        gateway: Its code.
        port: TCP and UDP port.
        terminal: Address of the only device behind it; None if there are more.
    """

    gateway: str
    port: int
    terminal: str | None


def ports_of(snapshot: Snapshot, *, served: str = "") -> Mapping[str, Port]:
    """Return where to listen, by gateway.

    Args:
        snapshot: The registry.
        served: Code of the gateway that has a listener already.
    """
    addresses: dict[str, list[str]] = {
        code: []
        for code, gateway in snapshot.gateways.items()
        if gateway.transport is Transport.NMEA and gateway.port and code != served
    }
    for device in snapshot.devices.values():
        if device.gateway in addresses:
            addresses[device.gateway].append(device.address)
    return {
        code: Port(code, snapshot.gateways[code].port, _only(below))
        for code, below in addresses.items()
        if below
    }


class NmeaPorts:
    """The listeners that run now.

    Args:
        tasks: What the listeners' tasks live in.
        host: Address they bind.
        inbox: Where what they hear goes.
        clock: Tells the time of receipt.
        served: Code of the gateway that has a listener already.
        gate: How many may be connected to all of them; the usual if not given.
    """

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        host: str,
        *,
        inbox: Inbox,
        clock: Clock,
        served: str = "",
        gate: Gate | None = None,
    ) -> None:
        self._gate = gate or Gate()
        self._tasks = tasks
        self._host = host
        self._inbox = inbox
        self._clock = clock
        self._served = served
        self._running: dict[str, tuple[Port, asyncio.Task[None]]] = {}

    def follow(self, snapshot: Snapshot) -> None:
        """Start what is new, stop what is gone, and start anew what has changed."""
        wanted = ports_of(snapshot, served=self._served)
        leaving: set[asyncio.Task[None]] = set()
        for code, (port, task) in list(self._running.items()):
            if wanted.get(code) != port:
                task.cancel()
                leaving.add(task)
                del self._running[code]
        for code, port in wanted.items():
            if code not in self._running:
                listen = self._listen(port, leaving)
                task = self._tasks.create_task(listen, name=f"nmea {code}")
                self._running[code] = (port, task)

    async def _listen(self, port: Port, leaving: set[asyncio.Task[None]]) -> None:
        if leaving:
            await asyncio.wait(leaving)  # one of them may have the port yet
        why = ""
        while True:
            try:
                await attempt(self._serve(port))
            except* OSError as group:
                now = str(_first(group))
                if now != why:  # one that lasts is told once
                    await self._tell_deaf(port, now)
                why = now
            await asyncio.sleep(LISTEN_RETRY_S)

    async def _serve(self, port: Port) -> None:
        async with asyncio.TaskGroup() as both:
            for serve in (partial(serve_nmea_tcp, gate=self._gate), serve_nmea_udp):
                both.create_task(
                    serve(
                        self._host,
                        port.port,
                        gateway=port.gateway,
                        inbox=self._inbox,
                        clock=self._clock,
                        terminal=port.terminal,
                    )
                )

    async def _tell_deaf(self, port: Port, why: str) -> None:
        detail = f"cannot listen on port {port.port}: {why}"
        log.error("%s: %s", port.gateway, detail)
        await self._inbox.put(
            EdgeChange(
                edge=EDGE,
                gateway=port.gateway,
                up=False,
                detail=detail,
                at=self._clock(),
            )
        )


def _only(addresses: list[str]) -> str | None:
    return addresses[0] if len(addresses) == 1 else None


def _first(group: BaseExceptionGroup[OSError]) -> OSError:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
