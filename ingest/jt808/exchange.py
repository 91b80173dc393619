"""What all conversations with terminals share."""

from collections.abc import Callable
from dataclasses import dataclass

from ingest.inbox import Inbox
from ingest.jt808.identities import Identities
from ingest.jt808.limits import Doors
from ingest.jt808.lines import Lines
from ingest.protocols.jt808 import Message
from vocabulary.device import Device
from vocabulary.times import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What all conversations with terminals share.

    Attributes:
        identities: Who is who.
        lines: Who is on the line.
        doors: Who may come in.
        inbox: Where positions and refusals go.
        clock: Tells the time of receipt.
        answered: Told what a device answers to our questions.
    """

    identities: Identities
    lines: Lines
    doors: Doors
    inbox: Inbox
    clock: Clock
    answered: Callable[[Device, Message], None]
