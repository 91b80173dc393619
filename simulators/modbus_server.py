"""A Modbus server whose registers show the world at the second they are read.

Over TCP, over TCP in RTU frames as serial servers pass them on, or on a serial line. In
RTU frames nobody answers for a unit that is not there, as on a bus.

The only importer of pymodbus among the simulators.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from itertools import groupby

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulators.city import Endpoint
from simulators.modbus_units import Registers, Unit
from vocabulary.device import Transport
from vocabulary.serial_line import serial_line
from vocabulary.times import Clock

log = logging.getLogger(__name__)

PORT_PAUSE_S = 5.0
"""Pause before the next try at a port that another program has."""

WRITES = (6, 16)
"""Functions that write holding registers."""

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
        server = _server(endpoint, devices)
        try:
            await server.serve_forever(background=True)
            log.info("%s listens on %s:%d", endpoint.code, endpoint.host, endpoint.port)
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


def _server(
    endpoint: Endpoint, devices: Sequence[SimDevice]
) -> ModbusTcpServer | ModbusSerialServer:
    if endpoint.transport is Transport.MODBUS_TCP:
        return ModbusTcpServer(list(devices), address=(endpoint.host, endpoint.port))
    known = {device.id for device in devices}

    def say(sending: bool, octets: bytes) -> bytes:  # noqa: FBT001 (pymodbus's signature)
        return b"" if sending and octets[0] not in known else octets

    nobody = SimDevice(0, [SimData(0, values=0, datatype=DataType.REGISTERS)])
    everybody = [*devices, nobody]
    if endpoint.transport is Transport.MODBUS_RTU_TCP:
        return ModbusTcpServer(
            everybody,
            address=(endpoint.host, endpoint.port),
            framer=FramerType.RTU,
            trace_packet=say,
        )
    line = serial_line(endpoint.line)
    return ModbusSerialServer(
        everybody,
        port=endpoint.host,
        baudrate=line.baud,
        bytesize=line.data_bits,
        parity=line.parity,
        stopbits=line.stop_bits,
        trace_packet=say,
    )


def _device(number: int, unit: Unit, clock: Clock) -> SimDevice:
    """Make one unit; like most cheap ones it answers functions 3 and 4 alike."""
    now = clock().replace(microsecond=0)
    shown = _flat(unit.show(now))
    seen = now

    async def show(  # noqa: PLR0917 (pymodbus calls it so)
        function: int,
        first: int,
        address: int,
        count: int,
        held: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        nonlocal shown, seen
        if written is not None:
            refusal = _written(unit, function, address, written, clock())
            if refusal is None:  # what was written is echoed at once
                shown |= dict(enumerate(map(int, written), address))
            return refusal
        at = clock().replace(microsecond=0)
        if at != seen:
            shown, seen = _flat(unit.show(at)), at
        for place in range(address, address + count):
            held[place - first] = shown[place]
        return None

    return SimDevice(id=number, simdata=_runs(shown), action=show)


def _written(
    unit: Unit,
    function: int,
    address: int,
    values: list[int] | list[bool],
    at: datetime,
) -> ExcCodes | None:
    """Hand an order on; like most cheap ones it has no coils to be written."""
    if function not in WRITES:
        return ExcCodes.ILLEGAL_FUNCTION
    words = [int(value) for value in values]
    return None if unit.write(address, words, at) else ExcCodes.ILLEGAL_VALUE


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
