"""The seam between queue and wires: say one command, tell what is known of it."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from vocabulary.command import Command
from vocabulary.device import Device, Gateway


class Way(Enum):
    """How far a carrier got with a command."""

    SENT = "sent"  # it left us; the device's answer comes by itself, or never
    ACKED = "acked"  # the device says that it has done it
    REFUSED = "refused"  # the device, or its format, cannot: never try again
    AWAY = "away"  # nothing was said: try again later
    UNSURE = "unsure"  # it may have been said or not: try again later


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a carrier knows of a command after it was to say it.

    Attributes:
        way: How far it got.
        detail: Why, for people.
        is_in_effect: What the device shows when it is asked at once; None if it was not
            asked, or readings will tell.
    """

    way: Way
    detail: str = ""
    is_in_effect: bool | None = None


class Carrier(Protocol):
    """One way on which commands reach devices.

    Attributes:
        may_repeat: Whether a device that has not answered may be told again: it drops
            what it has heard, or doing it twice is doing it once.
    """

    @property
    def may_repeat(self) -> bool:
        """Whether a device that has not answered may be told again."""

    async def say(self, command: Command, device: Device, gateway: Gateway) -> Said:
        """Say a command on the wire; never raises because of a device."""
