"""Vehicle terminals (车载终端) that speak JT/T 808 to the platform's listener, TCP."""

import asyncio

from simulators.city import Hardware
from simulators.driving import is_off
from simulators.jt808_terminal import Habits, Jt808Terminal, TerminalFacts
from simulators.pacing import first_from, sample_second, time_of, wait_until
from simulators.vehicles import fix_of
from simulators.world import World
from vocabulary.times import Clock


async def run_vehicle_jt808(
    world: World, device: Hardware, *, listener: tuple[str, int], clock: Clock
) -> None:
    """Play one terminal until cancelled; its address is its phone number."""
    facts = TerminalFacts(phone=device.address, plate=device.vehicle)
    terminal = Jt808Terminal(facts, listener=listener, habits=Habits())
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(terminal.run(), name=f"{device.code} line")
        number = first_from(world, device, world.second(clock()))
        while True:
            second = sample_second(world, device, number)
            await wait_until(world, second, clock)
            if not is_off(world, device, second):
                terminal.report(fix_of(world, device, time_of(world, second)))
            number += 1
