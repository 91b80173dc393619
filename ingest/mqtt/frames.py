"""Which LoRaWAN frames were heard before: by counter and payload, not by arrival. Pure.

A device sends one frame several times, and gateways hold frames back for minutes, so
one frame may come again up to half an hour later. A frame with a lower counter than one
that came before it is older, whatever time the network gives it.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.protocols.up_message import Uplink

REPEATS_WITHIN = timedelta(minutes=30)
"""A frame that comes again after this is a new one: the device began to count anew."""

FRAMES_KEPT = 32
"""Frames of each device that are remembered."""

_COUNTER_HALF = 2**15  # counters wrap round at 16 bits
_STEP = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class _Frame:
    session: str
    counter: int
    payload: bytes
    heard_at: datetime
    came_at: datetime


class SeenFrames:
    """The last frames of each device."""

    def __init__(self) -> None:
        self._frames: dict[tuple[str, str], deque[_Frame]] = {}

    def is_repeat(self, gateway: str, uplink: Uplink, now: datetime) -> bool:
        """Tell whether a frame came before.

        Counter 0 tells nothing: servers that do not say the counter mean it, too.
        """
        return uplink.counter != 0 and any(
            frame.session == uplink.session
            and frame.counter == uplink.counter
            and frame.payload == uplink.payload
            and now - frame.came_at <= REPEATS_WITHIN
            for frame in self._frames.get((gateway, uplink.device), ())
        )

    def heard_at(
        self, gateway: str, uplink: Uplink, heard_at: datetime, now: datetime
    ) -> datetime:
        """Remember a frame, and return when it was sent at the latest.

        Args:
            gateway: Whom it came through.
            uplink: The frame, of a device that is registered.
            heard_at: When the network says it was heard, aware.
            now: When it came, aware.
        """
        frames = self._frames.setdefault(
            (gateway, uplink.device), deque(maxlen=FRAMES_KEPT)
        )
        later = [
            frame.heard_at
            for frame in frames
            if frame.session == uplink.session
            and 0 < frame.counter - uplink.counter < _COUNTER_HALF
            and now - frame.came_at <= REPEATS_WITHIN
        ]
        at = min([heard_at, *(each - _STEP for each in later)])
        frames.append(_Frame(uplink.session, uplink.counter, uplink.payload, at, now))
        return at
