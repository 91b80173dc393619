"""What a simulated cabinet was ordered, and what its contactor and lamps do about it.

It is how cabinets behave: an order by hand holds until the programme's next entry; a
programme governs once it was committed with the right CRC; and a contactor whose relay
is stuck stays as it is, whatever is ordered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ingest.protocols.register_layout import Point, RegisterMap
from ingest.protocols.register_programme import (
    ENTRY_WORDS,
    FULL_PCT,
    Switching,
    programme_in,
    seal_of,
    words_of,
)

_ALL_DAY = timedelta(days=1)


def governing(
    programme: Sequence[Switching], local: datetime
) -> tuple[Switching, datetime] | None:
    """Return the entry that a programme is at, and since when.

    Args:
        programme: Its entries in any order.
        local: The time, in the device's own zone.
    """
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for days_ago in range(8):
        day = midnight - days_ago * _ALL_DAY
        begun = [
            (day + timedelta(minutes=entry.minute), place, entry)
            for place, entry in enumerate(programme)
            if entry.days >> day.weekday() & 1
        ]
        past = [one for one in begun if one[0] <= local]
        if past:
            since, _, entry = max(past, key=lambda one: one[:2])
            return entry, since
    return None


@dataclass(slots=True)
class Panel:
    """One cabinet.

    Attributes:
        register_map: What stands where in it.
        zone: Of its clock.
        is_closed: Whether the contactor is closed.
        dark_s: How long it has been open so far.
    """

    register_map: RegisterMap
    zone: ZoneInfo
    is_closed: bool = True
    dark_s: float = 0.0
    _ordered: dict[tuple[str, str], tuple[float, datetime]] = field(
        default_factory=dict
    )
    _programme: tuple[Switching, ...] = ()
    _staged: dict[int, int] = field(default_factory=dict)
    _seen: datetime | None = None

    def level_pct(self, part: str, at: datetime, *, usual: float = FULL_PCT) -> float:
        """Return the level a lamp was last told, by hand or by the programme.

        Args:
            part: Which lamp.
            at: When.
            usual: Where it was told nothing.
        """
        return self._latest(part, "dimming_pct", usual, at)

    def live_on(self, at: datetime, *, is_stuck: bool, usual: float = FULL_PCT) -> None:
        """Move the contactor to where it is ordered, unless its relay is stuck.

        Args:
            at: When.
            is_stuck: Whether it stays as it is.
            usual: Level of its lamps where nothing was ordered; 0 opens it.
        """
        if self._seen is not None and not self.is_closed:
            self.dark_s += max(0.0, (at - self._seen).total_seconds())
        self._seen = at
        if not is_stuck:
            self.is_closed = self._latest("", "contactor_on", usual, at) > 0

    def write(self, address: int, words: Sequence[int], at: datetime) -> bool:
        """Take an order; return whether it is one."""
        layout = self.register_map.programme
        if layout and address == layout.commit:
            return self._commit(tuple(words))
        places = range(address, address + len(words))
        first = layout.address if layout else 0
        room = layout.entries * ENTRY_WORDS if layout else 0
        if first <= address and places[-1] < first + room:
            self._staged |= dict(zip(places, words, strict=True))
            return True
        points = [self._points().get(place) for place in places]
        orders = [
            (point, float(word))
            for point, word in zip(points, words, strict=True)
            if point and point.least <= word <= point.greatest
        ]
        if len(orders) < len(words):
            return False
        for point, value in orders:
            self._ordered[point.part, point.name] = (value, at)
        return True

    def registers(self) -> dict[int, int]:
        """Return what its registers for orders show: what was last written."""
        shown = {
            address: int(self._ordered.get((point.part, point.name), (0, None))[0])
            for address, point in self._points().items()
        }
        layout = self.register_map.programme
        if layout is None:
            return shown
        seal = seal_of(words_of(self._programme))
        room = range(layout.address, layout.address + layout.entries * ENTRY_WORDS)
        shown |= {place: self._staged.get(place, 0) for place in room}
        for first in (layout.commit, layout.active):
            shown |= dict(enumerate(seal, first))
        return shown

    def _commit(self, seal: tuple[int, ...]) -> bool:
        layout = self.register_map.programme
        if layout is None or seal[0] > layout.entries:
            return False
        room = range(layout.address, layout.address + seal[0] * ENTRY_WORDS)
        words = [self._staged.get(place, 0) for place in room]
        try:
            programme = programme_in(words)
        except ValueError:
            return False
        if seal_of(words) != seal:
            return False
        self._programme = programme
        return True

    def _latest(self, part: str, name: str, usual: float, at: datetime) -> float:
        """Return what holds: the last order by hand, or a newer entry."""
        by_hand = self._ordered.get((part, name))
        now = governing(self._programme, at.astimezone(self.zone))
        if now and (by_hand is None or now[1] > by_hand[1]):
            return now[0].level_pct
        return by_hand[0] if by_hand else usual

    def _points(self) -> Mapping[int, Point]:
        return {point.address: point for point in self.register_map.points}
