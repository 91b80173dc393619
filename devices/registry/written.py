"""A registry written down, to be read back when it is another one: who is where. Pure.

Only what a case is placed by is written. It is cut into pieces by id, so that a change
leaves most of them as they were.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Protocol, TypeVar

import msgspec

from devices.registry.snapshot import Snapshot
from vocabulary.device import Device
from vocabulary.registry_facts import (
    CellFacts,
    ComponentFacts,
    UnitFacts,
    VehicleFacts,
)

PIECE = 500
"""Ids of one piece."""


class RegistryFormatError(ValueError):
    """A written registry is not of this release."""


class _Written(msgspec.Struct, frozen=True):
    version: int
    units: tuple[UnitFacts, ...]
    cells: tuple[CellFacts, ...]
    components: tuple[ComponentFacts, ...]
    vehicles: tuple[VehicleFacts, ...]
    devices: tuple[Device, ...]


class _Numbered(Protocol):
    """Whatever has an id."""

    @property
    def id(self) -> int: ...


Row = TypeVar("Row", bound=_Numbered)


def registry_pieces(snapshot: Snapshot) -> list[bytes]:
    """Return what cases are placed by as octets, cut so that few change at once."""
    lists: dict[str, Iterable[_Numbered]] = {
        "units": snapshot.units.values(),
        "cells": snapshot.cells.values(),
        "components": snapshot.components.values(),
        "vehicles": snapshot.vehicles.values(),
        "devices": snapshot.devices.values(),
    }
    pieces = [b'{"version":%d' % snapshot.version]
    for name, rows in lists.items():
        pieces.append(b',"%s":[' % name.encode())
        pieces += _cut(rows)
        pieces.append(b"]")
    return [*pieces, b"}"]


def registry_from(octets: bytes) -> Snapshot:
    """Return the registry that `registry_pieces` gave, as far as it was written.

    Raises:
        RegistryFormatError: If this release cannot read it.
    """
    try:
        found = msgspec.json.decode(octets, type=_Written)
    except msgspec.DecodeError as error:
        raise RegistryFormatError(f"not a written registry: {error}") from error
    return Snapshot(
        version=found.version,
        units={unit.id: unit for unit in found.units},
        cells={cell.id: cell for cell in found.cells},
        components={component.id: component for component in found.components},
        vehicles={vehicle.id: vehicle for vehicle in found.vehicles},
        devices={device.id: device for device in found.devices},
    )


def _cut(rows: Iterable[Row]) -> Iterator[bytes]:
    """Yield rows as octets, those with neighbouring ids together."""
    comma = b""
    ordered = sorted(rows, key=lambda row: row.id)
    for _, some in groupby(ordered, key=lambda row: row.id // PIECE):
        yield comma + msgspec.json.encode(list(some))[1:-1]
        comma = b","
