"""Find what a hit is about, where that is, and whose it is. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from cases.request import FilingRequest
from cases.routing import ClassKey, Route, Routing, Who, choose
from cases.subject import Point, Subject, cell_of, filed_under, point_of, subject_of
from devices.registry.snapshot import Snapshot
from store.cases.rows import ProblemKey
from vocabulary.registry_facts import CellFacts, UnitKind


class Unplaced(StrEnum):
    """Why a hit cannot become a case; its alarm stands all the same."""

    UNKNOWN_DEVICE = "unknown_device"  # retired, or never registered
    NO_CLASS = "no_class"  # its rule takes the component's class, and there is none
    NO_UNIT = "no_unit"  # not even a centre is registered
    NO_NUMBER = "no_number"  # the county's day has no number left


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a case is about, where it is, and whose it is.

    Attributes:
        key: The problem and its subject.
        subject: The subject in full.
        cell: The grid cell, if one holds the place.
        point: Where it is; None if nobody knows.
        route: The unit addressed, and why.
        automatic: Whether the machine may dispatch it.
        reopen_within: How soon after closing this problem reopens its case.
    """

    key: ProblemKey
    subject: Subject
    cell: CellFacts | None
    point: Point | None
    route: Route
    automatic: bool
    reopen_within: timedelta


def place(
    request: FilingRequest,
    snapshot: Snapshot,
    routing: Routing,
    *,
    last_fix: Point | None = None,
) -> Place | Unplaced:
    """Find what a hit is about, where that is, and whose it is.

    Args:
        request: The hit.
        snapshot: The registry.
        routing: The orders.
        last_fix: Where the device last was, in case nothing else says.
    """
    subject = subject_of(request.device_id, snapshot)
    if subject is None:
        return Unplaced.UNKNOWN_DEVICE
    filed = filed_under(request.files, subject, routing)
    if filed is None:
        return Unplaced.NO_CLASS
    class_key, condition = filed
    point = point_of(request, subject) or last_fix
    cell = cell_of(subject, point, snapshot)
    known = units_of(subject, cell, snapshot) | _units_by_code(
        routing, class_key, snapshot
    )
    route = choose(routing, class_key, known)
    if route is None:
        return Unplaced.NO_UNIT
    return Place(
        key=_key(request.subject or subject.name, class_key, condition),
        subject=subject,
        cell=cell,
        point=point,
        route=route,
        automatic=routing.is_automatic(class_key[0], condition),
        reopen_within=routing.reopen_within(class_key, condition),
    )


def units_of(
    subject: Subject, cell: CellFacts | None, snapshot: Snapshot
) -> dict[Who, int]:
    """Return the units that have a part in a case by where and what it is."""
    component, vehicle = subject.component, subject.vehicle
    parts: list[tuple[Who, int | None]] = []
    if component is not None:
        parts += [
            (Who.MAINTAINER, component.maintainer_id),
            (Who.OWNER, component.owner_id),
            (Who.AUTHORITY, component.authority_id),
        ]
    if cell is not None:
        parts.append((Who.SUBDISTRICT, cell.subdistrict_id))
    if vehicle is not None:
        parts.append((Who.OPERATOR, vehicle.unit_id))
    registered = snapshot.units
    return {who: unit for who, unit in parts if unit is not None and unit in registered}


def _units_by_code(
    routing: Routing, class_key: ClassKey, snapshot: Snapshot
) -> dict[Who, int]:
    rule = routing.rule_of(class_key)
    lines = rule.line if rule is not None else ()
    units = snapshot.units.values()
    centres = [unit.id for unit in units if unit.kind is UnitKind.CENTRE]
    centre = _first_of_codes(routing.order.centre, snapshot) or min(
        centres, default=None
    )
    parts = (Who.LINE, _first_of_codes(lines, snapshot)), (Who.CENTRE, centre)
    return {who: unit for who, unit in parts if unit is not None}


def _first_of_codes(codes: tuple[str, ...], snapshot: Snapshot) -> int | None:
    by_code = {unit.code: unit.id for unit in snapshot.units.values()}
    return next((by_code[code] for code in codes if code in by_code), None)


def _key(subject: tuple[str, int], class_key: ClassKey, condition: str) -> ProblemKey:
    (kind, subject_id), (type_, scheme, code) = subject, class_key
    return ProblemKey(
        subject_kind=kind,
        subject_id=subject_id,
        scheme=scheme,
        type=type_,
        class_code=code,
        condition=condition,
    )
