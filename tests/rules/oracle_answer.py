"""Orders without an answer as a plain loop over one device: slow, easy to believe."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rules.engine.learned import CommandWord, Learned
from tests.rules.oracle_command import Raised, S
from vocabulary.command import State
from vocabulary.reading import Readings

SAYS = ("acked", "refused", "effect_seen", "effect_not_seen")


@dataclass
class Listener:
    """One rule without delays on one device, fed by several series."""

    device_id: int
    turns: frozenset[str]
    series: frozenset[int]
    after_s: float
    gap_s: float
    waiting: int | None = None
    begun: int = 0
    heard: int = 0
    waited: int = 0
    owed: bool = False
    door: int | None = None
    stands: bool = False

    def fold(self, entries: Iterable[Learned]) -> Iterator[Raised]:
        for entry in entries:
            if isinstance(entry.content, CommandWord):
                self.hear(entry.content, entry.at_us)
            if isinstance(entry.content, Readings):
                yield from self.read(entry.content, entry.seq)

    def hear(self, word: CommandWord, now: int) -> None:
        if word.device_id != self.device_id or word.turn not in self.turns:
            return
        if word.state in SAYS:
            self.owed = False
            if self.waiting is not None and self.waiting <= word.number:
                self.waiting = None
        elif word.state is State.SENT:
            if self.waiting is None:
                self.begun, self.heard, self.waited = now, now, 0
            self.waiting = max(self.waiting or 0, word.number)
        elif word.state is not State.QUEUED and self.waiting == word.number:
            self.waiting = None

    def read(self, readings: Readings, seq: int) -> Iterator[Raised]:
        door = self.door
        times = [
            max(int(readings.measured_us[row]), door or 0)
            for row, series_id in enumerate(readings.series_id.tolist())
            if series_id in self.series
        ]
        for at in sorted(times):
            self.door = at
            seconds = self.wait(at)
            is_over = seconds >= self.after_s
            if is_over:
                self.owed = True
            elif self.owed:
                continue
            if is_over != self.stands:
                kind = "raised" if is_over else "cleared"
                yield Raised(kind, seq, at, seconds, self.waiting if seconds else None)
            self.stands = is_over

    def wait(self, at: int) -> float:
        """Return for how long it was heard and has not answered."""
        if self.waiting is None or at < self.begun:
            return 0.0
        if at - self.heard <= self.gap_s * S:
            self.waited += at - self.heard
        self.heard = at
        return self.waited / S
