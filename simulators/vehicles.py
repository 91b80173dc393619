"""Vehicle terminals (车载终端): NMEA 0183 to the platform's listener, TCP or UDP.

A terminal calls, says who it is, and sends GGA, GSA, RMC and VTG of each fix, as most
receivers do. Most hear several systems and say GN; every fourth hears BeiDou only and
says BD. What a terminal could not send for a while it keeps and sends first.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import datetime
from zlib import crc32

from ingest.protocols.nmea0183.encode import (
    GSA_ROOM,
    encode_gga,
    encode_gsa,
    encode_login,
    encode_rmc,
    encode_vtg,
)
from simulators.city import Hardware
from simulators.driving import is_off, position_of
from simulators.pacing import first_from, pause_s, sample_second, time_of, wait_until
from simulators.world import World
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.times import Clock

log = logging.getLogger(__name__)

STORE_S = 600.0
"""A terminal keeps fixes of so long for a listener that is away."""

CONNECT_S = 5.0
"""A listener that does not answer for so long is away."""


def fix_of(world: World, device: Hardware, at: datetime) -> Position:
    """Return what a terminal's receiver says at a time."""
    noise = world.town.noise
    second = world.second(at)
    sky = noise.drift(device.code, "sky", at_s=second, step_s=90)
    return replace(
        position_of(world, device, at),
        satellites=round(14 + 4 * sky),
        hdop=round(0.9 - 0.2 * sky, 1),
        altitude_m=round(372 + 3 * sky, 1),
        quality=Quality.SIMULATED,
    )


def sentences(world: World, device: Hardware, at: datetime) -> bytes:
    """Return what a terminal sends of one fix."""
    position = fix_of(world, device, at)
    talker = talker_of(device)
    return b"".join(
        [
            encode_gga(position, talker),
            *satellites_used(position, talker),
            encode_rmc(position, talker),
            encode_vtg(position, talker),
        ]
    )


def talker_of(device: Hardware) -> str:
    """Return the two letters of the systems that a terminal's receiver hears."""
    return "BD" if crc32(device.code.encode()) % 4 == 0 else "GN"


def satellites_used(position: Position, talker: str) -> Iterator[bytes]:
    """Yield the GSA of a fix, at most twelve satellites each."""
    numbers = range(1, (position.satellites or 0) + 1)
    for first in range(0, len(numbers), GSA_ROOM):
        yield encode_gsa(position, numbers[first : first + GSA_ROOM], talker)


async def run_vehicle_tcp(
    world: World, device: Hardware, *, listener: tuple[str, int], clock: Clock
) -> None:
    """Play one terminal over TCP until cancelled; call again whenever the line ends."""
    number, attempt = 0, 0
    while True:
        oldest = first_from(world, device, world.second(clock()) - STORE_S)
        number = max(number, oldest)
        sent = 0
        try:
            async for _ in _call(world, device, number, listener=listener, clock=clock):
                sent += 1
        except (OSError, TimeoutError) as error:
            log.info("%s has no line: %s", device.code, error)
        number += sent
        attempt = 0 if sent else attempt + 1
        await asyncio.sleep(pause_s(world.town.noise, device.code, attempt))


async def _call(
    world: World,
    device: Hardware,
    number: int,
    *,
    listener: tuple[str, int],
    clock: Clock,
) -> AsyncIterator[int]:
    """Send fixes from `number` on, yielding each number sent, until the line ends."""
    async with asyncio.timeout(CONNECT_S):
        reader, writer = await asyncio.open_connection(*listener)
    try:
        writer.write(encode_login(device.address))
        while True:
            second = sample_second(world, device, number)
            await wait_until(world, second, clock)
            if reader.at_eof():
                raise ConnectionResetError("the listener hung up")
            if not is_off(world, device, second):
                writer.write(sentences(world, device, time_of(world, second)))
                await writer.drain()
            yield number
            number += 1
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def run_vehicle_udp(
    world: World, device: Hardware, *, listener: tuple[str, int], clock: Clock
) -> None:
    """Play one terminal over UDP until cancelled; each datagram says who sends."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, remote_addr=listener
    )
    try:
        number = first_from(world, device, world.second(clock()))
        while True:
            second = sample_second(world, device, number)
            await wait_until(world, second, clock)
            octets = sentences(world, device, time_of(world, second))
            if not is_off(world, device, second):
                transport.sendto(encode_login(device.address) + octets)
            number += 1
    finally:
        transport.close()
