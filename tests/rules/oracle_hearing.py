"""For how long each device could have been heard and was not, the plain way.

Every worker's newest words are kept as it said them. A link is up while a worker that
is there calls it up, or while nobody has ever spoken of it. A worker is there unless
another was heard more than a minute after it. The platform is up while a worker that is
there has begun and not ended, or while no worker is known.
"""

import statistics
from dataclasses import dataclass, field

from rules.conditions.silence import Silence
from rules.engine.learned import EdgeWord, Learned
from rules.files.rule import Hears
from rules.plan.subject import Subject
from vocabulary.position import Positions
from vocabulary.reading import Readings

S = 1_000_000
GONE = 60 * S
LARGEST_STEP = 5 * S
LAST_GAPS = 16


@dataclass
class Talker:
    """One ingest worker: when it was heard, and what it says of which link."""

    heard: int
    is_begun: bool = True
    said: dict[tuple[str, str], bool] = field(default_factory=dict)


@dataclass
class Hearing:
    """What is known of all workers, links and devices.

    Attributes:
        subjects: The devices, by id.
        learning: Devices whose habit counts.
        at: Time of the last entry.
        talkers: Workers by name.
        silent: For how long a device that was heard ever was not since, by its link's
            clock and by the platform's.
        gaps: All gaps between two reports of devices whose habit counts.
    """

    subjects: dict[int, Subject]
    learning: set[int] = field(default_factory=set)
    at: int | None = None
    talkers: dict[str, Talker] = field(default_factory=dict)
    silent: dict[tuple[int, Hears], int] = field(default_factory=dict)
    gaps: dict[int, list[int]] = field(default_factory=dict)

    def listen(self, entry: Learned) -> None:
        """Let time pass up to an entry, and note what it says."""
        self._wait(entry)
        self.at = entry.at_us
        word = entry.content
        if isinstance(word, EdgeWord) or (word is None and entry.worker):
            newcomer = Talker(entry.at_us)
            talker = self.talkers.setdefault(entry.worker, newcomer)
            talker.heard = entry.at_us
            if isinstance(word, EdgeWord):
                self._note(talker, word)
        for device_id in self._heard(entry):
            self._hear(device_id)

    def limit_s(self, condition: Silence, declared_s: float, device_id: int) -> float:
        """Return for how long a device may be silent."""
        gaps = self.gaps.get(device_id, [])[-LAST_GAPS:]
        if len(gaps) < LAST_GAPS or condition.learn <= 1:
            return declared_s
        usual = int(statistics.quantiles(gaps, n=4, method="inclusive")[2])
        own_s = (condition.missed_reports or 0) * usual / S
        return max(declared_s, min(own_s, condition.learn * declared_s))

    def is_up(self, subject: Subject) -> bool:
        """Tell whether a device's link is up."""
        words = [(self._is_there(t), t.said) for t in self.talkers.values()]
        key = subject.edge, subject.gateway
        told = [is_there and said[key] for is_there, said in words if key in said]
        return not told or any(told)

    def is_platform_up(self) -> bool:
        there = [t for t in self.talkers.values() if self._is_there(t)]
        return not there or any(talker.is_begun for talker in there)

    def _wait(self, entry: Learned) -> None:
        if self.at is None or entry.at_us - self.at > LARGEST_STEP:
            return
        if self._begins_alone(entry) or not self.is_platform_up():
            return
        for (device_id, hears), so_far in self.silent.items():
            if hears is Hears.PLATFORM or self.is_up(self.subjects[device_id]):
                self.silent[device_id, hears] = so_far + entry.at_us - self.at

    def _begins_alone(self, entry: Learned) -> bool:
        """Tell whether the platform was away until this entry."""
        word = entry.content
        if not (isinstance(word, EdgeWord) and word.edge == "ingest" and word.is_up):
            return False
        return not any(
            talker.is_begun and talker.heard >= entry.at_us - GONE
            for name, talker in self.talkers.items()
            if name != entry.worker
        )

    def _is_there(self, talker: Talker) -> bool:
        newest = max(other.heard for other in self.talkers.values())
        return talker.heard >= newest - GONE

    def _note(self, talker: Talker, word: EdgeWord) -> None:
        if word.edge == "ingest":
            talker.is_begun = word.is_up
            talker.said = dict.fromkeys(talker.said, False)
            return
        links = {(s.edge, s.gateway) for s in self.subjects.values()}
        for edge, gateway in links | {(word.edge, "")}:
            if edge == word.edge and word.gateway in ("", gateway):
                talker.said[edge, gateway] = word.is_up

    def _heard(self, entry: Learned) -> set[int]:
        if isinstance(entry.content, Readings):
            ids = set(entry.content.series_id.tolist())
            subjects = self.subjects.values()
            return {s.device_id for s in subjects if ids & set(s.series.values())}
        if isinstance(entry.content, Positions):
            return set(entry.content.device_id.tolist()) & set(self.subjects)
        return set()

    def _hear(self, device_id: int) -> None:
        gap = self.silent.get((device_id, Hears.LINK), 0)
        if device_id in self.learning and gap > S:
            self.gaps.setdefault(device_id, []).append(gap)
        for hears in Hears:
            self.silent[device_id, hears] = 0

    def turn_over(self, subjects: dict[int, Subject], learning: set[int]) -> None:
        """Go on with other devices; who goes on has been silent for as long."""
        self.subjects = subjects
        self.silent = {key: n for key, n in self.silent.items() if key[0] in subjects}
        both = self.learning & learning
        self.gaps = {one: gaps for one, gaps in self.gaps.items() if one in both}
        self.learning = learning
        for subject in subjects.values():
            for talker in self.talkers.values():
                of_edge = talker.said.get((subject.edge, ""))
                if of_edge is not None:
                    talker.said.setdefault((subject.edge, subject.gateway), of_edge)
