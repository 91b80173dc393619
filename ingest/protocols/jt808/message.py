"""Messages: a header and what its body says, both ways.

`MESSAGES` has every message we take in or send: what it is called and what reads it.
Whatever else comes is `Unknown`, with its octets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ingest.protocols.errors import ProtocolError
from ingest.protocols.jt808 import (
    area_octets,
    areas,
    login,
    parameters,
    replies,
    reports,
    resend,
    route,
    text_message,
)
from ingest.protocols.jt808.frame import MAX_BODY, pack
from ingest.protocols.jt808.header import (
    SERIALS,
    Edition,
    Header,
    check_body,
    header_from,
    header_octets,
)
from ingest.protocols.jt808.location import Location, location_from, location_octets
from ingest.protocols.jt808.octets import BodyReader, FieldError


@dataclass(frozen=True, slots=True)
class Unknown:
    """A message of a kind that we do not take in, as it came."""

    message_id: int
    octets: bytes


Body: TypeAlias = (
    replies.TerminalReply
    | replies.PlatformReply
    | replies.Heartbeat
    | replies.Deregistration
    | resend.ResendRequest
    | login.Registration
    | login.RegistrationReply
    | login.Authentication
    | Location
    | reports.LocationBatch
    | reports.PositionQuery
    | reports.PositionAnswer
    | parameters.SetParameters
    | parameters.QueryParameters
    | parameters.ParameterAnswer
    | text_message.TextMessage
    | areas.SetCircles
    | areas.DropCircles
    | areas.SetRectangles
    | areas.DropRectangles
    | areas.SetPolygon
    | areas.DropPolygons
    | route.SetRoute
    | route.DropRoutes
    | Unknown
)
"""What a message may say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One whole message.

    Attributes:
        header: Of its last sub-package, if it came in several.
        body: What it says.
        serials: Serial numbers of all it came in; each may be answered.
    """

    header: Header
    body: Body
    serials: tuple[int, ...]


class MessageError(ProtocolError):
    """A message with a right check code that says what cannot be.

    Attributes:
        header: Whose it is; None if it could not even be told.
        serials: Serial numbers of all it came in.
    """

    def __init__(
        self,
        error: FieldError,
        octets: bytes,
        header: Header | None,
        serials: tuple[int, ...] = (),
    ) -> None:
        super().__init__(error.reason, str(error), octets)
        self.header = header
        self.serials = serials or ((header.serial,) if header else ())


def header_of(message: bytes) -> tuple[Header, bytes]:
    """Return the header of a message and its body.

    Raises:
        MessageError: If the header is not that of such a body.
    """
    reader = BodyReader(message)
    header = None
    try:
        header, attributes = header_from(reader)
        check_body(attributes, reader.left)
    except FieldError as error:
        raise MessageError(error, pack(message), header) from error
    return header, reader.rest()


def body_of(header: Header, octets: bytes) -> Body:
    """Return what a whole body says.

    Raises:
        FieldError: If it says what cannot be.
    """
    if header.message_id not in MESSAGES:
        return Unknown(header.message_id, octets)
    _, read = MESSAGES[header.message_id]
    return read(BodyReader(octets), header.edition)


def decode(message: bytes) -> Message:
    """Read one message that is whole, without its check code.

    Raises:
        MessageError: If it says what cannot be.
    """
    header, octets = header_of(message)
    return message_from(header, octets, serials=(header.serial,), source=pack(message))


def message_from(
    header: Header, octets: bytes, *, serials: tuple[int, ...], source: bytes
) -> Message:
    """Read a whole body.

    Args:
        header: Of the message, or of its last sub-package.
        octets: The body, whole.
        serials: Serial numbers of all it came in.
        source: What to keep of it if it says what cannot be.

    Raises:
        MessageError: If it does.
    """
    try:
        body = body_of(header, octets)
    except FieldError as error:
        raise MessageError(error, source, header, serials) from error
    return Message(header=header, body=body, serials=serials)


def encode(body: Body, *, terminal: str, serial: int, edition: Edition) -> list[bytes]:
    """Return a message as it is sent: one frame, or its sub-packages.

    Args:
        body: What to say.
        terminal: Phone number of the terminal it is from or for.
        serial: Of the message, or of its first sub-package.
        edition: Which the terminal speaks.
    """
    octets = body_octets(body, edition)
    pieces = [octets[n : n + MAX_BODY] for n in range(0, len(octets), MAX_BODY)]
    total = len(pieces) if len(pieces) > 1 else 0
    frames = []
    for number, piece in enumerate(pieces or [b""], start=1):
        header = Header(
            message_id=body.message_id,
            edition=edition,
            terminal=terminal,
            serial=(serial + number - 1) % SERIALS,
            protocol_version=1 if edition is Edition.OF_2019 else 0,
            total=total,
            number=number if total else 0,
        )
        frames.append(pack(header_octets(header, len(piece)) + piece))
    return frames


def body_octets(body: Body, edition: Edition) -> bytes:  # noqa: C901, PLR0911, PLR0912 - a table by type, which a match checks for being whole
    """Return a body as it is sent in an edition."""
    match body:
        case replies.TerminalReply() | replies.PlatformReply():
            return replies.reply_octets(body)
        case resend.ResendRequest():
            return resend.resend_request_octets(body, edition)
        case login.Registration():
            return login.registration_octets(body)
        case login.RegistrationReply():
            return login.registration_reply_octets(body)
        case login.Authentication():
            return login.authentication_octets(body, edition)
        case Location():
            return location_octets(body)
        case reports.LocationBatch():
            return reports.batch_octets(body)
        case reports.PositionAnswer():
            return reports.answer_octets(body)
        case parameters.SetParameters():
            return parameters.set_parameters_octets(body)
        case parameters.ParameterAnswer():
            return parameters.parameter_answer_octets(body)
        case text_message.TextMessage():
            return text_message.text_message_octets(body, edition)
        case areas.SetCircles():
            return area_octets.circles_octets(body, edition)
        case areas.SetRectangles():
            return area_octets.rectangles_octets(body, edition)
        case areas.SetPolygon():
            return area_octets.polygon_octets(body, edition)
        case route.SetRoute():
            return route.route_octets(body, edition)
        case (
            areas.DropCircles(ids=ids)
            | areas.DropRectangles(ids=ids)
            | areas.DropPolygons(ids=ids)
            | route.DropRoutes(ids=ids)
        ):
            return area_octets.ids_octets(ids)
        case Unknown(octets=octets):
            return octets
        case (
            replies.Heartbeat()
            | replies.Deregistration()
            | reports.PositionQuery()
            | parameters.QueryParameters()
        ):
            return b""


Parser: TypeAlias = Callable[[BodyReader, Edition], Body]

MESSAGES: Mapping[int, tuple[str, Parser]] = {
    0x0001: ("terminal-reply", lambda body, _: replies.terminal_reply_from(body)),
    0x0002: ("heartbeat", lambda _body, _: replies.Heartbeat()),
    0x0003: ("deregistration", lambda _body, _: replies.Deregistration()),
    0x0100: ("registration", login.registration_from),
    0x0102: ("authentication", login.authentication_from),
    0x0104: ("parameters", lambda body, _: parameters.parameter_answer_from(body)),
    0x0200: ("location", lambda body, _: location_from(body.rest())),
    0x0201: ("position-answer", lambda body, _: reports.answer_from(body)),
    0x0704: ("location-batch", lambda body, _: reports.batch_from(body)),
    0x8001: ("platform-reply", lambda body, _: replies.platform_reply_from(body)),
    0x8003: ("resend-request", resend.resend_request_from),
    0x8100: ("registration-reply", lambda body, _: login.registration_reply_from(body)),
    0x8103: ("set-parameters", lambda body, _: parameters.set_parameters_from(body)),
    0x8104: ("query-parameters", lambda _body, _: parameters.QueryParameters()),
    0x8201: ("query-position", lambda _body, _: reports.PositionQuery()),
    0x8300: ("text", text_message.text_message_from),
    0x8600: ("set-circles", area_octets.circles_from),
    0x8601: ("drop-circles", lambda b, _: areas.DropCircles(area_octets.ids_from(b))),
    0x8602: ("set-rectangles", area_octets.rectangles_from),
    0x8603: (
        "drop-rectangles",
        lambda body, _: areas.DropRectangles(area_octets.ids_from(body)),
    ),
    0x8604: ("set-polygon", area_octets.polygon_from),
    0x8605: ("drop-polygons", lambda b, _: areas.DropPolygons(area_octets.ids_from(b))),
    0x8606: ("set-route", route.route_from),
    0x8607: ("drop-routes", lambda b, _: route.DropRoutes(area_octets.ids_from(b))),
}
"""What each message is called, and what reads it."""
