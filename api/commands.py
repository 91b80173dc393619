"""Commands: telling a device something, and how far that has come.

`sent` is not `done`: a command is done when its effect was seen in what the device
itself reports.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.access import Caller, Department, Viewer
from api.answer import Page, answer, answer_page
from api.parts import Database, Held
from api.problems import Fault, Kind, ProblemError, not_found
from api.queries import NewestPageQuery
from store.commands.ask import (
    Asker,
    KeyReusedError,
    Target,
    Wish,
    ask_command,
    cancel_command,
    target,
)
from store.commands.read import (
    CommandRow,
    CommandStepRow,
    command,
    command_steps,
    commands,
)
from store.connection import Connection
from vocabulary.command import AnyOrder, State
from vocabulary.command_ability import abilities, words
from vocabulary.command_effect import expected_effect

router = APIRouter(tags=["commands"])

LASTS_S = 3600
"""How long a command may be done, if its asker does not say."""

LONGEST_S = 30 * 86400
"""How long a command may be done at most."""

Code = Annotated[str, Path(min_length=1, max_length=100)]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Your own name for this wish: sent again, nothing is done twice.",
    ),
]


class CommandIn(BaseModel, extra="forbid"):
    """What a device shall do."""

    order: dict[str, object] = Field(
        description='Such as {"what": "dim", "pct": 40}; see docs/api.md.'
    )
    expires_in_s: int = Field(
        LASTS_S, ge=1, le=LONGEST_S, description="After this it is not done any more."
    )


class CommandQuery(NewestPageQuery, extra="forbid"):
    """Which commands."""

    device: str | None = Field(None, max_length=100, description="Of this device.")
    state: State | None = Field(None, description="In this state.")


class DeviceCommandQuery(NewestPageQuery, extra="forbid"):
    """Which commands of one device."""

    state: State | None = Field(None, description="In this state.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDetail:
    """One command and every step it took.

    Attributes:
        command: What is asked, and how far it has come.
        steps: Oldest first.
    """

    command: CommandRow
    steps: Sequence[CommandStepRow]


@router.post("/devices/{code}/commands", response_model=CommandDetail, status_code=201)
async def ask(
    parts: Held,
    database: Database,
    caller: Department,
    code: Code,
    *,
    body: CommandIn,
    key: Key,
) -> Response:
    """Tell a device something; 200 and the same command if the key is known already."""
    device = await _target(database, code, caller)
    order = _order(body.order, device)
    at = parts.clock()
    wish = Wish(
        device_id=device.id,
        order=order,
        effect=expected_effect(
            order,
            quantities=device.quantities,
            expected_interval_s=device.expected_interval_s,
        ),
        key=key,
        asked_at=at,
        expires_at=at + timedelta(seconds=body.expires_in_s),
    )
    asker = Asker(name=caller.name, key=caller.key, role=caller.role)
    try:
        command_id, is_new = await ask_command(database, wish, asker)
    except KeyReusedError as error:
        raise ProblemError(Kind.KEY_REUSED, str(error)) from error
    found = await _detail(database, command_id, caller)
    response = answer(found, status=201 if is_new else 200)
    response.headers["Location"] = f"/api/v1/commands/{command_id}"
    return response


@router.get("/devices/{code}/commands", response_model=Page[CommandRow])
async def list_of_device(
    request: Request,
    database: Database,
    caller: Viewer,
    code: Code,
    query: Annotated[DeviceCommandQuery, Query()],
) -> Response:
    """List what a device was told, newest first."""
    await _target(database, code, caller)
    rows = await commands(
        database,
        scope=caller.unit_id,
        device=code,
        state=query.state,
        before=query.after,
        limit=query.limit + 1,
    )
    return _page(request, rows, query.limit)


@router.get("/commands", response_model=Page[CommandRow])
async def list_commands(
    request: Request,
    database: Database,
    caller: Viewer,
    query: Annotated[CommandQuery, Query()],
) -> Response:
    """List commands, newest first."""
    rows = await commands(
        database,
        scope=caller.unit_id,
        device=query.device,
        state=query.state,
        before=query.after,
        limit=query.limit + 1,
    )
    return _page(request, rows, query.limit)


@router.get("/commands/{command_id}", response_model=CommandDetail)
async def one_command(database: Database, caller: Viewer, command_id: UUID) -> Response:
    """Show one command with every step it took."""
    return answer(await _detail(database, str(command_id), caller))


@router.delete("/commands/{command_id}", response_model=CommandDetail)
async def cancel(
    parts: Held, database: Database, caller: Department, command_id: UUID
) -> Response:
    """Take a command back that was not said yet; 409 once it was, or may have been."""
    found = await _detail(database, str(command_id), caller)
    is_cancelled = await cancel_command(
        database, found.command.number, by=caller.name, at=parts.clock()
    )
    now = await _detail(database, str(command_id), caller)
    if not is_cancelled:
        raise ProblemError(
            Kind.TOO_LATE,
            f"it is {now.command.state} and was said {now.command.tries} times;"
            " only what was never said can be taken back",
        )
    return answer(now)


async def _target(database: Connection, code: str, caller: Caller) -> Target:
    """Return a device that the caller may see the commands of."""
    found = await target(database, code)
    if found is None or caller.unit_id not in {None, *found.units}:
        raise not_found("device in service", code)
    return found


def _order(body: dict[str, object], device: Target) -> AnyOrder:
    """Return the order that a body asks for, if the device can be told it."""
    able = abilities(device.kind, device.transport, device.format)
    can = words(able)
    try:
        order: AnyOrder = msgspec.convert(body, AnyOrder)
    except msgspec.ValidationError as error:
        fault = Fault("body.order", str(error), f"`what` is one of {', '.join(can)}")
        raise ProblemError(
            Kind.INVALID, fault.wrong, errors=[fault], allowed=can
        ) from error
    if not isinstance(order, able):
        told = ", ".join(can) or "nothing"
        raise ProblemError(
            Kind.CANNOT, f"{device.code} can be told {told}", allowed=can
        )
    return order


async def _detail(
    database: Connection, command_id: str, caller: Caller
) -> CommandDetail:
    found = await command(database, command_id, scope=caller.unit_id)
    if found is None:
        raise not_found("command", command_id)
    steps = await command_steps(database, found.number)
    return CommandDetail(command=found, steps=steps)


def _page(request: Request, rows: Sequence[CommandRow], limit: int) -> Response:
    last = rows[limit - 1].number if len(rows) > limit else 0
    return answer_page(request, rows, limit=limit, after=str(last))
