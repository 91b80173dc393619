"""What a case keeps to explain itself, as JSON bodies of `evidence`. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import orjson

from cases.evidence_bodies import (
    CommandBody,
    HitBody,
    Named,
    RegistryBody,
    RuleBody,
    SamplesBody,
    SubjectBody,
)
from cases.placing import Place
from cases.request import FilingRequest
from cases.subject import SubjectKind
from devices.registry.snapshot import Snapshot
from store.alarms.evidence import FixSamples, ReadingSamples, Window
from store.commands.read import CommandRow, CommandStepRow
from vocabulary.quantity import QUANTITIES, Quantity
from vocabulary.registry_facts import CellFacts, ComponentFacts, UnitFacts, VehicleFacts

BEFORE = timedelta(minutes=30)
"""How far before the decision samples are evidence."""

AFTER = timedelta(minutes=5)
"""How far after it."""


class EvidenceKind(StrEnum):
    """What a piece of evidence is; stored in `evidence.kind`."""

    RULE = "rule"
    SAMPLES_BEFORE = "samples_before"
    SAMPLES_AFTER = "samples_after"
    REGISTRY = "registry"
    HIT = "hit"
    RECOVERED = "recovered"  # what the sensor said while back to normal for long enough


READING_COLUMNS = ("measured_at", "value", "quality")
"""What a sample of a series holds."""

FIX_COLUMNS = ("fixed_at", "lon", "lat", "speed_kmh", "quality")
"""What a sample of a track holds."""


def rule_body(
    request: FilingRequest, place: Place, *, command: CommandBody | None
) -> bytes:
    """Say which rule decided, on what."""
    return _json(
        RuleBody(
            rule=request.rule,
            rule_version=request.rule_version,
            source=request.rule_source,
            safety=request.safety,
            device=place.subject.device.code,
            quantity=request.quantity,
            value=request.value,
            threshold=request.threshold,
            severity=request.severity,
            measured_at=request.measured_at,
            reason_zh=request.reason_zh,
            reason_en=request.reason_en,
            command=command,
        )
    )


def hit_body(request: FilingRequest, *, command: CommandBody | None) -> bytes:
    """Say what became of an alarm."""
    return _json(
        HitBody(
            hit=request.kind,
            rule=request.rule,
            rule_version=request.rule_version,
            severity=request.severity,
            value=request.value,
            threshold=request.threshold,
            measured_at=request.measured_at,
            reason_zh=request.reason_zh,
            reason_en=request.reason_en,
            command=command,
        )
    )


def command_body(row: CommandRow, steps: Sequence[CommandStepRow]) -> CommandBody:
    """Say what the device was told, how far that has come and what was heard of it."""
    return CommandBody(
        id=row.id,
        number=row.number,
        device=row.device_code,
        order=row.order,
        state=row.state,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        effect=row.effect,
        heard_value=row.heard_value,
        heard_at=row.heard_at,
        steps=[(s.taken_at, s.state, s.actor, s.detail) for s in steps],
    )


def registry_body(place: Place, snapshot: Snapshot) -> bytes:
    """Say where it is and whose it is, and why theirs."""
    route = place.route
    return _json(
        RegistryBody(
            subject=_subject(place, snapshot),
            cell=_named(place.cell) if place.cell is not None else None,
            unit=_named(snapshot.units[route.unit_id]),
            unit_reason=route.reason,
            unit_reason_zh=route.words.zh,
            unit_reason_en=route.words.en,
            considered=[
                (who, _unit_code(unit_id, snapshot))
                for who, unit_id in route.considered
            ],
            registry_version=snapshot.version,
        )
    )


def window_before(request: FilingRequest) -> Window:
    """Return which samples led to the decision."""
    return Window(
        device_id=request.device_id,
        quantity=request.quantity,
        after=request.measured_at - BEFORE,
        until=request.measured_at,
        newest=True,
    )


def window_after(
    device_id: int, quantity: str | None, *, measured_at: datetime, until: datetime
) -> Window:
    """Return which samples followed it."""
    return Window(
        device_id=device_id,
        quantity=quantity,
        after=measured_at,
        until=until,
        newest=False,
    )


def samples_bodies(
    window: Window,
    readings: Sequence[ReadingSamples],
    fixes: FixSamples | None,
) -> list[bytes]:
    """Write down samples, one body for each series or track.

    Where there were none at all, one empty body says so.
    """
    bodies = [
        SamplesBody(
            what="reading",
            device_id=window.device_id,
            quantity=found.quantity,
            unit=_unit_of(found.quantity),
            after=window.after,
            until=window.until,
            left_off=found.left_off,
            columns=READING_COLUMNS,
            samples=found.rows,
        )
        for found in readings
    ]
    if fixes is not None or not bodies:
        bodies.append(_track(window, fixes))
    return [_json(body) for body in bodies]


def _track(window: Window, fixes: FixSamples | None) -> SamplesBody:
    return SamplesBody(
        what="position" if fixes is not None else "nothing",
        device_id=window.device_id,
        quantity=window.quantity,
        unit=_unit_of(window.quantity or ""),
        after=window.after,
        until=window.until,
        left_off=fixes is not None and fixes.left_off,
        columns=FIX_COLUMNS if fixes is not None else (),
        samples=fixes.rows if fixes is not None else (),
    )


def _subject(place: Place, snapshot: Snapshot) -> SubjectBody:
    component = place.subject.component
    kind = place.key.subject_kind
    named = _subject_named(place, snapshot)
    units: list[str | None] = [None, None, None]
    if component is not None:
        parties = component.maintainer_id, component.owner_id, component.authority_id
        units = [_unit_code(unit_id, snapshot) for unit_id in parties]
    return SubjectBody(
        kind=kind,
        code=named.code,
        name_zh=named.name_zh,
        name_en=named.name_en,
        address_zh=component.address_zh if component is not None else "",
        maintainer=units[0],
        owner=units[1],
        authority=units[2],
    )


def _subject_named(place: Place, snapshot: Snapshot) -> Named:
    subject, subject_id = place.subject, place.key.subject_id
    if place.key.subject_kind == SubjectKind.GATEWAY:
        return Named(*[subject.device.gateway] * 3)
    if place.key.subject_kind == SubjectKind.AREA:
        unit = snapshot.units.get(subject_id)
        return Named("", "全市", "the whole city") if unit is None else _named(unit)
    if subject.component is not None:
        return _named(subject.component)
    if subject.vehicle is not None:
        return _named(subject.vehicle)
    code = subject.device.code
    return Named(code, code, code)


def _named(facts: CellFacts | ComponentFacts | UnitFacts | VehicleFacts) -> Named:
    return Named(facts.code, facts.name_zh, facts.name_en)


def _unit_code(unit_id: int | None, snapshot: Snapshot) -> str | None:
    unit = snapshot.units.get(unit_id or 0)
    return unit.code if unit is not None else None


def _unit_of(quantity: str) -> str:
    known = quantity in Quantity.__members__.values()
    return QUANTITIES[Quantity(quantity)].unit if known else ""


def _json(
    body: RuleBody | HitBody | RegistryBody | SamplesBody,
) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)
