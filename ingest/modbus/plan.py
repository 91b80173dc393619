"""What to ask of each slave of a gateway, from the registry's devices: pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.protocols.modbus_frame import ReadRequest, probe_of
from ingest.protocols.register_file import RegisterMapError
from ingest.protocols.register_layout import Block
from ingest.protocols.register_map import UnknownMapError, load_map
from ingest.protocols.register_write import read_back_blocks
from vocabulary.device import Device

HIGHEST_UNIT_ID = 247
"""Last address of a slave (MODBUS over serial line V1.02, 2.2)."""


@dataclass(frozen=True, slots=True)
class Slave:
    """One slave and what is asked of it.

    Attributes:
        unit_id: Its Modbus address.
        interval_s: How often it is asked.
        blocks: The requests, each holding only parts that are registered.
        probe: A question whose answer looks like no other's.
    """

    unit_id: int
    interval_s: float
    blocks: tuple[Block, ...]
    probe: ReadRequest


@dataclass(frozen=True, slots=True)
class PollPlan:
    """All of one gateway.

    Attributes:
        slaves: Who is asked what.
        faults: What the registry says that cannot be done, for people.
    """

    slaves: Sequence[Slave]
    faults: Sequence[str]


def plan_of(devices: Iterable[Device]) -> PollPlan:
    """Plan the polling of one gateway's devices.

    A device's address is its unit id (`7`), or a part of that unit (`1/lamp/01`). The
    unit's map is the one its devices name; its interval is the shortest of theirs.
    """
    units: dict[int, list[Device]] = defaultdict(list)
    faults: list[str] = []
    for device in devices:
        place = unit_and_part(device.address)
        if place:
            units[place[0]].append(device)
        else:
            faults.append(f"{device.code}: {device.address!r} names no unit id 1..247")
    slaves = []
    for unit_id, members in sorted(units.items()):
        planned = _slave(unit_id, members)
        if isinstance(planned, Slave):
            slaves.append(planned)
        else:
            faults.append(planned)
    return PollPlan(slaves, faults)


def unit_and_part(address: str) -> tuple[int, str] | None:
    """Return what a device's address names: `1/lamp/01` is unit 1, part `lamp/01`."""
    unit, _, part = address.partition("/")
    if unit.isdecimal() and 1 <= int(unit) <= HIGHEST_UNIT_ID:
        return int(unit), part
    return None


def _slave(unit_id: int, devices: Sequence[Device]) -> Slave | str:
    names = sorted({device.register_map for device in devices} - {""})
    if len(names) != 1:
        named = " and ".join(names) or "none"
        return f"unit {unit_id}: its devices must name one register map, not {named}"
    try:
        register_map = load_map(names[0])
    except (UnknownMapError, RegisterMapError) as error:
        return f"unit {unit_id}: {error}"
    parts = {device.address.partition("/")[2] for device in devices}
    if absent := parts.difference(register_map.parts):
        return f"unit {unit_id}: {names[0]} has no part {', '.join(sorted(absent))}"
    interval_s = min(device.expected_interval_s for device in devices)
    blocks = tuple(register_map.blocks(parts))
    read = [*blocks, *read_back_blocks(register_map)]
    return Slave(
        unit_id,
        interval_s,
        blocks,
        probe_of([_request(block, unit_id) for block in read]),
    )


def _request(block: Block, unit_id: int) -> ReadRequest:
    return ReadRequest(
        unit_id=unit_id, table=block.table, address=block.address, count=block.count
    )
