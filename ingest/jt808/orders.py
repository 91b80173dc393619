"""What a command says on the wire, and what its answer says to people: pure.

    kind             body                                       messages
    text             {"text": "…", "flags": ["read_aloud"]}     0x8300
    position         {}                                         0x8201
    parameters       {}                                         0x8104
    set_parameters   {"report_interval_s": 10, …}               0x8103
    geofence         {"code": "…", "speed_kmh": 40}             0x8600, 02, 04 or 06
    drop_geofences   {}                                         0x8601, 03, 05, 07

A geofence without a code is the work area of the vehicle the terminal rides on.
"""

from collections.abc import Callable, Mapping

import orjson

from devices.registry.snapshot import Snapshot
from ingest.protocols.jt808 import (
    Body,
    FieldError,
    Message,
    ParameterAnswer,
    PositionAnswer,
    PositionQuery,
    QueryParameters,
    Result,
    SetParameters,
    TerminalReply,
    TextFlag,
    TextMessage,
    position_of,
)
from ingest.protocols.jt808.areas import DropCircles, DropPolygons, DropRectangles
from ingest.protocols.jt808.fences import Watch, area_messages
from ingest.protocols.jt808.parameters import parameter_of
from ingest.protocols.jt808.route import DropRoutes
from ingest.protocols.jt808.text_message import NOTICE
from store.commands.terminal import Command, CommandKind, CommandResult
from vocabulary.device import Device

MAX_TEXT = 500
"""Longest text, in characters: each has two octets, and a text at most 1024."""

_SHOWN = TextFlag.ON_SCREEN | TextFlag.READ_ALOUD


class OrderError(ValueError):
    """A command cannot be said to a terminal."""


def order_bodies(command: Command, device: Device, snapshot: Snapshot) -> list[Body]:
    """Return the messages that say a command.

    Args:
        command: What to say.
        device: The terminal.
        snapshot: The registry.

    Raises:
        OrderError: If it cannot be said.
    """
    body = orjson.loads(command.body)
    if not isinstance(body, dict):
        raise OrderError("the body is no JSON object")
    try:
        return _WORDS[command.kind](body, device, snapshot)
    except OrderError:
        raise
    except ValueError as error:
        raise OrderError(str(error)) from error


def outcome_from(
    message: Message,
) -> tuple[CommandResult, Mapping[str, object] | None]:
    """Return what a terminal's answer to a command says."""
    match message.body:
        case TerminalReply():
            return _RESULTS.get(message.body.result, CommandResult.FAILED), None
        case ParameterAnswer():
            said = {
                each.name: each.octets.hex() if each.value is None else each.value
                for each in message.body.parameters
            }
            return CommandResult.OK, said
        case PositionAnswer():
            return CommandResult.OK, _position(message, message.body)
        case _:
            raise AssertionError(message)


def answered_serial(message: Message) -> int:
    """Return the serial number of the message of ours that an answer is to."""
    match message.body:
        case TerminalReply() | ParameterAnswer() | PositionAnswer():
            return message.body.answered
        case _:
            raise AssertionError(message)


def _position(message: Message, body: PositionAnswer) -> Mapping[str, object]:
    try:
        position = position_of(body.location, message.header.terminal)
    except FieldError as error:
        return {"error": str(error)}
    if position is None:
        return {"fixed": False}
    return {
        "fixed": True,
        "fixed_at": position.fixed_at,
        "lon": position.lon,
        "lat": position.lat,
        "speed_kmh": position.speed_kmh,
    }


def _text(
    body: Mapping[str, object], _device: Device, _snapshot: Snapshot
) -> list[Body]:
    text, flags = body.get("text"), body.get("flags")
    if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT:
        raise OrderError(f"text is not 1 to {MAX_TEXT} characters")
    if flags is None:
        return [TextMessage(flags=_SHOWN, category=NOTICE, text=text)]
    known = {str(flag.name).lower(): flag for flag in TextFlag}
    if not isinstance(flags, list) or not all(flag in known for flag in flags):
        raise OrderError(f"flags are not some of {', '.join(known)}")
    bits = TextFlag(sum({known[flag] for flag in flags}))
    return [TextMessage(flags=bits, category=NOTICE, text=text)]


def _set_parameters(
    body: Mapping[str, object], _device: Device, _snapshot: Snapshot
) -> list[Body]:
    parameters = []
    for name, value in body.items():
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise OrderError(f"{name} is neither a number nor a text")
        parameters.append(parameter_of(name, value))
    if not parameters:
        raise OrderError("there is no parameter to set")
    return [SetParameters(tuple(parameters))]


def _geofence(
    body: Mapping[str, object], device: Device, snapshot: Snapshot
) -> list[Body]:
    code, speed_kmh = body.get("code"), body.get("speed_kmh")
    if speed_kmh is not None and (
        not isinstance(speed_kmh, int) or not 0 < speed_kmh < 1 << 16
    ):
        raise OrderError("speed_kmh is no whole number of km/h")
    if code is None:
        vehicle = snapshot.vehicles.get(device.vehicle_id or 0)
        fence = snapshot.geofences.get(vehicle.area_id or 0) if vehicle else None
    else:
        fences = snapshot.geofences.values()
        fence = next((each for each in fences if each.code == code), None)
    if fence is None:
        raise OrderError(f"there is no geofence {code or 'of its vehicle'}")
    return [*area_messages(fence, Watch(speed_kmh=speed_kmh, datum=device.datum))]


def _drop_geofences(
    _body: Mapping[str, object], _device: Device, _snapshot: Snapshot
) -> list[Body]:
    return [DropCircles(), DropRectangles(), DropPolygons(), DropRoutes()]


_WORDS: Mapping[
    CommandKind, Callable[[Mapping[str, object], Device, Snapshot], list[Body]]
] = {
    CommandKind.TEXT: _text,
    CommandKind.POSITION: lambda _body, _device, _snapshot: [PositionQuery()],
    CommandKind.PARAMETERS: lambda _body, _device, _snapshot: [QueryParameters()],
    CommandKind.SET_PARAMETERS: _set_parameters,
    CommandKind.GEOFENCE: _geofence,
    CommandKind.DROP_GEOFENCES: _drop_geofences,
}

_RESULTS: Mapping[int, CommandResult] = {
    Result.OK: CommandResult.OK,
    Result.FAILED: CommandResult.FAILED,
    Result.MALFORMED: CommandResult.MALFORMED,
    Result.UNSUPPORTED: CommandResult.UNSUPPORTED,
}
