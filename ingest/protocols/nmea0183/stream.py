"""One connection's NMEA 0183: octets in, positions and refusals out."""

from datetime import datetime

from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183.counts import Counts
from ingest.protocols.nmea0183.fix import (
    Fix,
    FixDetail,
    detail_from_gga,
    fix_from_rmc,
    is_valid_rmc,
    since_midnight_of,
)
from ingest.protocols.nmea0183.framer import LineFramer
from ingest.protocols.nmea0183.login import LOGIN, Identity, identity_from
from ingest.protocols.nmea0183.sentence import Checksum, Sentence, sentence_from
from ingest.protocols.nmea0183.week import redated
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

Item = Position | Identity | ProtocolError
"""What a stream gives."""


class NmeaStream:
    """The sentences of one connection or datagram.

    Feed it what the transport returns, in chunks of any size; it never raises. What is
    wrong with a sentence is one more item, and the sentences after it still count.

    Attributes:
        counts: What went through.
        terminal: Who sends, as it said; None until it has. Without it a fix is refused.
    """

    def __init__(self, terminal: str | None = None) -> None:
        self.counts = Counts()
        self.terminal = terminal
        self._framer = LineFramer()
        self._detail: FixDetail | None = None
        self._noise = b""  # the first line without a `$`, while no sentence came

    def receive_data(self, data: bytes, now: datetime) -> list[Item]:
        """Take octets that came at `now`; return what they complete, oldest first."""
        return self._items(self._framer.receive_data(data), now)

    def receive_eof(self, now: datetime) -> list[Item]:
        """Take the end of the stream: a last line needs no line end.

        A stream that held no sentence at all is refused as a whole, so that somebody
        learns of a terminal that speaks another protocol.
        """
        items = self._items(self._framer.receive_eof(), now)
        if self._noise and not self.counts.sentences:
            detail = f"no sentence in {self.counts.noise_octets} octets; each begins $"
            items.append(ProtocolError(Reason.BAD_FRAME, detail, self._noise))
        return items

    def _items(self, lines: list[bytes | ProtocolError], now: datetime) -> list[Item]:
        items: list[Item] = []
        for line in lines:
            if isinstance(line, ProtocolError):
                self.counts.too_long += 1
                items.append(line)
            else:
                items += self._line(line, now)
        return items

    def _line(self, line: bytes, now: datetime) -> list[Item]:
        noise, dollar, rest = line.partition(b"$")
        self.counts.noise_octets += len(noise)
        if not dollar:
            self._noise = self._noise or noise
            return []
        sentence = sentence_from(dollar + rest)
        self.counts.add(sentence)
        if sentence.checksum is Checksum.OK:
            return self._whole(sentence, now)
        return [_checksum_error(sentence), *self._recovered(sentence, now)]

    def _recovered(self, broken: Sentence, now: datetime) -> list[Item]:
        """Find the whole sentences of a line that holds more than one `$`."""
        items: list[Item] = []
        parts = broken.octets.split(b"$")[1:]
        for part in parts if len(parts) > 1 else ():
            sentence = sentence_from(b"$" + part)
            if sentence.checksum is Checksum.OK:
                self.counts.recovered += 1
                items += self._whole(sentence, now)
        return items

    def _whole(self, sentence: Sentence, now: datetime) -> list[Item]:
        try:
            item = self._taken(sentence, now)
        except ProtocolError as error:
            return [error]
        return [] if item is None else [item]

    def _taken(self, sentence: Sentence, now: datetime) -> Item | None:
        if not sentence.is_addressed:
            detail = f"{sentence.address!r} is no address of a sentence"
            raise ProtocolError(Reason.BAD_FRAME, detail, sentence.octets)
        if sentence.address == LOGIN:
            identity = identity_from(sentence)
            self.terminal = identity.terminal
            return identity
        if sentence.kind == b"GGA":
            self._detail = detail_from_gga(sentence)
        return self._position(sentence, now) if sentence.kind == b"RMC" else None

    def _position(self, sentence: Sentence, now: datetime) -> Position | None:
        if not is_valid_rmc(sentence):
            self.counts.rmc_void_or_empty += 1
            return None
        self.counts.rmc_valid += 1
        detail, self._detail = self._detail, None
        fix = fix_from_rmc(sentence)
        if fix is None:
            return None
        fixed_at = redated(fix.fixed_at, now)
        if fixed_at is None:
            why = f"{fix.fixed_at.isoformat()} is before any terminal of ours"
            raise ProtocolError(Reason.IMPOSSIBLE_TIME, why, sentence.octets)
        if self.terminal is None:
            why = "a fix before its sender said who it is: send $PGZID,<terminal> first"
            raise ProtocolError(Reason.UNKNOWN_IDENTITY, why, sentence.octets)
        return _position_of(self.terminal, fix, fixed_at, detail)


def _position_of(
    terminal: str, fix: Fix, fixed_at: datetime, detail: FixDetail | None
) -> Position:
    moved = Quality.CLOCK_CORRECTED if fixed_at != fix.fixed_at else Quality.GOOD
    if detail and detail.since_midnight != since_midnight_of(fix.fixed_at):
        detail = None
    return Position(
        device=terminal,
        fixed_at=fixed_at,
        lon=fix.lon,
        lat=fix.lat,
        speed_kmh=fix.speed_kmh,
        course_deg=fix.course_deg,
        altitude_m=detail.altitude_m if detail else None,
        satellites=detail.satellites if detail else None,
        hdop=detail.hdop if detail else None,
        quality=fix.quality | moved,
    )


def _checksum_error(sentence: Sentence) -> ProtocolError:
    if sentence.checksum is Checksum.MISSING:
        detail = "the sentence does not end with * and two hex digits"
        return ProtocolError(Reason.MISSING_CHECKSUM, detail, sentence.octets)
    detail = "the checksum is not the exclusive-or of the octets between $ and *"
    return ProtocolError(Reason.BAD_CHECKSUM, detail, sentence.octets)
