"""Our own commands over MQTT, JSON: what a device is told, and what it answers.

    gezhi/v1/{gateway}/down/{device}
        {"id": U, "order": {"what": "dim", "pct": 40}, "expires_at": T}
    gezhi/v1/{gateway}/answer
        {"id": U, "device": "LP-0001", "outcome": "done", "detail": "", "at": T}

      U  the command's UUID; one that comes again is not done again, but answered again
      T  RFC 3339 with its zone; after `expires_at` the order is not carried out
      outcome  done | refused (it cannot) | expired (it came too late)

`order` is one of `vocabulary.command`: switch, dim, programme, text, locate, interval,
native. `detail` and `at` may be left out.
"""

from datetime import datetime

import msgspec

from ingest.protocols.errors import ProtocolError
from ingest.protocols.json_document import read_json
from ingest.protocols.up_message import Time
from vocabulary.command import AnyOrder, CommandAnswer, Outcome

MAX_ID = 64
"""Longest id that is believed to be one, characters."""


class Down(msgspec.Struct, frozen=True, kw_only=True):
    """What a device is told.

    Attributes:
        id: The command's.
        order: What it is to do.
        expires_at: After this it shall not do it any more, aware.
    """

    id: str
    order: AnyOrder
    expires_at: Time


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a device answers.

    Attributes:
        id: The command's.
        device: The device's address below its gateway.
        outcome: What came of it.
        detail: Why, in the device's words.
        at: When, aware, if it says.
    """

    id: str
    device: str
    outcome: Outcome
    detail: str = ""
    at: datetime | None = None


class _Head(msgspec.Struct):
    id: str


_DOWN = msgspec.json.Decoder(Down)
_ANSWER = msgspec.json.Decoder(Answer)
_HEAD = msgspec.json.Decoder(_Head)


def encode_down(down: Down) -> bytes:
    """Return the payload that tells a device what to do."""
    return msgspec.json.encode(down)


def decode_down(payload: bytes) -> Down:
    """Return what a device is told.

    Raises:
        ProtocolError: If it is not to be understood; `command_id` may still say which.
    """
    return read_json(_DOWN, payload)


def command_id(payload: bytes) -> str:
    """Return which command it is that cannot be understood; empty if even that."""
    try:
        return read_json(_HEAD, payload).id[:MAX_ID]
    except ProtocolError:
        return ""


def encode_answer(answer: Answer) -> bytes:
    """Return the payload that says what came of a command."""
    return msgspec.json.encode(answer)


def decode_answer(payload: bytes) -> CommandAnswer:
    """Return what a device answers.

    Raises:
        ProtocolError: If it does not say.
    """
    answer = read_json(_ANSWER, payload)
    return CommandAnswer(
        command=answer.id[:MAX_ID],
        outcome=answer.outcome,
        detail=answer.detail[:500],
    )
