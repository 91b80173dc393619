"""A sentence's fields by name, as pynmea2 names them; the only file that knows it.

pynmea2 says which field is which and nothing more, because of what it takes for valid:
a void fix reads as 0.0, 0.0; so does one cut off before its longitude; a receiver that
sends navigational status V ("I do not provide it") is never valid; a date of `2208-1`
is a string and fails later.
"""

from collections.abc import Callable
from typing import TypeVar

import pynmea2

from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183.fields import FieldError
from ingest.protocols.nmea0183.sentence import Sentence
from vocabulary.refusal import Reason

Said = TypeVar("Said")


def read(sentence: Sentence, reader: Callable[[dict[str, str]], Said]) -> Said:
    """Return what a reader makes of a sentence's fields.

    Args:
        sentence: With a right checksum.
        reader: Takes the fields by name; may raise FieldError, and KeyError where the
            sentence has too few.

    Raises:
        ProtocolError: If a field is missing, malformed or out of range.
    """
    try:
        return reader(_fields(sentence))
    except KeyError as error:
        detail = f"the sentence is cut off before its {error}"
        raise ProtocolError(Reason.BAD_FIELD, detail, sentence.octets) from error
    except FieldError as error:
        raise ProtocolError(error.reason, str(error), sentence.octets) from error


def _fields(sentence: Sentence) -> dict[str, str]:
    try:
        parsed = pynmea2.parse(sentence.octets.decode("ascii").rstrip(), check=True)
    except (pynmea2.ParseError, UnicodeDecodeError) as error:
        raise ProtocolError(Reason.BAD_FRAME, str(error), sentence.octets) from error
    names = [field[1] for field in parsed.fields]
    return dict(zip(names, parsed.data, strict=False))
