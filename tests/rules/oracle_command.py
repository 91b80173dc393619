"""Orders without effect as a plain loop over one device: slow, and easy to believe."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from rules.engine.learned import CommandWord, Learned, Wanted
from vocabulary.command import State
from vocabulary.reading import Readings

S = 1_000_000
CHANGING = ("switch_on", "switch_off", "dim", "programme", "native")


class Raised(NamedTuple):
    """What the oracle and the engine are compared by."""

    kind: str
    seq: int
    measured_us: int
    seconds: float
    command: int | None


@dataclass
class Order:
    number: int
    wanted: Wanted
    answered: int | None = None
    heard: int = 0
    was_else: bool = False


@dataclass
class Watcher:
    """One rule without delays on one device.

    `series` has the quantity of each series that shows its orders.
    """

    device_id: int
    turns: frozenset[str]
    series: dict[int, str]
    after_s: float
    gap_s: float
    order: Order | None = None
    owed: Wanted | None = None
    latest: int = 0
    newest: dict[str, float] = field(default_factory=dict)
    door: int | None = None
    stands: bool = False

    def fold(self, entries: Iterable[Learned]) -> Iterator[Raised]:
        for entry in entries:
            if isinstance(entry.content, CommandWord):
                self.hear(entry.content, entry.at_us)
            if isinstance(entry.content, Readings):
                yield from self.read(entry.content, entry.seq)

    def hear(self, word: CommandWord, now: int) -> None:
        if word.device_id != self.device_id or word.turn not in CHANGING:
            return
        if word.number < self.latest:
            return
        mine = self.order is not None and self.order.number == word.number
        if word.state is State.SENT or (word.state is State.ACKED and not mine):
            self.begin(word)
        order = self.order
        if order is None:
            return
        if word.state is State.ACKED and order.answered is None:
            order.answered = order.heard = now
        if mine and word.state in (State.REFUSED, State.EXPIRED):
            self.order = None
        if mine and word.state is State.EFFECT_SEEN and word.is_read:
            self.order = None
            self.owed = None if order.was_else else self.owed

    def begin(self, word: CommandWord) -> None:
        self.latest = word.number
        wanted = word.wanted
        shown = wanted is not None and wanted.quantity in self.series.values()
        if wanted is None or not shown or word.turn not in self.turns:
            self.order = None
            return
        same = self.order is not None and self.order.wanted == wanted
        if same and self.order is not None and self.order.answered is not None:
            return
        newest = self.newest.get(wanted.quantity)
        was_else = newest is not None and not wanted.is_met_by(newest)
        self.order = Order(word.number, wanted, was_else=was_else)

    def read(self, readings: Readings, seq: int) -> Iterator[Raised]:
        door, rows = self.door, []
        for row, series_id in enumerate(readings.series_id.tolist()):
            at = int(readings.measured_us[row])
            if series_id in self.series and (len(self.series) > 1 or at >= (door or 0)):
                value = float(readings.value[row])
                rows.append((max(at, door or 0), self.series[series_id], value))
        for at, quantity, value in sorted(rows, key=lambda r: r[0]):
            self.door = at
            command = self.order.number if self.order else None
            seconds = self.judge(at, quantity, value)
            self.newest[quantity] = value
            if seconds is None:
                continue
            is_over = seconds >= self.after_s
            if is_over != self.stands:
                kind = "raised" if is_over else "cleared"
                about = command if seconds else None
                yield Raised(kind, seq, at, seconds, about)
            self.stands = is_over

    def judge(self, at: int, quantity: str, value: float) -> float | None:
        """Return for how many seconds it is owed; None if that is not known."""
        order, owed = self.order, self.owed
        if owed is not None and owed.quantity == quantity and owed.is_met_by(value):
            self.owed = None
        seconds = 0.0
        if order is not None and order.wanted.quantity == quantity:
            shows = order.wanted.is_met_by(value)
            if order.answered is not None and at >= order.answered:
                is_near = at - order.heard <= self.gap_s * S
                order.heard = at
                if shows and order.was_else:
                    self.owed = None
                if shows or not is_near:
                    self.order = None
                else:
                    seconds = (at - order.answered) / S
            order.was_else = order.was_else or not shows
        if order is not None and seconds and seconds >= self.after_s:
            self.owed = order.wanted
            return seconds
        return None if self.owed is not None else seconds
