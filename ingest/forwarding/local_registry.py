"""A plan as the registry that edges ask: what hangs where, without a database: pure."""

import hashlib
import itertools
from collections.abc import Iterator

from devices.registry.snapshot import Snapshot
from ingest.forwarding.plan import ModbusLine, Plan, StationLine, TerminalLine
from vocabulary.device import Device, DeviceKind, Gateway, Transport

_TRANSPORTS = {
    "tcp": Transport.MODBUS_TCP,
    "rtu": Transport.MODBUS_RTU_TCP,
    "serial": Transport.MODBUS_RTU,
}


def snapshot_of(plan: Plan) -> Snapshot:
    """Return the lines of a plan as gateways, and their devices."""
    gateways = {
        gateway.code: gateway
        for gateway in itertools.chain(
            (_modbus_gateway(line) for line in plan.modbus),
            (_calling(line, Transport.JT808) for line in plan.jt808),
            (_calling(line, Transport.SL651) for line in plan.sl651),
            (_calling(line, Transport.HJ212) for line in plan.hj212),
        )
    }
    numbers = itertools.count(1)
    devices: dict[int, Device] = {}
    series: dict[int, tuple[int, str]] = {}
    for line in plan.modbus:
        for device in _polled(line, numbers):
            devices[device.id] = device
    for fleet in plan.jt808:
        for phone in fleet.terminals:
            device = _device(_lasting_number(fleet, phone), fleet.code, phone)
            devices[device.id] = device
    for calling in (*plan.sl651, *plan.hj212):
        for station in calling.stations:
            device = _device(next(numbers), calling.code, station.address)
            devices[device.id] = device
            for quantity in station.quantities:
                series[len(series) + 1] = (device.id, quantity)
    return Snapshot(version=0, gateways=gateways, devices=devices, series=series)


def _polled(line: ModbusLine, numbers: Iterator[int]) -> Iterator[Device]:
    for unit in line.units:
        addresses = [f"{unit.unit_id}/{part}" for part in unit.parts]
        for address in (str(unit.unit_id), *addresses):
            yield _device(
                next(numbers),
                line.code,
                address,
                register_map=unit.map,
                interval_s=unit.interval_s,
            )


def _modbus_gateway(line: ModbusLine) -> Gateway:
    return Gateway(
        id=0,
        code=line.code,
        transport=_TRANSPORTS[line.framing],
        host=line.host,
        port=0 if line.framing == "serial" else line.port,
        simulated=False,
        line=line.line,
    )


def _lasting_number(line: TerminalLine, phone: str) -> int:
    """Return a number that is the same in every plan: a line goes on through a new one.

    The plan's other devices have small ones.
    """
    digest = hashlib.sha256(f"{line.code}/{phone}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1 | 1 << 62


def _calling(line: StationLine | TerminalLine, transport: Transport) -> Gateway:
    return Gateway(
        id=0, code=line.code, transport=transport, host="", port=0, simulated=False
    )


def _device(
    number: int,
    line: str,
    address: str,
    *,
    register_map: str = "",
    interval_s: float = 0,
) -> Device:
    """Return what an edge needs to know of a device; upstream knows the rest."""
    return Device(
        id=number,
        code=f"{line}/{address}",
        kind=DeviceKind.GAUGE,  # no edge asks
        gateway=line,
        address=address,
        component_id=None,
        vehicle_id=None,
        cell_id=None,
        upstream_id=None,
        lon=None,
        lat=None,
        register_map=register_map,
        expected_interval_s=interval_s,
        allowed_lateness_s=0,
        time_zone="",
        datum="wgs84",
        simulated=False,
    )
