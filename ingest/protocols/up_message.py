"""What any message of a gateway may say, whatever format it came in.

A codec gives one of three:

    UpMessage  readings and positions; under the names of the wire where it has its own
    Uplink     one LoRaWAN frame, whose payload is its maker's to explain
    Notice     what carries no readings: somebody joined, was acknowledged, ...

`extras` are stored where a profile has the quantity, and no mistake where it has not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from ingest.protocols.errors import ProtocolError
from vocabulary.position import Position
from vocabulary.quality import Quality

MAX_MESSAGE = 1024 * 1024
"""Longest message taken, octets."""

MAX_NAME = 255
"""Longest name of a device or of a value, characters."""

MAX_FRAME = 255
"""Longest payload of a LoRaWAN frame, octets; the radio carries at most 242."""

Name = Annotated[str, msgspec.Meta(max_length=MAX_NAME)]
"""The name of a device."""

Frame = Annotated[bytes, msgspec.Meta(max_length=MAX_FRAME)]
"""The payload of a LoRaWAN frame."""

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time with its zone."""

Number: TypeAlias = float | bool
"""A value; flags are true and false, or 1 and 0."""


class DeviceReadings(msgspec.Struct, frozen=True, kw_only=True):
    """What one device measured at one time.

    Attributes:
        device: Its address below the gateway.
        measured_at: When, aware.
        values: By name: of the quantity, the unit in it, or the device's own.
    """

    device: Name
    measured_at: Time
    values: Mapping[str, Number]


class DoubtfulReadings(DeviceReadings, frozen=True, kw_only=True):
    """What one device measured at one time, and what is doubtful about all of it.

    Attributes:
        quality: The doubt.
    """

    quality: Quality


class UpMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway says.

    Attributes:
        seq: Its count of messages, if it counts.
        sent_at: When it sent this, aware, if it says.
        readings: In its order.
        positions: In its order.
        errors: What of it could not be taken; not sent.
    """

    seq: int | None = None
    sent_at: datetime | None = None
    readings: Sequence[DeviceReadings] = ()
    positions: Sequence[Position] = ()
    errors: Sequence[ProtocolError] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplink:
    """One LoRaWAN data frame, as a network server passes it on.

    Attributes:
        device: DevEUI, 16 lower-case hexadecimal digits; else the server's own name.
        heard_at: When the first gateway heard it, aware; None if nobody says.
        session: DevAddr: counters start anew with a new one; empty if not said.
        counter: Frame counter.
        port: FPort.
        payload: FRMPayload, decrypted.
        values: What the network server's own codec made of it, under its names.
        extras: What the network says by the way, by quantity: how well it was heard.
        simulated: Whether the server itself made it up.
    """

    device: str
    heard_at: datetime | None
    session: str = ""
    counter: int = 0
    port: int = 0
    payload: bytes = b""
    values: Mapping[str, Number] = field(default_factory=dict)
    extras: Mapping[str, Number] = field(default_factory=dict)
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message that was understood and carries no readings.

    Attributes:
        kind: What it is, in its format's own word.
        device: Whom it is about; empty if nobody.
        at: When, aware, if it says.
        extras: What it says by the way, by quantity: the battery, say.
    """

    kind: str
    device: str = ""
    at: datetime | None = None
    extras: Mapping[str, Number] = field(default_factory=dict)


Said: TypeAlias = UpMessage | Uplink | Notice
"""What one message says."""
