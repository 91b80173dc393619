"""What a hit is about: the subject, its class, its point and its grid cell. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from cases.request import CaseType, FilingRequest, Problem
from cases.routing import ClassKey, Routing
from devices.registry.snapshot import Snapshot
from vocabulary.device import Device
from vocabulary.registry_facts import CellFacts, ComponentFacts, VehicleFacts

Point: TypeAlias = tuple[float, float]
"""Degrees east and north, WGS-84."""


class SubjectKind(StrEnum):
    """What a case is about; stored in `case_file.subject_kind`."""

    COMPONENT = "component"
    DEVICE = "device"
    VEHICLE = "vehicle"
    GATEWAY = "gateway"  # of a group: whoever speaks for its members
    AREA = "area"  # of a storm: a sub-district, 0 for the whole city


@dataclass(frozen=True, slots=True)
class Subject:
    """The device that told, and what it watches or rides on.

    Attributes:
        device: The device.
        component: The component (部件) it watches, if any.
        vehicle: The vehicle it rides on, if any.
    """

    device: Device
    component: ComponentFacts | None
    vehicle: VehicleFacts | None

    @property
    def name(self) -> tuple[SubjectKind, int]:
        """What the case is about, and that one's id."""
        if self.component is not None:
            return SubjectKind.COMPONENT, self.component.id
        if self.vehicle is not None:
            return SubjectKind.VEHICLE, self.vehicle.id
        return SubjectKind.DEVICE, self.device.id


def subject_of(device_id: int, snapshot: Snapshot) -> Subject | None:
    """Return a device with what it watches or rides on; None if unregistered."""
    device = snapshot.devices.get(device_id)
    if device is None:
        return None
    return Subject(
        device,
        snapshot.components.get(device.component_id or 0),
        snapshot.vehicles.get(device.vehicle_id or 0),
    )


def filed_under(
    problem: Problem, subject: Subject, routing: Routing
) -> tuple[ClassKey, str] | None:
    """Return the class and condition a problem is filed under; None if it has none."""
    component, condition = subject.component, problem.condition
    if problem.class_code is None:
        found = _class_of(subject, routing)
        return (found, condition) if found is not None else None
    named = problem.type, problem.scheme, problem.class_code
    if component is not None and component.scheme == problem.scheme:
        files = routing.instead_of(named, condition, component.class_code)
        if files is not None:
            return _component_class(component), files
    return named, condition


def point_of(request: FilingRequest, subject: Subject) -> Point | None:
    """Return where it is; None if neither the request nor the registry knows.

    A device inherits the surveyed place of its component and never overwrites it; only
    what moves is where its own fix says.
    """
    told = _point(request.lon, request.lat)
    if subject.vehicle is not None:
        return told
    device, component = subject.device, subject.component
    surveyed = (component.lon, component.lat) if component is not None else None
    return surveyed or _point(device.lon, device.lat) or told


def cell_of(
    subject: Subject, point: Point | None, snapshot: Snapshot
) -> CellFacts | None:
    """Return the grid cell: the registered one, or else the one around the point."""
    component = subject.component
    cell_id = component.cell_id if component is not None else None
    if cell_id is None:
        cell_id = subject.device.cell_id
    if cell_id is None and point is not None:
        cell_id = snapshot.cell_at(*point)
    return snapshot.cells.get(cell_id or 0)


def _class_of(subject: Subject, routing: Routing) -> ClassKey | None:
    if subject.component is not None:
        return _component_class(subject.component)
    return routing.class_of_unattached(subject.device.kind)


def _component_class(component: ComponentFacts) -> ClassKey:
    return CaseType.COMPONENT, component.scheme, component.class_code


def _point(lon: float | None, lat: float | None) -> Point | None:
    return None if lon is None or lat is None else (lon, lat)
