"""What the platform has told a terminal, and what the terminal answers."""

from dataclasses import dataclass, field
from typing import TypeAlias

from ingest.protocols.jt808 import (
    Body,
    Location,
    Message,
    ParameterAnswer,
    PositionAnswer,
    PositionQuery,
    QueryParameters,
    Result,
    SetParameters,
    TerminalReply,
    TextMessage,
)
from ingest.protocols.jt808.areas import (
    DropCircles,
    DropPolygons,
    DropRectangles,
    SetCircles,
    SetPolygon,
    SetRectangles,
)
from ingest.protocols.jt808.parameters import Parameter, parameter_of
from ingest.protocols.jt808.route import DropRoutes, SetRoute

Area: TypeAlias = SetCircles | SetRectangles | SetPolygon | SetRoute


def _parameters() -> dict[int, Parameter]:
    usual = (
        parameter_of("heartbeat_interval_s", 60),
        parameter_of("report_interval_s", 10),
        parameter_of("speed_limit_kmh", 60),
    )
    return {parameter.id: parameter for parameter in usual}


@dataclass(slots=True)
class Cab:
    """The driver's screen, and the terminal's settings.

    Attributes:
        last: The last report; None before the first.
        texts: Shown to the driver.
        parameters: By id.
        areas: Watched by the terminal, as they were set.
    """

    last: Location | None = None
    texts: list[str] = field(default_factory=list)
    parameters: dict[int, Parameter] = field(default_factory=_parameters)
    areas: list[Area] = field(default_factory=list)

    def obey(self, message: Message) -> Body:
        """Do what the platform says; return what to answer."""
        answered = message.header.serial
        match message.body:
            case PositionQuery() if self.last:
                return PositionAnswer(answered=answered, location=self.last)
            case QueryParameters():
                known = tuple(self.parameters.values())
                return ParameterAnswer(answered=answered, parameters=known)
            case TextMessage():
                self.texts.append(message.body.text)
            case SetParameters():
                for parameter in message.body.parameters:
                    self.parameters[parameter.id] = parameter
            case SetCircles() | SetRectangles() | SetPolygon() | SetRoute():
                self.areas.append(message.body)
            case DropCircles() | DropRectangles() | DropPolygons() | DropRoutes():
                self.areas.clear()
            case _:
                return _reply(message, Result.UNSUPPORTED)
        return _reply(message, Result.OK)


def _reply(message: Message, result: Result) -> TerminalReply:
    header = message.header
    return TerminalReply(
        answered=header.serial, answered_id=header.message_id, result=result
    )
