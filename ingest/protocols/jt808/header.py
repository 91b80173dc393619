"""The message header (JT/T 808-2019, 4.4.3; JT/T 808-2013, 4.4.3).

Layout::

    II AA [V] P… SS [TT NN]

- I: message id
- A: attributes: bits 0-9 length of the body, 10-12 encryption, 13 sub-packages,
  14 edition of 2019
- V: protocol version, in the edition of 2019 only
- P: phone number of the terminal, decimal digits, two an octet; 6 octets, in the
  edition of 2019 ten. Some makers put hex there; it is taken as it comes
- S: serial number
- T, N: how many sub-packages, and which this is, from 1; with bit 13 only
"""

import struct
from dataclasses import dataclass
from enum import Enum

from ingest.protocols.jt808.octets import BodyReader, FieldError, word_octets
from vocabulary.refusal import Reason

SERIALS = 0x10000
"""Serial numbers go round after so many."""

_START = struct.Struct(">HH")
_REST_2013 = struct.Struct(">6sH")
_REST_2019 = struct.Struct(">B10sH")
_LENGTH = 0x03FF
_ENCRYPTION = 0x1C00
_IN_PARTS = 0x2000
_OF_2019 = 0x4000


class Edition(Enum):
    """Editions of the standard; a header tells that of 2019 from the others."""

    OF_2011 = 2011
    OF_2013 = 2013
    OF_2019 = 2019

    @property
    def phone_digits(self) -> int:
        """Digits of a phone number in the header."""
        return 20 if self is Edition.OF_2019 else 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """One message's header.

    Attributes:
        message_id: What the body is.
        edition: 2019, or else 2013, which reads the messages of 2011 too.
        terminal: Phone number, all its digits; lower case where they are hex.
        serial: Of the message, 0 to 65535.
        protocol_version: Of the edition of 2019; 0 in the others.
        total: Sub-packages of the message; 0 where it is whole.
        number: Which sub-package this is, from 1; 0 where it is whole.
    """

    message_id: int
    edition: Edition
    terminal: str
    serial: int
    protocol_version: int = 0
    total: int = 0
    number: int = 0


def header_from(reader: BodyReader) -> tuple[Header, int]:
    """Return a message's header and its attributes.

    Raises:
        FieldError: If it is too short, none, or a sub-package that cannot be.
    """
    message_id, attributes = _START.unpack(reader.take(_START.size))
    if not message_id:
        # The check code of nothing but zeros is 0: padding that a stray flag cut off.
        raise FieldError(Reason.BAD_FRAME, "no message has the id 0")
    edition = Edition.OF_2019 if attributes & _OF_2019 else Edition.OF_2013
    if edition is Edition.OF_2019:
        version, phone, serial = _REST_2019.unpack(reader.take(_REST_2019.size))
    else:
        version, (phone, serial) = 0, _REST_2013.unpack(reader.take(_REST_2013.size))
    total, number = _part(reader) if attributes & _IN_PARTS else (0, 0)
    header = Header(
        message_id=message_id,
        edition=edition,
        terminal=phone.hex(),
        serial=serial,
        protocol_version=version,
        total=total,
        number=number,
    )
    return header, attributes


def check_body(attributes: int, length: int) -> None:
    """Check that a body of `length` octets is what the header's attributes announce.

    Raises:
        FieldError: If it is longer, shorter or encrypted.
    """
    announced = attributes & _LENGTH
    if length != announced:
        detail = f"the body has {length} octets, its header says {announced}"
        raise FieldError(Reason.BAD_LENGTH, detail)
    if attributes & _ENCRYPTION:
        detail = "the body is encrypted (RSA); set the terminal to send it plain"
        raise FieldError(Reason.ENCRYPTED, detail)


def header_octets(header: Header, length: int) -> bytes:
    """Return a header as it is sent; the inverse of `header_from`.

    Args:
        header: The header.
        length: Of the body, octets.
    """
    attributes = length | (_IN_PARTS if header.total else 0)
    version = b""
    if header.edition is Edition.OF_2019:
        attributes |= _OF_2019
        version = bytes([header.protocol_version])
    phone = bytes.fromhex(header.terminal.zfill(header.edition.phone_digits))
    part = word_octets(header.total, header.number) if header.total else b""
    head = word_octets(header.message_id, attributes)
    return head + version + phone + word_octets(header.serial) + part


def _part(reader: BodyReader) -> tuple[int, int]:
    total, number = reader.word(), reader.word()
    if not 1 <= number <= total:
        raise FieldError(Reason.BAD_FIELD, f"sub-package {number} of {total}")
    return total, number
