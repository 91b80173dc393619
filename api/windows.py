"""Maintenance windows: while somebody works there, hits are recorded and not filed."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from api.access import Caller, Department, Viewer
from api.answer import Page as PageOf
from api.answer import answer, answer_page
from api.parts import Database, Held
from api.problems import Fault, Kind, ProblemError, not_found
from api.queries import Instant, NewestPageQuery
from store.access import Role
from store.connection import Connection
from store.rules.window_targets import TargetCodes, WindowTarget, window_target
from store.rules.windows import (
    NewWindow,
    WindowDetail,
    WindowRow,
    end_window,
    insert_window,
    window,
    window_detail,
    windows,
)

router = APIRouter(prefix="/windows", tags=["rules"])

LONGEST = timedelta(days=30)
"""A window is work with an end, not a way to silence a device."""

MAY_NAME_ANYTHING = (Role.DISPATCHER, Role.SUPERVISOR, Role.ADMIN)
"""Roles that may keep back a whole cell or rule, and matters of safety."""

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)
]
Code = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
WindowId = Annotated[int, Path(ge=1, lt=2**63)]


class WindowIn(BaseModel, extra="forbid"):
    """What is worked at, from when to when, and why."""

    component: Code = Field("", description="Code of a component; empty for any.")
    circuit: Code = Field(
        "", description="Code of a device: it and all that hangs from it."
    )
    gateway: Code = Field(
        "", description="Code of a gateway: it and every device it speaks for."
    )
    device: Code = Field("", description="Code of a device alone.")
    cell: Code = Field("", description="Code of a grid cell.")
    rule: Code = Field("", description="Code of a rule.")
    safety: bool = Field(
        default=False, description="Keep matters of safety back as well."
    )
    from_at: Instant | None = Field(None, description="Now, if left out.")
    until_at: Instant
    reason: Text


class WindowQuery(NewestPageQuery, extra="forbid"):
    """Which windows."""

    over: bool | None = Field(
        None, description="false: only those that last or are to come."
    )


@router.get("", response_model=PageOf[WindowRow])
async def list_windows(
    request: Request,
    parts: Held,
    database: Database,
    caller: Viewer,
    query: Annotated[WindowQuery, Query()],
) -> Response:
    """List windows, newest first, with what each has kept back."""
    rows = await windows(
        database,
        scope=caller.unit_id,
        before=query.after,
        not_over_at=parts.clock() if query.over is False else None,
        limit=query.limit + 1,
    )
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


@router.get("/{window_id}", response_model=WindowDetail)
async def one_window(
    database: Database, caller: Viewer, window_id: WindowId
) -> Response:
    """Show one window with the alarms it kept back, and what became of each."""
    found = await window_detail(database, window_id, scope=caller.unit_id)
    if found is None:
        raise not_found("window", window_id)
    return answer(found)


@router.post("", response_model=WindowRow, status_code=201)
async def add_window(
    parts: Held, database: Database, caller: Department, body: WindowIn
) -> Response:
    """Open a window. A unit's token may name what that unit has a part in only."""
    at = parts.clock()
    from_at = body.from_at or at
    target = await window_target(
        database,
        TargetCodes(
            component=body.component,
            circuit=body.circuit,
            gateway=body.gateway,
            device=body.device,
            cell=body.cell,
            rule=body.rule,
        ),
    )
    faults = _faults(body, target, from_at, at)
    if faults:
        raise ProblemError(Kind.INVALID, faults[0].wrong, errors=faults)
    _refuse_strangers(caller, target, safety=body.safety)
    async with database.transaction():
        window_id = await insert_window(
            database,
            NewWindow(
                component_id=target.component_id,
                circuit_id=target.circuit_id,
                gateway_id=target.gateway_id,
                device_id=target.device_id,
                cell_id=target.cell_id,
                rule=target.rule,
                safety=body.safety,
                from_at=from_at,
                until_at=body.until_at,
                reason=body.reason,
                owner=caller.name,
                unit_id=caller.unit_id,
            ),
            at=at,
        )
    response = answer(await _seen(database, window_id, caller), status=201)
    response.headers["Location"] = f"/api/v1/windows/{window_id}"
    return response


@router.delete("/{window_id}", response_model=WindowRow)
async def end(
    parts: Held, database: Database, caller: Department, window_id: WindowId
) -> Response:
    """End a window now: what it kept back and still stands is filed."""
    await _seen(database, window_id, caller)
    async with database.transaction():
        is_ended = await end_window(
            database, window_id, by=caller.name, at=parts.clock()
        )
    if not is_ended:
        raise ProblemError(Kind.WINDOW_OVER, f"window {window_id} is over already")
    return answer(await _seen(database, window_id, caller))


async def _seen(database: Connection, window_id: int, caller: Caller) -> WindowRow:
    found = await window(database, window_id, scope=caller.unit_id)
    if found is None:
        raise not_found("window", window_id)
    return found


def _faults(
    body: WindowIn, target: WindowTarget, from_at: datetime, at: datetime
) -> list[Fault]:
    """Return everything that is wrong with a window at once."""
    faults = [
        Fault(f"body.{name}", f"nothing has the code {getattr(body, name)!r}", "a code")
        for name in target.unknown
    ]
    named = body.component, body.circuit, body.gateway, body.device, body.cell
    if not (any(named) or body.rule):
        right = "a component, circuit, gateway, device, cell or rule"
        faults.append(Fault("body", "names nothing", right))
    if body.until_at <= max(from_at, at):
        faults.append(Fault("body.until_at", "is over", "after now and from_at"))
    if body.until_at - from_at > LONGEST:
        right = f"at most {LONGEST.days} days after from_at"
        faults.append(Fault("body.until_at", "lasts too long", right))
    return faults


def _refuse_strangers(caller: Caller, target: WindowTarget, *, safety: bool) -> None:
    """Refuse what is not this token's to keep back.

    Raises:
        ProblemError: If it is not.
    """
    if safety and caller.role not in MAY_NAME_ANYTHING:
        raise ProblemError(
            Kind.NOT_ALLOWED, "only a dispatcher or above keeps back matters of safety"
        )
    if caller.unit_id is not None and caller.unit_id not in target.parties:
        raise ProblemError(
            Kind.NOT_ALLOWED,
            f"unit {caller.unit_code} has no part in what the window names; name a"
            " component, a circuit or a device of its own",
        )
