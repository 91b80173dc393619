"""Registration and authentication (JT/T 808-2019, 8.8 to 8.12).

Layouts::

    0x0100   PP CC M… D… I… K plate       a terminal registers
    0x8100   SS R token                   what came of it
    0x0102   token                        it proves itself; until 2013
    0x0102   L token E(15) V(20)          the same; 2019

- P, C: province, and city or county, decimal
- M, D, I: maker, model, terminal's own id; 5, 8, 7 octets in 2011, 5, 20, 7 in 2013,
  11, 30, 30 in 2019. Only its length tells a message of 2011: less than 37 octets
- K: colour of the number plate; 0 for none, then the plate is a chassis number
- S, R: serial number of the registration, result
- L, E, V: length of the token; IMEI; software version
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from ingest.protocols.jt808.header import Edition
from ingest.protocols.jt808.octets import (
    TEXT_CODE,
    BodyReader,
    text_from,
    text_octets,
    word_octets,
)

_WIDTHS = {
    Edition.OF_2011: (5, 8, 7),
    Edition.OF_2013: (5, 20, 7),
    Edition.OF_2019: (11, 30, 30),
}
_SHORTEST_OF_2013 = 37
_IMEI = 15
_SOFTWARE = 20


class Registered(IntEnum):
    """What came of a registration."""

    OK = 0
    VEHICLE_TAKEN = 1
    NO_SUCH_VEHICLE = 2
    TERMINAL_TAKEN = 3
    NO_SUCH_TERMINAL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a terminal says of itself, 0x0100.

    Attributes:
        edition: Whose lengths it has.
        province: Code of the province, two digits.
        county: Code of the city or county, four digits.
        maker: Who made it.
        model: What it is.
        serial_id: The terminal's own id.
        plate_colour: 0 for none, then `plate` is a chassis number.
        plate: The vehicle's number plate.
    """

    message_id: ClassVar[int] = 0x0100

    edition: Edition
    province: int = 0
    county: int = 0
    maker: str
    model: str
    serial_id: str
    plate_colour: int
    plate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationReply:
    """What came of a registration, 0x8100.

    Attributes:
        answered: Serial number of the registration.
        result: `Registered` has the standard's.
        token: What the terminal proves itself with from now on; empty on failure.
    """

    message_id: ClassVar[int] = 0x8100

    answered: int
    result: int
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """A terminal proves itself, 0x0102.

    Attributes:
        token: What it was given when it registered.
        imei: Of its radio; empty before 2019.
        software: Its version; empty before 2019.
    """

    message_id: ClassVar[int] = 0x0102

    token: str
    imei: str = ""
    software: str = ""


def registration_from(reader: BodyReader, edition: Edition) -> Registration:
    """Read a registration.

    Raises:
        FieldError: If it is too short.
    """
    if edition is not Edition.OF_2019 and reader.left < _SHORTEST_OF_2013:
        edition = Edition.OF_2011
    province, county = reader.word(), reader.word()
    maker, model, serial_id = (reader.text(width) for width in _WIDTHS[edition])
    return Registration(
        edition=edition,
        province=province,
        county=county,
        maker=maker,
        model=model,
        serial_id=serial_id,
        plate_colour=reader.byte(),
        plate=text_from(reader.rest()),
    )


def registration_octets(registration: Registration) -> bytes:
    """Return a registration as it is sent, in its own edition."""
    texts = (registration.maker, registration.model, registration.serial_id)
    widths = _WIDTHS[registration.edition]
    return (
        word_octets(registration.province, registration.county)
        + b"".join(text_octets(*each) for each in zip(texts, widths, strict=True))
        + bytes([registration.plate_colour])
        + text_octets(registration.plate)
    )


def registration_reply_from(reader: BodyReader) -> RegistrationReply:
    """Read what came of a registration.

    Raises:
        FieldError: If it is too short.
    """
    answered, result = reader.word(), reader.byte()
    return RegistrationReply(
        answered=answered, result=result, token=text_from(reader.rest())
    )


def registration_reply_octets(reply: RegistrationReply) -> bytes:
    """Return what came of a registration as it is sent."""
    head = word_octets(reply.answered) + bytes([reply.result])
    return head + text_octets(reply.token)


def authentication_from(reader: BodyReader, edition: Edition) -> Authentication:
    """Read an authentication.

    Raises:
        FieldError: If it is too short.
    """
    if edition is not Edition.OF_2019:
        return Authentication(token=text_from(reader.rest()))
    token = reader.text(reader.byte())
    imei = reader.text(min(_IMEI, reader.left))
    # Twenty octets, but terminals leave off what pads them.
    return Authentication(token=token, imei=imei, software=text_from(reader.rest()))


def authentication_octets(proof: Authentication, edition: Edition) -> bytes:
    """Return an authentication as it is sent in an edition."""
    if edition is not Edition.OF_2019:
        return text_octets(proof.token)
    length = len(proof.token.encode(TEXT_CODE))
    return (
        bytes([length])
        + text_octets(proof.token)
        + text_octets(proof.imei, _IMEI)
        + text_octets(proof.software, _SOFTWARE)
    )
