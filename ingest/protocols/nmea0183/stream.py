"""One connection's NMEA 0183: octets in, positions and refusals out."""

from datetime import datetime

from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183.counts import Counts
from ingest.protocols.nmea0183.fix import is_valid_rmc
from ingest.protocols.nmea0183.framer import LineFramer
from ingest.protocols.nmea0183.joiner import Joiner
from ingest.protocols.nmea0183.login import LOGIN, Identity, identity_from
from ingest.protocols.nmea0183.sentence import Checksum, Sentence, sentence_from
from vocabulary.position import Position
from vocabulary.refusal import Reason

Item = Position | Identity | ProtocolError
"""What a stream gives."""


class NmeaStream:
    """The sentences of one connection, or of one peer's datagrams.

    Feed it what the transport returns, in chunks of any size; it never raises. What is
    wrong with a sentence is one more item, and the sentences after it still count. A
    position comes once all was said of it, see `joiner`: whoever waits for octets waits
    until `due_at` at most, and then says so by `receive_pause`.

    Args:
        terminal: Who sends unless it says otherwise; None if it must say so.

    Attributes:
        counts: What went through.
        terminal: Who sends, as it said; None until it has. Without it a fix is refused.
    """

    def __init__(self, terminal: str | None = None) -> None:
        self.counts = Counts()
        self.terminal = terminal
        self._unless_said = terminal
        self._joined: str | None = terminal  # whose sentences are being joined
        self._framer = LineFramer()
        self._joiner = Joiner()
        self._noise = b""  # the first line without a `$`, while no sentence came

    def receive_data(self, data: bytes, now: datetime) -> list[Item]:
        """Take octets that came at `now`; return what they complete, oldest first."""
        return self._items(self._framer.receive_data(data), now)

    def receive_datagram(self, data: bytes, now: datetime) -> list[Item]:
        """Take one datagram: whole lines, and who sends them.

        What one datagram begins to say of a fix the next one may go on with.
        """
        self.terminal = self._unless_said
        self._noise, sentences = b"", self.counts.sentences
        lines = [*self._framer.receive_data(data), *self._framer.receive_eof()]
        items = self._items(lines, now)
        if self._noise and self.counts.sentences == sentences:
            items.append(_no_sentence(self._noise, len(data)))
        return items

    @property
    def due_at(self) -> datetime | None:
        """When to call `receive_pause`, aware; None while no fix waits for more."""
        return self._joiner.due_at

    def receive_pause(self, now: datetime) -> list[Item]:
        """Take that no more came until `due_at`: what was said of a fix is all."""
        return [*self._joiner.close(now)]

    def receive_eof(self, now: datetime) -> list[Item]:
        """Take the end of the stream: a last line needs no line end.

        A stream that held no sentence at all is refused as a whole, so that somebody
        learns of a terminal that speaks another protocol.
        """
        items = self._items(self._framer.receive_eof(), now)
        items += self._joiner.end(now)
        if self._noise and not self.counts.sentences:
            items.append(_no_sentence(self._noise, self.counts.noise_octets))
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
            return self._taken(sentence, now)
        except ProtocolError as error:
            return [error]

    def _taken(self, sentence: Sentence, now: datetime) -> list[Item]:
        if not sentence.is_addressed:
            detail = f"{sentence.address!r} is no address of a sentence"
            raise ProtocolError(Reason.BAD_FRAME, detail, sentence.octets)
        if sentence.address == LOGIN:
            return self._login(identity_from(sentence), now)
        if sentence.kind == b"RMC":
            if is_valid_rmc(sentence):
                self.counts.rmc_valid += 1
            else:
                self.counts.rmc_void_or_empty += 1
        before = self._join_for(self.terminal, now)
        return [*before, *self._joiner.take(sentence, self.terminal, now)]

    def _login(self, identity: Identity, now: datetime) -> list[Item]:
        self.terminal = identity.terminal
        return [*self._join_for(identity.terminal, now), identity]

    def _join_for(self, terminal: str | None, now: datetime) -> list[Item]:
        """Join this one's sentences from now on; end what another one was saying."""
        if terminal == self._joined:
            return []
        before = self._joiner.end(now)
        self._joiner, self._joined = Joiner(), terminal
        return [*before]


def _no_sentence(noise: bytes, octets: int) -> ProtocolError:
    detail = f"no sentence in {octets} octets; each begins $"
    return ProtocolError(Reason.BAD_FRAME, detail, noise)


def _checksum_error(sentence: Sentence) -> ProtocolError:
    if sentence.checksum is Checksum.MISSING:
        detail = "the sentence does not end with * and two hex digits"
        return ProtocolError(Reason.MISSING_CHECKSUM, detail, sentence.octets)
    detail = "the checksum is not the exclusive-or of the octets between $ and *"
    return ProtocolError(Reason.BAD_CHECKSUM, detail, sentence.octets)
