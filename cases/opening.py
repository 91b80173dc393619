"""What a new case is made of, and what a later hit makes of it. Pure."""

from dataclasses import replace
from datetime import date, tzinfo

from cases.acts import Open
from cases.move_table import OPENINGS, Move, Role
from cases.number import UNKNOWN_COUNTY, day_of
from cases.placing import Place
from cases.refusal import Ask, Standing, decide
from cases.request import SEVERITIES, FilingRequest, Severity
from cases.stage import Stage
from devices.registry.snapshot import Snapshot
from store.cases.rows import Finding, LockedCase, NewCase, NewStep

COUNTY_DIGITS = 6
"""How many digits of a grid cell's code name its county (GB/T 2260)."""

ACTOR = "rules"
"""Who the machine is in `case_step.actor`."""


def number_series(
    request: FilingRequest,
    place: Place,
    snapshot: Snapshot,
    *,
    county: str | None,
    zone: tzinfo,
) -> tuple[str, date]:
    """Return the county and day whose numbers a new case takes.

    Args:
        request: The hit.
        place: The case's place; its cell tells the county.
        snapshot: The registry; if need be, any of its cells tells the county.
        county: Six digits to take where the case lies in no cell.
        zone: The city's time zone.
    """
    day = day_of(request.at, zone)
    if place.cell is not None:
        return place.cell.code[:COUNTY_DIGITS], day
    if county is not None:
        return county, day
    cell = next(iter(snapshot.cells.values()), None)
    return (cell.code[:COUNTY_DIGITS] if cell is not None else UNKNOWN_COUNTY), day


def opening_steps(request: FilingRequest, place: Place) -> list[NewStep]:
    """Return the steps the machine takes: collect, file, and dispatch if it may."""
    by = f"{request.rule} v{request.rule_version}"
    stage = OPENINGS[Move.COLLECT].to
    steps = [_step(request, place, Move.COLLECT, (None, stage), by)]
    notes = {Move.FILE: by}
    if place.automatic:
        notes[Move.DISPATCH] = place.route.reason
    for move, note in notes.items():
        to = _decided(stage, move, place, unit_id=place.route.unit_id)
        steps.append(_step(request, place, move, (stage, to), note))
        stage = to
    return steps


def reopening_steps(
    request: FilingRequest, place: Place, case: LockedCase
) -> list[NewStep]:
    """Return the steps the machine takes on a closed case whose problem is back.

    It stays with the unit that had it; that one's repair did not hold.
    """
    stage = Stage(case.stage)
    notes = {Move.REOPEN: f"{request.rule} v{request.rule_version}"}
    if place.automatic:
        notes[Move.DISPATCH] = case.unit_reason
    steps = []
    for move, note in notes.items():
        to = _decided(stage, move, place, unit_id=case.unit_id, came_back=True)
        step = _step(request, place, move, (stage, to), note)
        steps.append(replace(step, unit_id=case.unit_id))
        stage = to
    return steps


def new_case(request: FilingRequest, opened: Open, *, number: str) -> NewCase:
    """Return the row of a new case."""
    place = opened.place
    lon, lat = place.point or (None, None)
    return NewCase(
        number=number,
        key=place.key,
        finding=finding_of(request),
        device_id=request.device_id,
        cell_id=place.cell.id if place.cell is not None else None,
        lon=lon,
        lat=lat,
        unit_id=place.route.unit_id,
        unit_reason=place.route.reason,
        stage=opened.steps[-1].to_stage,
        rule=request.rule,
        rule_version=request.rule_version,
        opened_at=request.at,
        measured_at=request.measured_at,
        simulated=place.subject.device.simulated,
        shape=request.shape,
        repeat_of=opened.repeat_of,
    )


def finding_of(request: FilingRequest) -> Finding:
    """Return what a case says that was opened by this hit."""
    return Finding(
        severity=request.severity,
        title_zh=request.files.title_zh,
        title_en=request.files.title_en,
        reason_zh=request.reason_zh,
        reason_en=request.reason_en,
    )


def worse_of(case: LockedCase, request: FilingRequest) -> Finding:
    """Return what an open case says after another hit: the worse of both.

    A case never becomes less severe by itself; the first of two equals keeps its words.
    """
    rank = SEVERITIES.index
    if rank(request.severity) > rank(Severity(case.severity)):
        return finding_of(request)
    return Finding(
        severity=case.severity,
        title_zh=case.title_zh,
        title_en=case.title_en,
        reason_zh=case.reason_zh,
        reason_en=case.reason_en,
    )


def _decided(
    stage: Stage, move: Move, place: Place, *, unit_id: int, came_back: bool = False
) -> Stage:
    """The machine obeys the same table as everybody."""
    standing = Standing(
        stage=stage,
        unit_id=unit_id,
        condition=place.key.condition,
        recovered=False,
        moves=(),
        came_back=came_back,
    )
    return decide(standing, Ask(move=move, role=Role.RULES, unit_id=None)).to


def _step(
    request: FilingRequest,
    place: Place,
    move: Move,
    stages: tuple[Stage | None, Stage],
    note: str,
) -> NewStep:
    return NewStep(
        taken_at=request.at,
        move=move,
        from_stage=stages[0],
        to_stage=stages[1],
        actor=ACTOR,
        role=Role.RULES,
        unit_id=place.route.unit_id,
        worker="",
        note=note,
        seq=request.seq,
    )
