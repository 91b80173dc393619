"""JSON that others write: read into its type, or refused; nested values made flat."""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import TypeVar

import msgspec

from ingest.protocols.errors import ProtocolError
from ingest.protocols.up_message import MAX_MESSAGE, MAX_NAME, Number
from vocabulary.refusal import Reason

MAX_VALUES = 1000
"""Most values taken out of one nested object."""

MAX_DEPTH = 8
"""How deep a nested object is looked into."""

Word = TypeVar("Word")


def read_json(decoder: msgspec.json.Decoder[Word], payload: bytes) -> Word:
    """Return what a message says.

    Raises:
        ProtocolError: If it is too long, no JSON, or not of that type.
    """
    if len(payload) > MAX_MESSAGE:
        detail = f"{len(payload)} octets; a message has at most {MAX_MESSAGE}"
        raise ProtocolError(Reason.TOO_LONG, detail, payload)
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise ProtocolError(reason_of(str(error)), str(error), payload) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(Reason.BAD_JSON, str(error), payload) from error


def reason_of(why: str) -> Reason:
    """Return the word for what msgspec said."""
    if "timezone component" in why:
        return Reason.NAIVE_TIME
    if "datetime" in why or "RFC3339" in why:
        return Reason.BAD_TIME
    return Reason.BAD_FIELD


def numbers_of(document: Mapping[str, object]) -> dict[str, Number]:
    """Return the numbers and flags of a nested object under dotted names.

    `{"a": {"b": 1}, "c": "2.5", "d": "open"}` has `a.b`, and `c`, because many codecs
    of others write numbers in quotes; other words and lists are no values, and what has
    a name that is too long is left out.

    Args:
        document: As JSON has it.
    """
    found: dict[str, Number] = {}
    for name, value in _leaves(document, "", MAX_DEPTH):
        number = _number(value)
        if number is not None:
            found[name] = number
            if len(found) >= MAX_VALUES:
                break
    return found


def _leaves(
    document: Mapping[str, object], prefix: str, depth: int
) -> Iterator[tuple[str, object]]:
    for name, value in document.items():
        if len(prefix) + len(name) > MAX_NAME:
            continue
        if isinstance(value, dict):
            if depth:
                yield from _leaves(value, f"{prefix}{name}.", depth - 1)
        else:
            yield prefix + name, value


def _number(value: object) -> Number | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int | float):
        return _finite(value)
    return None


def _quoted(text: str) -> float | None:
    try:
        return _finite(float(text)) if text.isascii() else None
    except ValueError:
        return None


def _finite(number: float) -> float | None:
    try:
        value = float(number)
    except OverflowError:
        return None
    return value if isfinite(value) else None
