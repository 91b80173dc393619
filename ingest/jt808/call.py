"""One terminal's line: limits, deadlines, serial numbers, and frames out."""

import asyncio

from ingest.gate import address_of
from ingest.jt808.limits import Bucket, Doors
from ingest.protocols.jt808 import (
    SERIALS,
    Body,
    Edition,
    Header,
    Message,
    PlatformReply,
    Result,
    encode,
)
from ingest.tcp_stream import Peer

_BUSY_S = 1.0  # how soon to look again at a line that waits for us


class Call:
    """One line, open until it is left.

    A deadline that passes closes it: nobody keeps a line by sending octet after octet
    that make no message.

    Attributes:
        name: Address and port of the other side.
        terminal: What the other side calls itself; empty until it has.
        edition: Which it speaks.
        ending: Why the line was closed, for people.
        is_busy: Whether it waits for us, so that its deadline does not count.
    """

    def __init__(self, peer: Peer, doors: Doors) -> None:
        """Take a line that the doors have let in."""
        self.name = peer.name
        self.terminal = ""
        self.edition = Edition.OF_2013
        self.ending = "hung up"
        self.is_busy = False
        self._peer = peer
        self._doors = doors
        self._is_open = True
        self._is_stranger = True
        self._serial = 0
        self._bucket = Bucket(doors.limits.octets_per_s, doors.limits.burst)
        self._loop = asyncio.get_running_loop()
        self._due_s = self._loop.time() + doors.limits.login_s
        self._timer = self._loop.call_at(self._due_s, self._look)

    @property
    def address(self) -> str:
        """Address of the other side."""
        return address_of(self.name)

    @property
    def is_stranger(self) -> bool:
        """Whether the other side has not proved who it is."""
        return self._is_stranger

    def prove(self) -> None:
        """Take note that the other side has proved who it is."""
        if self._is_open and self._is_stranger:
            self._is_stranger = False
            self._doors.prove(self.address)

    def unprove(self) -> None:
        """Take note that the other side is a stranger again."""
        if self._is_open and not self._is_stranger:
            self._is_stranger = True
            self._doors.unprove(self.address)
            self._due_s = self._loop.time() + self._doors.limits.login_s

    def go_on(self) -> None:
        """Take note of a whole message: it gives a terminal time, but no stranger."""
        if not self._is_stranger:
            self._due_s = self._loop.time() + self._doors.limits.idle_s

    def delay_s(self, octets: int) -> float:
        """Return how long not to read after so many octets, s."""
        now_s = self._loop.time()
        return max(
            self._bucket.take(octets, now_s),
            self._doors.delay_s(self.address, octets, now_s),
        )

    def say(self, body: Body) -> tuple[int, ...]:
        """Send the terminal a message of ours; return its serial number, or numbers."""
        first = self._serial
        self.send(self.frames(body, self.terminal, self.edition))
        count = (self._serial - first) % SERIALS
        return tuple((first + n) % SERIALS for n in range(count))

    def reply(self, message: Message, result: Result) -> bytes:
        """Return the general reply to a message: one for each of its sub-packages."""
        return self.replies(message.header, message.serials, result)

    def replies(
        self, header: Header, serials: tuple[int, ...], result: Result
    ) -> bytes:
        """Return general replies to what came under some serial numbers."""
        return b"".join(
            self.frames(
                PlatformReply(
                    answered=serial, answered_id=header.message_id, result=result
                ),
                header.terminal,
                header.edition,
            )
            for serial in serials
        )

    def frames(self, body: Body, terminal: str, edition: Edition) -> bytes:
        """Return a message of ours as frames, with the next serial numbers."""
        frames = encode(body, terminal=terminal, serial=self._serial, edition=edition)
        self._serial = (self._serial + len(frames)) % SERIALS
        return b"".join(frames)

    def send(self, octets: bytes) -> None:
        """Send frames, if there are any; nothing if the line is closed."""
        if octets:  # an empty datagram would be one too
            self._peer.send(octets)

    def hang_up(self, why: str) -> None:
        """Close the line from our side."""
        self.ending = why
        self._peer.hang_up()

    def leave(self) -> None:
        """Take note that the line is closed."""
        if self._is_open:
            self._is_open = False
            self._timer.cancel()
            self._doors.leave(self.address, is_stranger=self._is_stranger)

    def _look(self) -> None:
        now_s = self._loop.time()
        if now_s >= self._due_s and not self.is_busy:
            told = "did not prove who it is" if self._is_stranger else "fell silent"
            self.hang_up(told)
            return
        again_s = max(self._due_s, now_s + _BUSY_S) if self.is_busy else self._due_s
        self._timer = self._loop.call_at(again_s, self._look)
