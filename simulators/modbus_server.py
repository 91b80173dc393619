"""A Modbus TCP server whose registers show the world at the second they are read.

The only importer of pymodbus among the simulators.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from itertools import groupby

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulators.city import Endpoint
from simulators.modbus_units import Registers, Unit
from vocabulary.times import Clock

log = logging.getLogger(__name__)

PORT_PAUSE_S = 5.0
"""Pause before the next try at a port that another program has."""

Action = Callable[
    [int, int, int, int, list[int], list[int] | list[bool] | None],
    Coroutine[None, None, ExcCodes | None],
]
"""What pymodbus calls before it answers: function code, address of the first register
held, address and count asked for, the registers held, and what is to be written."""


async def run_modbus_server(
    endpoint: Endpoint, units: Mapping[int, Unit], *, clock: Clock
) -> None:
    """Answer polls until cancelled; wait for the port where another program has it.

    Args:
        endpoint: Where to listen.
        units: Unit id to what it shows.
        clock: Tells the time at which registers are read.
    """
    devices = [_device(number, unit, clock) for number, unit in sorted(units.items())]
    while True:
        server = ModbusTcpServer(devices, address=(endpoint.host, endpoint.port))
        try:
            await server.serve_forever(background=True)
            log.info("%s listens on port %d", endpoint.code, endpoint.port)
            await server.serving
        except RuntimeError:
            log.warning(
                "%s cannot listen on port %d, another program has it; whoever polls it "
                "hears that program. Trying again in %g s",
                endpoint.code,
                endpoint.port,
                PORT_PAUSE_S,
            )
            await asyncio.sleep(PORT_PAUSE_S)
        finally:
            await server.shutdown()  # type: ignore[no-untyped-call] # it has no types


def _device(number: int, unit: Unit, clock: Clock) -> SimDevice:
    """Make one unit; like most cheap ones it answers functions 3 and 4 alike."""
    now = clock().replace(microsecond=0)
    shown = _flat(unit(now))
    seen = now

    async def show(
        _function: int,
        first: int,
        address: int,
        count: int,
        held: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        nonlocal shown, seen
        if written is not None:
            return ExcCodes.ILLEGAL_FUNCTION
        at = clock().replace(microsecond=0)
        if at != seen:
            shown, seen = _flat(unit(at)), at
        for place in range(address, address + count):
            held[place - first] = shown[place]
        return None

    return SimDevice(id=number, simdata=_runs(shown), action=show)


def _flat(registers: Registers) -> dict[int, int]:
    flat: dict[int, int] = {}
    for table in registers.values():
        flat |= table
    return flat


def _runs(registers: Mapping[int, int]) -> list[SimData]:
    """Return the addresses that exist; any other is answered by exception 2."""
    return [
        SimData(
            address=run[0],
            values=[registers[place] for place in run],
            datatype=DataType.REGISTERS,
        )
        for run in _consecutive(sorted(registers))
    ]


def _consecutive(places: Sequence[int]) -> list[list[int]]:
    runs = groupby(enumerate(places), key=lambda pair: pair[1] - pair[0])
    return [[place for _, place in run] for _, run in runs]
