"""Which numbered messages of a gateway are missing: pure, over ranges of numbers.

A gateway counts its messages up by one. They may come in any order and more than once;
what lies between the lowest and the highest number heard and did not come is a gap, and
a gap is filled, whole or in part, when it comes after all.

A counter that starts again begins a new epoch. What tells a restart from a repeat is
when its message was made (`sent_at`, which stays the same when one is sent again):

    number                            made                           it is
    above the highest                 whenever                       new; a gap between
    in a gap                          whenever                       what was missing
    accounted for, or below all       later than all of the epoch    a restart
                                      not later                      a repeat, or older
                                      not said, and far back         a restart
    far above the highest, or         whenever                       another counter: a
    far below the lowest                                             restart

A message made before all of its gateway's newest epoch belongs to the epoch before.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from ingest.judging.judge import CLOCK_TOLERANCE_US
from vocabulary.sequence import Epoch, Gap, Number
from vocabulary.times import SECOND_US

MOST_IN_FLIGHT = 65_535
"""Most messages that a sender may have to repeat (MQTT 5, 3.1.2.11.3: the largest
Receive Maximum). A number further back than this is no repeat."""

MOST_MISSING = 10_000_000
"""A longer gap is none: the gateway counts something else from now on."""

DISORDER_US = 5 * SECOND_US
"""What came so little later was not missing, only out of order."""


@dataclass(frozen=True, slots=True)
class Filled:
    """Numbers that were missing and came after all.

    Attributes:
        epoch: In which run of the counter.
        gap: They, and since when they were missing.
    """

    epoch: int
    gap: Gap


@dataclass(frozen=True, slots=True)
class Accounted:
    """What is known of a gateway's messages.

    Attributes:
        epochs: Those that were known and those that began, in order; with the gaps
            that were given, as they are now, and new ones.
        filled: What is missing no longer; what was only out of order is left out.
    """

    epochs: Sequence[Epoch]
    filled: Sequence[Filled]


def accounted(
    known: Sequence[Epoch], numbers: Iterable[Number], *, at_us: int
) -> Accounted:
    """Return what is known of a gateway's messages once some more came.

    Args:
        known: Its two newest epochs, or as many as there are, in order. Of their gaps
            those do that one of the numbers is in; the others stay as they are.
        numbers: Those of the messages, in the order they came.
        at_us: When they came, microseconds since 1970.
    """
    tallies = [_Tally(epoch) for epoch in known]
    believed_us = at_us + CLOCK_TOLERANCE_US  # whoever is further ahead says nothing
    for seq, said_us in numbers:
        sent_us = said_us if said_us is None or said_us <= believed_us else None
        if not _count(tallies, seq, sent_us, at_us):
            number = tallies[-1].epoch + 1 if tallies else 1
            tallies.append(_Tally(_begun(number, seq, sent_us)))
    return Accounted(
        [tally.result() for tally in tallies],
        [filled for tally in tallies for filled in tally.filled(at_us)],
    )


def _begun(number: int, seq: int, sent_us: int | None) -> Epoch:
    return Epoch(
        epoch=number, first=seq, last=seq, oldest_us=sent_us, newest_us=sent_us
    )


class _Tally:
    """One epoch while messages are counted."""

    def __init__(self, before: Epoch) -> None:
        self.epoch = before.epoch
        self.first, self.last = before.first, before.last
        self.oldest_us, self.newest_us = before.oldest_us, before.newest_us
        self._gaps = list(before.gaps)
        self._filled: list[Gap] = []
        self._repeated = before.repeated
        self._unlisted = before.unlisted

    def add(self, seq: int, sent_us: int | None, at_us: int) -> None:
        """Count one message, made at `sent_us`, come at `at_us`."""
        if sent_us is not None:
            oldest_us, newest_us = self.oldest_us, self.newest_us
            self.oldest_us = sent_us if oldest_us is None else min(oldest_us, sent_us)
            self.newest_us = sent_us if newest_us is None else max(newest_us, sent_us)
        if seq > self.last:
            if seq > self.last + 1:
                self._gaps.append(Gap(self.last + 1, seq - 1, at_us))
            self.last = seq
        elif seq < self.first:
            if seq < self.first - 1:
                self._gaps.insert(0, Gap(seq + 1, self.first - 1, at_us))
            self.first = seq
        elif self.lacks(seq):
            self._fill(seq)
        else:
            self._repeated += 1

    def repeat(self) -> None:
        """Count one message that came before."""
        self._repeated += 1

    def is_far_from(self, seq: int) -> bool:
        """Return whether too much would be missing between it and a number."""
        return not self.first - MOST_MISSING <= seq <= self.last + MOST_MISSING

    def lacks(self, seq: int) -> bool:
        """Return whether a number is in a gap."""
        n = self._before(seq)
        return n >= 0 and seq <= self._gaps[n].last

    def result(self) -> Epoch:
        """Return the epoch as it is now."""
        return Epoch(
            epoch=self.epoch,
            first=self.first,
            last=self.last,
            oldest_us=self.oldest_us,
            newest_us=self.newest_us,
            gaps=tuple(self._gaps),
            repeated=self._repeated,
            unlisted=self._unlisted,
        )

    def filled(self, at_us: int) -> list[Filled]:
        """Return what was truly missing until now, in as few pieces as can be."""
        pieces: list[Gap] = []
        for piece in sorted(self._filled, key=attrgetter("first")):
            if pieces and _touches(pieces[-1], piece):
                pieces[-1] = Gap(pieces[-1].first, piece.last, piece.opened_us)
            elif at_us - piece.opened_us >= DISORDER_US:
                pieces.append(piece)
        return [Filled(self.epoch, piece) for piece in pieces]

    def _fill(self, seq: int) -> None:
        n = self._before(seq)
        gap = self._gaps[n]
        below = Gap(gap.first, seq - 1, gap.opened_us)
        above = Gap(seq + 1, gap.last, gap.opened_us)
        self._gaps[n : n + 1] = [rest for rest in (below, above) if len(rest)]
        self._filled.append(Gap(seq, seq, gap.opened_us))

    def _before(self, seq: int) -> int:
        """Return the index of the last gap that begins at or below `seq`, or -1."""
        return bisect_right(self._gaps, seq, key=attrgetter("first")) - 1


def _count(
    tallies: Sequence[_Tally], seq: int, sent_us: int | None, at_us: int
) -> bool:
    """Count a message where it belongs; return whether it does to what there is."""
    if not tallies:
        return False
    newest = tallies[-1]
    if len(tallies) > 1 and _is_of_before(tallies[-2], newest, seq, sent_us):
        _count_late(tallies[-2], seq, sent_us, at_us)
        return True
    if _is_restart(newest, seq, sent_us):
        return False
    newest.add(seq, sent_us, at_us)
    return True


def _is_of_before(
    before: _Tally, newest: _Tally, seq: int, sent_us: int | None
) -> bool:
    """Return whether a message was made before the newest epoch began."""
    if sent_us is None or newest.oldest_us is None or sent_us >= newest.oldest_us:
        return False
    is_of_its_time = before.newest_us is not None and sent_us <= before.newest_us
    return is_of_its_time or seq > newest.last


def _count_late(before: _Tally, seq: int, sent_us: int | None, at_us: int) -> None:
    """Count a message of the epoch before, or of one before that."""
    is_older = (
        sent_us is not None
        and before.oldest_us is not None
        and sent_us < before.oldest_us
    )
    if not before.lacks(seq) and (is_older or before.is_far_from(seq)):
        before.repeat()
    else:
        before.add(seq, sent_us, at_us)


def _is_restart(newest: _Tally, seq: int, sent_us: int | None) -> bool:
    if newest.is_far_from(seq):
        return True
    if seq > newest.last or newest.lacks(seq):
        return False
    if sent_us is None or newest.newest_us is None:
        return newest.last - seq > MOST_IN_FLIGHT
    return sent_us > newest.newest_us


def _touches(piece: Gap, following: Gap) -> bool:
    return piece.last + 1 == following.first and piece.opened_us == following.opened_us
