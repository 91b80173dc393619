"""A request for sub-packages that did not come (JT/T 808-2013 and -2019, 8.6).

Layout of 0x8003::

    SS N II…          2013
    SS NN II…         2019

- S: serial number of the first sub-package of the message
- N: how many are asked for
- I: number of each, from 1
"""

from dataclasses import dataclass
from typing import ClassVar

from ingest.protocols.jt808.header import Edition
from ingest.protocols.jt808.octets import BodyReader, FieldError, word_octets
from vocabulary.refusal import Reason

MAX_NUMBERS = 255
"""Most sub-packages that one request asks for: the count was one octet until 2019."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendRequest:
    """Send these sub-packages again, 0x8003.

    Attributes:
        first_serial: Serial number of the message's first sub-package.
        numbers: Which are missing, from 1.
    """

    message_id: ClassVar[int] = 0x8003

    first_serial: int
    numbers: tuple[int, ...]


def resend_request_from(reader: BodyReader, edition: Edition) -> ResendRequest:
    """Read a request.

    Raises:
        FieldError: If it is not as long as it says.
    """
    first_serial = reader.word()
    count = reader.word() if edition is Edition.OF_2019 else reader.byte()
    if reader.left != 2 * count:
        detail = f"{count} numbers take {2 * count} octets, there are {reader.left}"
        raise FieldError(Reason.BAD_LENGTH, detail)
    numbers = tuple(reader.word() for _ in range(count))
    return ResendRequest(first_serial=first_serial, numbers=numbers)


def resend_request_octets(request: ResendRequest, edition: Edition) -> bytes:
    """Return a request as it is sent.

    Raises:
        ValueError: If it asks for more than `MAX_NUMBERS`.
    """
    count = len(request.numbers)
    if count > MAX_NUMBERS:
        raise ValueError(f"{count} numbers; at most {MAX_NUMBERS} fit")
    size = 2 if edition is Edition.OF_2019 else 1
    return b"".join(
        [
            word_octets(request.first_serial),
            count.to_bytes(size, "big"),
            word_octets(*request.numbers),
        ]
    )
