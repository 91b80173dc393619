"""The sentences of one epoch, joined: a receiver says one fix in several sentences.

Those of one epoch have one time of day (RMC, GGA, GLL, ZDA) or come between them (GSA,
VTG). They come in whatever order a receiver likes, so an epoch is open until something
of another one comes: another time of day, or the same kind of sentence saying something
else (receivers that drop decimals give several fixes one time). What is said twice is
said once.

What an epoch means::

    RMC with a fix     a position; GGA adds satellites, HDOP and altitude; where GGA has
                       none, GSA adds satellites and HDOP; VTG adds what RMC leaves out
    RMC without one    none, whatever else is said
    no RMC             a position of GGA, else of GLL, if all of them have a fix, and if
                       the day is known
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183.detail import Gsa, Vtg, Zda
from ingest.protocols.nmea0183.fix import Gga, Gll, Place, Rmc

MAX_KEPT = 16
"""Sentences of one epoch that are kept, for quarantine."""

Timed: TypeAlias = Rmc | Gga | Gll | Zda
"""What has a time of day."""


@dataclass(slots=True)
class Epoch:
    """What was said of one moment.

    Attributes:
        terminal: Who says it; None if it did not say who it is.
        began_at: When its first sentence came, aware.
        since_midnight: Its time of day, UTC; None while only a VTG came.
        timed: What was said of it, by kind of sentence.
        vtg: What VTG says of it.
        is_rmc_bad: Whether its RMC was refused.
        trouble: Why a sentence of it that is not its RMC was refused.
        sentences: Its sentences as they came, for quarantine.
    """

    terminal: str | None
    began_at: datetime
    since_midnight: timedelta | None = None
    timed: dict[type[Timed], Timed] = field(default_factory=dict)
    vtg: Vtg | None = None
    is_rmc_bad: bool = False
    trouble: ProtocolError | None = None
    sentences: list[bytes] = field(default_factory=list)
    _satellites: set[tuple[bytes, bytes, str]] = field(default_factory=set)
    _gsa_hdop: float | None = None
    _has_gsa: bool = False

    def fits(self, said: Timed) -> bool:
        """Return whether something said is of this epoch."""
        if self.since_midnight is None:
            return True
        known = self.timed.get(type(said), said)
        return said.since_midnight == self.since_midnight and known == said

    def add(self, said: Timed, octets: bytes) -> None:
        """Take what fits."""
        self.since_midnight = said.since_midnight
        self.timed[type(said)] = said
        self.keep(octets)

    def add_gsa(self, gsa: Gsa, *, talker: bytes, system: bytes, octets: bytes) -> None:
        """Take the satellites of one system, or some of them."""
        self._satellites |= {(talker, system, number) for number in gsa.satellites}
        self._gsa_hdop = gsa.hdop if self._gsa_hdop is None else self._gsa_hdop
        self._has_gsa = True
        self.keep(octets)

    def keep(self, octets: bytes) -> None:
        """Keep a sentence as it came, once."""
        octets = octets.rstrip()
        if len(self.sentences) < MAX_KEPT and octets not in self.sentences:
            self.sentences.append(octets)

    @property
    def octets(self) -> bytes:
        """What came of it, to be read again."""
        return b"\r\n".join(self.sentences)

    @property
    def rmc(self) -> Rmc | None:
        """What its RMC says."""
        said = self.timed.get(Rmc)
        return said if isinstance(said, Rmc) else None

    @property
    def has_rmc(self) -> bool:
        """Whether an RMC came, good or bad."""
        return self.is_rmc_bad or Rmc in self.timed

    @property
    def gga(self) -> Gga | None:
        """What its GGA says."""
        said = self.timed.get(Gga)
        return said if isinstance(said, Gga) else None

    @property
    def midnight(self) -> datetime | None:
        """The day it names, as the receiver gives it."""
        if self.rmc and self.rmc.midnight:
            return self.rmc.midnight
        zda = self.timed.get(Zda)
        return zda.midnight if isinstance(zda, Zda) else None

    @property
    def place(self) -> Place | None:
        """Where the receiver was; None if it does not know."""
        if self.has_rmc:
            return self.rmc.place if self.rmc and not self.is_rmc_bad else None
        gll = self.timed.get(Gll)
        said = [each for each in (self.gga, gll) if isinstance(each, Gga | Gll)]
        places = [each.place for each in said]
        return places[0] if places and None not in places else None

    @property
    def is_simulated(self) -> bool:
        """Whether any of it says so."""
        return any(
            said.is_simulated
            for said in self.timed.values()
            if isinstance(said, Rmc | Gga | Gll)
        )

    @property
    def speed_kmh(self) -> float | None:
        """Ground speed; None if nothing says it."""
        if self.rmc and self.rmc.speed_kmh is not None:
            return self.rmc.speed_kmh
        return self.vtg.speed_kmh if self.vtg else None

    @property
    def course_deg(self) -> float | None:
        """Degrees clockwise from true north; None if nothing says it."""
        if self.rmc and self.rmc.course_deg is not None:
            return self.rmc.course_deg
        return self.vtg.course_deg if self.vtg else None

    @property
    def satellites(self) -> int | None:
        """Satellites used; None if nothing says it."""
        if self.gga and self.gga.satellites is not None:
            return self.gga.satellites
        return len(self._satellites) if self._has_gsa else None

    @property
    def hdop(self) -> float | None:
        """Horizontal dilution of precision; None if nothing says it."""
        said = self.gga.hdop if self.gga else None
        return self._gsa_hdop if said is None else said
