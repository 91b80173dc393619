"""What a gateway polls and where it listens, read whole from TOML: pure.

    gateway = "EDGE-1"          # our code upstream

    [[modbus]]                  # a line that we poll
    code = "CAB-1"              # its devices are "CAB-1/1", "CAB-1/1/lamp/01" upstream
    host = "192.168.1.10"
    port = 502
    framing = "tcp"             # or "rtu": RTU frames over TCP; or "serial", with
                                # host = "/dev/ttyS0" and line = "9600 8N1"
    [[modbus.units]]
    unit_id = 1
    map = "gezhi_cabinet"
    parts = ["lamp/01", "lamp/02"]
    interval_s = 10

    [[nmea]]                    # terminals that call us, over TCP, UDP or both
    code = "GPS"
    host = "0.0.0.0"
    tcp_port = 10110
    udp_port = 10110

    [[jt808]]                   # vehicle terminals that call us
    code = "FLEET"
    host = "0.0.0.0"
    tcp_port = 7611
    udp_port = 7611
    terminals = ["13900000001"] # phone numbers; others are not registered

    [[sl651]]                   # stations that call us; [[hj212]] has the same fields
    code = "WATER"
    host = "0.0.0.0"
    port = 5651
    stations = [{address = "0012345678", quantities = ["depth_mm"]}]

A device's address upstream is its line's code, a slash, and its address on that line.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, TypeAlias

import msgspec

from ingest.protocols.register_file import RegisterMapError
from ingest.protocols.register_map import UnknownMapError, load_map
from vocabulary.quantity import Quantity
from vocabulary.serial_line import is_serial_device, serial_line

MAX_PLAN = 256 * 1024
"""Longest plan taken, octets."""

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A code is a level of topics and of addresses: no slash, no wildcard."""

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
"""A TCP or UDP port."""

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
"""A name that is not empty."""


Phone = Annotated[str, msgspec.Meta(pattern="^[0-9]{1,20}$")]
"""What a terminal calls itself."""


class PlanError(ValueError):
    """A plan cannot be followed; nothing of it is.

    Attributes:
        problems: All that is wrong with it, for people.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table of the plan."""


class Unit(_Table, frozen=True, kw_only=True):
    """One Modbus slave.

    Attributes:
        unit_id: Its address.
        map: Name of its register map.
        parts: What stands behind it and is asked for too, such as `lamp/01`.
        interval_s: How often it is asked.
    """

    unit_id: Annotated[int, msgspec.Meta(ge=1, le=247)]
    map: Text
    parts: tuple[Text, ...] = ()
    interval_s: Annotated[float, msgspec.Meta(ge=0.1, le=86400)] = 10.0


class ModbusLine(_Table, frozen=True, kw_only=True):
    """A Modbus gateway or slave that we call.

    Attributes:
        code: What its devices' addresses begin with.
        host: Where it listens; of a serial line the device's path.
        port: Its TCP port; a serial line has none.
        framing: How its frames are made.
        line: How a serial line is set, such as `9600 8N1`.
        units: Whom to ask.
    """

    code: str
    host: Text
    port: Port = 502
    framing: Literal["tcp", "rtu", "serial"] = "tcp"
    line: str = ""
    units: Annotated[tuple[Unit, ...], msgspec.Meta(min_length=1)]


class NmeaLine(_Table, frozen=True, kw_only=True):
    """Listeners for terminals that speak NMEA 0183.

    Attributes:
        code: What its terminals' addresses begin with.
        host: Address to listen on.
        tcp_port: None for no TCP.
        udp_port: None for no UDP.
    """

    code: str
    host: Text = "127.0.0.1"
    tcp_port: Port | None = None
    udp_port: Port | None = None


class TerminalLine(_Table, frozen=True, kw_only=True):
    """Listeners for terminals that speak JT/T 808.

    Attributes:
        code: What its terminals' addresses begin with.
        host: Address to listen on.
        tcp_port: None for no TCP.
        udp_port: None for no UDP.
        terminals: Phone numbers of those that may register.
    """

    code: str
    host: Text = "127.0.0.1"
    tcp_port: Port | None = None
    udp_port: Port | None = None
    terminals: Annotated[tuple[Phone, ...], msgspec.Meta(min_length=1)]


class Station(_Table, frozen=True, kw_only=True):
    """A station that calls us.

    Attributes:
        address: Its own, as it names itself.
        quantities: What its profile upstream has; needed where a level is a depth.
    """

    address: Text
    quantities: tuple[Quantity, ...] = ()


class StationLine(_Table, frozen=True, kw_only=True):
    """A listener for stations of SL 651 or HJ 212.

    Attributes:
        code: What its stations' addresses begin with.
        host: Address to listen on.
        port: TCP port.
        stations: Those that are answered; others are refused.
    """

    code: str
    host: Text = "127.0.0.1"
    port: Port
    stations: Annotated[tuple[Station, ...], msgspec.Meta(min_length=1)]


class Plan(_Table, frozen=True, kw_only=True):
    """All that a gateway does; see the top of this file.

    Attributes:
        gateway: Our code upstream.
        modbus: Lines that are polled.
        nmea: Listeners for vehicle terminals.
        jt808: Listeners for vehicle terminals that log in.
        sl651: Listeners for hydrological stations.
        hj212: Listeners for pollution sources' data loggers.
    """

    gateway: str
    modbus: tuple[ModbusLine, ...] = ()
    nmea: tuple[NmeaLine, ...] = ()
    jt808: tuple[TerminalLine, ...] = ()
    sl651: tuple[StationLine, ...] = ()
    hj212: tuple[StationLine, ...] = ()


AnyLine: TypeAlias = ModbusLine | NmeaLine | TerminalLine | StationLine
"""What has a code of its own."""


def plan_from(octets: bytes, *, gateway: str = "") -> Plan:
    """Return the plan that some TOML says.

    Args:
        octets: UTF-8.
        gateway: Whose plan it must be; empty for anyone's.

    Raises:
        PlanError: If it cannot be followed, with all that is wrong.
    """
    if len(octets) > MAX_PLAN:
        raise PlanError([f"{len(octets)} octets; a plan has at most {MAX_PLAN}"])
    try:
        plan = msgspec.convert(tomllib.loads(octets.decode("utf-8")), Plan)
    except (ValueError, RecursionError) as error:  # of UTF-8, TOML and fields alike
        raise PlanError([str(error)]) from error
    problems = list(_problems(plan))
    if gateway and plan.gateway != gateway:
        problems.append(f"gateway: this one is {gateway}, not {plan.gateway}")
    if problems:
        raise PlanError(problems)
    return plan


def lines_in(plan: Plan) -> tuple[AnyLine, ...]:
    """Return all lines of a plan."""
    return (*plan.modbus, *plan.nmea, *plan.jt808, *plan.sl651, *plan.hj212)


def _problems(plan: Plan) -> Iterator[str]:
    codes = [line.code for line in lines_in(plan)]
    for code in (plan.gateway, *codes):
        if not CODE.fullmatch(code):
            yield f"{code!r} is no code: letters, digits and . _ - only"
    for code in _repeated(codes):
        yield f"{code}: two lines have this code"
    for line in plan.modbus:
        yield from _serial_problems(line)
        yield from _unit_problems(line)
    devices = [line.host for line in plan.modbus if line.framing == "serial"]
    for device in _repeated(devices):
        yield f"{device}: two lines use this serial device"
    yield from _listener_problems(plan)


def _listener_problems(plan: Plan) -> Iterator[str]:
    terminals: tuple[NmeaLine | TerminalLine, ...] = (*plan.nmea, *plan.jt808)
    for line in terminals:
        if line.tcp_port is None and line.udp_port is None:
            yield f"{line.code}: needs tcp_port or udp_port"
    for port in _repeated(_tcp_ports(plan)):
        yield f"TCP port {port}: two lines listen on it"
    for port in _repeated([line.udp_port for line in terminals if line.udp_port]):
        yield f"UDP port {port}: two lines listen on it"
    phones = [phone.lstrip("0") for line in plan.jt808 for phone in line.terminals]
    for phone in _repeated(phones):
        yield f"terminal {phone} stands twice"
    for group in (plan.sl651, plan.hj212):
        addresses = [station.address for line in group for station in line.stations]
        for address in _repeated(addresses):
            yield f"station {address} stands twice"


def _serial_problems(line: ModbusLine) -> Iterator[str]:
    if line.framing != "serial":
        if line.line:
            yield f'{line.code}: line is for framing = "serial"'
        return
    if not is_serial_device(line.host):
        yield f"{line.code}: {line.host!r} is no serial device such as /dev/ttyS0"
    try:
        serial_line(line.line)
    except ValueError as error:
        yield f"{line.code}: {error}"


def _unit_problems(line: ModbusLine) -> Iterator[str]:
    for unit_id in _repeated([unit.unit_id for unit in line.units]):
        yield f"{line.code}: unit {unit_id} stands twice"
    for unit in line.units:
        where = f"{line.code}: unit {unit.unit_id}"
        try:
            known = load_map(unit.map).parts
        except (UnknownMapError, RegisterMapError) as error:
            yield f"{where}: {error}"
            continue
        for part in _repeated(unit.parts):
            yield f"{where}: part {part} stands twice"
        for part in sorted(set(unit.parts).difference(known)):
            yield f"{where}: {unit.map} has no part {part}"


def _tcp_ports(plan: Plan) -> list[int]:
    stations = [line.port for line in (*plan.sl651, *plan.hj212)]
    terminals: tuple[NmeaLine | TerminalLine, ...] = (*plan.nmea, *plan.jt808)
    return [*stations, *(line.tcp_port for line in terminals if line.tcp_port)]


def _repeated(words: Sequence[str] | Sequence[int]) -> list[str]:
    return [str(word) for word, times in Counter(words).items() if times > 1]
