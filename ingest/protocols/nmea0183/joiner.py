"""From sentences to positions: one for each epoch, once the epoch is over.

An epoch is over when something of another one comes, when the stream ends, when its
sender changes, or when it has been open for `HOLD`: a fix waits that long and no longer
for what may still be said of it. A second is what a burst of six sentences takes on a
line of 4,800 bit/s; a receiver that has a fix each second closes an epoch with the next
one about then, and one that has a fix each minute is not a minute late with it.

Whoever waits knows from `due_at` when to call `close`. What comes after that of the
same epoch, and has no RMC, is left out: its position was given.

An epoch without RMC that follows one with it is left out, too: it is what is left of a
burst whose RMC was lost, or of a receiver that stamps GLL or GGA apart from RMC. Where
RMC comes, it alone says what is a fix. So is the first epoch of a stream that begins
amid a burst: whether a fix without a day is refused is decided by the second.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183 import fields
from ingest.protocols.nmea0183.days import NamedDay
from ingest.protocols.nmea0183.detail import gsa_from, vtg_from, zda_from
from ingest.protocols.nmea0183.epoch import Epoch, Timed
from ingest.protocols.nmea0183.fix import Place, gga_from, gll_from, rmc_from
from ingest.protocols.nmea0183.parsed import read
from ingest.protocols.nmea0183.sentence import Sentence
from ingest.protocols.nmea0183.week import redated
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

HOLD = timedelta(seconds=1)
"""How long an epoch stays open for more of it, from its first sentence on."""

FASTEST_KMH = 400
"""No road vehicle is faster; what says so is kept and flagged."""

_RMC = b"RMC"
_TIMED: Mapping[bytes, Callable[[dict[str, str]], Timed]] = {
    _RMC: rmc_from,
    b"GGA": gga_from,
    b"GLL": gll_from,
    b"ZDA": zda_from,
}
_TIME_FIELD = {_RMC: 0, b"GGA": 0, b"GLL": 4, b"ZDA": 0}
_SYSTEM_FIELD = 17

Given = list[Position | ProtocolError]


class _UndatedError(Exception):
    """Nobody named the day of a fix."""

    def __init__(self, refusal: ProtocolError) -> None:
        super().__init__()
        self.refusal = refusal


class Joiner:
    """One receiver's sentences on their way to positions."""

    def __init__(self) -> None:
        self._open: Epoch | None = None
        self._day: NamedDay | None = None
        self._had_rmc = False  # the epoch before had
        self._closed: timedelta | None = None  # the time of day of the epoch before
        self._undated: ProtocolError | None = None  # the first epoch's

    @property
    def due_at(self) -> datetime | None:
        """When the open epoch is to be closed; None while none is open."""
        return self._open.began_at + HOLD if self._open else None

    def take(self, sentence: Sentence, terminal: str | None, now: datetime) -> Given:
        """Take a sentence that came at `now`; return what that closes or refuses.

        Args:
            sentence: With a right checksum; of a kind nobody needs, it is left out.
            terminal: Who says it; None if it is not known.
            now: Aware.
        """
        if sentence.kind in _TIMED:
            return self._take_timed(sentence, terminal, now)
        try:
            self._take_untimed(sentence, terminal, now)
        except ProtocolError as error:
            if self._open:
                self._open.trouble = self._open.trouble or error
        return []

    def close(self, now: datetime) -> Given:
        """Close the open epoch; return its position, or why it has none."""
        epoch, self._open = self._open, None
        if epoch is None or epoch.since_midnight is None:
            return []
        is_first, is_rest = self._closed is None, self._is_rest(epoch)
        self._had_rmc, self._closed = epoch.has_rmc, epoch.since_midnight
        if epoch.midnight:
            at = epoch.midnight + epoch.since_midnight
            self._day = NamedDay(at, epoch.began_at)
        if is_rest:
            return []
        before = [] if epoch.has_rmc else self._first()
        self._undated = None
        try:
            position = self._position(epoch, epoch.since_midnight, now)
        except _UndatedError as error:
            self._undated = error.refusal if is_first else None
            return before if is_first else [*before, error.refusal]
        except ProtocolError as error:
            return [*before, error]
        return [*before, position] if position else before

    def end(self, now: datetime) -> Given:
        """Close the open epoch, after which none comes."""
        return [*self.close(now), *self._first()]

    def _is_rest(self, epoch: Epoch) -> bool:
        """Return whether an epoch is what is left of one that was."""
        is_again = self._had_rmc or epoch.since_midnight == self._closed
        return is_again and not epoch.has_rmc

    def _first(self) -> Given:
        return [self._undated] if self._undated else []

    def _take_timed(
        self, sentence: Sentence, terminal: str | None, now: datetime
    ) -> Given:
        try:
            said = read(sentence, _TIMED[sentence.kind])
        except ProtocolError as error:
            return self._refuse(sentence, error, terminal, now)
        if said.since_midnight is None:
            return []
        before = self.close(now) if self._open and not self._open.fits(said) else []
        self._opened(terminal, now).add(said, sentence.octets)
        return before

    def _take_untimed(
        self, sentence: Sentence, terminal: str | None, now: datetime
    ) -> None:
        if sentence.kind == b"VTG":
            vtg = read(sentence, vtg_from)
            if vtg:
                epoch = self._opened(terminal, now)
                epoch.vtg = vtg
                epoch.keep(sentence.octets)
        elif sentence.kind == b"GSA" and self._open:
            gsa = read(sentence, gsa_from)
            parts = sentence.fields
            if gsa:
                self._open.add_gsa(
                    gsa,
                    talker=sentence.address[:2],
                    system=parts[_SYSTEM_FIELD] if len(parts) > _SYSTEM_FIELD else b"",
                    octets=sentence.octets,
                )

    def _refuse(
        self,
        sentence: Sentence,
        error: ProtocolError,
        terminal: str | None,
        now: datetime,
    ) -> Given:
        """Refuse a sentence: RMC at once, others once they are needed."""
        since_midnight = _time_in(sentence)
        if since_midnight is None:
            return [error]
        is_other = self._open and self._open.since_midnight not in {
            None,
            since_midnight,
        }
        before = self.close(now) if is_other else []
        epoch = self._opened(terminal, now)
        epoch.since_midnight = since_midnight
        if sentence.kind == _RMC:
            epoch.is_rmc_bad = True
            return [*before, error]
        epoch.trouble = epoch.trouble or error
        return before

    def _opened(self, terminal: str | None, now: datetime) -> Epoch:
        if self._open is None:
            self._open = Epoch(terminal, now)
        return self._open

    def _position(
        self, epoch: Epoch, since_midnight: timedelta, now: datetime
    ) -> Position | None:
        place = epoch.place
        if place is None:
            if epoch.trouble and not epoch.has_rmc:
                raise epoch.trouble
            return None
        said = self._dated(epoch, since_midnight)
        fixed_at = redated(said, now)
        if fixed_at is None:
            why = f"{said.isoformat()} is before any terminal of ours"
            raise ProtocolError(Reason.IMPOSSIBLE_TIME, why, epoch.octets)
        if epoch.terminal is None:
            why = "a fix before its sender said who it is: send $PGZID,<terminal> first"
            raise ProtocolError(Reason.UNKNOWN_IDENTITY, why, epoch.octets)
        moved = Quality.CLOCK_CORRECTED if fixed_at != said else Quality.GOOD
        return _position_of(epoch, epoch.terminal, place, fixed_at, moved)

    def _dated(self, epoch: Epoch, since_midnight: timedelta) -> datetime:
        if epoch.midnight:
            return epoch.midnight + since_midnight
        day = self._day
        at = day.time_of(since_midnight, epoch.began_at) if day else None
        if at is None:
            if epoch.trouble:
                raise epoch.trouble
            why = (
                f"a fix at {since_midnight} of a day that nobody named: have the "
                "receiver send RMC, or ZDA with GGA"
            )
            raise _UndatedError(ProtocolError(Reason.BAD_TIME, why, epoch.octets))
        return at


def _time_in(sentence: Sentence) -> timedelta | None:
    parts = sentence.fields
    at = _TIME_FIELD[sentence.kind]
    try:
        return fields.since_midnight(parts[at].decode("ascii"))
    except (IndexError, UnicodeDecodeError, fields.FieldError):
        return None


def _position_of(
    epoch: Epoch, terminal: str, place: Place, fixed_at: datetime, quality: Quality
) -> Position:
    speed_kmh = epoch.speed_kmh
    if epoch.is_simulated:
        quality |= Quality.SIMULATED
    if speed_kmh is not None and speed_kmh > FASTEST_KMH:
        quality |= Quality.OUT_OF_RANGE
    lon, lat = place
    return Position(
        device=terminal,
        fixed_at=fixed_at,
        lon=lon,
        lat=lat,
        speed_kmh=speed_kmh,
        course_deg=epoch.course_deg,
        altitude_m=epoch.gga.altitude_m if epoch.gga else None,
        satellites=epoch.satellites,
        hdop=epoch.hdop,
        quality=quality,
    )
