"""The account of numbered messages against plain sets."""

import itertools
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sequence import (
    DISORDER_US,
    MOST_IN_FLIGHT,
    MOST_MISSING,
    Accounted,
    accounted,
)
from vocabulary.sequence import HIGHEST_SEQ, Epoch, Gap, Number
from vocabulary.times import SECOND_US

NOW_US = 1_795_000_000 * SECOND_US
"""When everything comes here, unless said otherwise."""


def made(seq: int, after_s: float | None = None) -> Number:
    """Make the number of a message made so long after an hour ago."""
    at_s = seq if after_s is None else after_s
    return Number(seq, NOW_US - 3600 * SECOND_US + int(at_s * SECOND_US))


def told(numbers: Iterable[Number], known: Sequence[Epoch] = ()) -> Sequence[Epoch]:
    return accounted(known, numbers, at_us=NOW_US).epochs


def missing(epoch: Epoch) -> set[int]:
    """Return the missing numbers one by one, and see that the gaps are well kept."""
    gaps = epoch.gaps
    assert all(gap.first <= gap.last for gap in gaps)
    assert all(a.last + 1 < b.first for a, b in itertools.pairwise(gaps))
    found = {seq for gap in gaps for seq in range(gap.first, gap.last + 1)}
    assert len(found) + epoch.unlisted == epoch.missing
    return found


class Plain:
    """The same by sets: what came, and of each what is missing."""

    def __init__(self) -> None:
        self.epochs: list[list[int]] = []

    def take(self, epoch: int, seq: int) -> None:
        while len(self.epochs) <= epoch:
            self.epochs.append([])
        self.epochs[epoch].append(seq)

    def facts(self) -> list[tuple[int, int, set[int], int]]:
        return [
            (
                min(came),
                max(came),
                set(range(min(came), max(came))) - set(came),
                len(came) - len(set(came)),
            )
            for came in self.epochs
        ]


def facts(epochs: Iterable[Epoch]) -> list[tuple[int, int, set[int], int]]:
    return [(e.first, e.last, missing(e), e.repeated) for e in epochs]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80), st.data())
def test_any_order_with_repeats_and_losses_is_accounted_as_sets_say(
    seqs: list[int], data: st.DataObject
) -> None:
    plain = Plain()
    for seq in seqs:
        plain.take(0, seq)
    cut = data.draw(st.integers(0, len(seqs)))
    once = told(map(made, seqs))
    in_two = told(map(made, seqs[cut:]), told(map(made, seqs[:cut])))
    assert facts(once) == plain.facts()
    assert in_two == once


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(0, 1), st.data()
)
def test_each_restart_begins_an_epoch_whatever_is_repeated_or_lost(
    lengths: list[int], start: int, data: st.DataObject
) -> None:
    chance = random.Random(data.draw(st.integers(0, 2**32)))  # noqa: S311 - drawn
    plain, after_s = Plain(), 0
    known: tuple[Epoch, ...] = ()
    delivered: list[list[Number]] = []
    for epoch, length in enumerate(lengths):
        rest = [made(start + n, after_s + n) for n in range(1, length)]
        rest = [number for number in rest if chance.random() < 0.8]
        chance.shuffle(rest)
        delivered.append([])
        for number in [made(start, after_s), *rest]:
            again = chance.choice([number, *delivered[epoch], *delivered[epoch - 1]])
            is_before = again not in delivered[epoch] and again != number
            # A message of the epoch before may come again once this one has begun.
            for each, of in ((number, epoch), (again, epoch - is_before)):
                plain.take(of, each.seq)
                whole = told([each], known[-2:])
                known = (*known[: max(0, len(known) - 2)], *whole)
            delivered[epoch].append(number)
        after_s += length
    assert facts(known) == plain.facts()
    assert [epoch.epoch for epoch in known] == list(range(1, len(lengths) + 1))


def test_the_same_batch_twice_changes_nothing_but_the_count_of_repeats() -> None:
    batch = [made(seq) for seq in (0, 1, 2, 5, 4, 9)]
    (once,) = told(batch)
    (twice,) = told(batch, [once])
    assert (twice.first, twice.last, twice.gaps) == (once.first, once.last, once.gaps)
    assert twice.repeated == len(batch)


def test_a_gap_filled_in_part_is_split_and_what_came_is_told() -> None:
    (before,) = told([made(0), made(10)])
    later = NOW_US + 60 * SECOND_US
    after = accounted([before], [made(4), made(6), made(5)], at_us=later)
    assert after.epochs[0].gaps == (Gap(1, 3, NOW_US), Gap(7, 9, NOW_US))
    assert [filled.gap for filled in after.filled] == [Gap(4, 6, NOW_US)]
    closed = accounted(after.epochs, map(made, range(11)), at_us=later)
    assert closed.epochs[0].gaps == ()
    assert [filled.gap for filled in closed.filled] == [
        Gap(1, 3, NOW_US),
        Gap(7, 9, NOW_US),
    ]


def test_what_was_only_out_of_order_was_never_missing() -> None:
    (before,) = told([made(0), made(2)])
    after = accounted([before], [made(1)], at_us=NOW_US + DISORDER_US - 1)
    assert (after.epochs[0].gaps, after.filled) == ((), [])


def test_a_counter_that_goes_back_to_its_start_begins_an_epoch() -> None:
    for start in (0, 1):
        first = [made(seq) for seq in range(start, 5)]
        epochs = told([*first, made(start, 100), made(start + 1, 101)])
        assert [(e.first, e.last, e.gaps) for e in epochs] == [
            (start, 4, ()),
            (start, start + 1, ()),
        ]


def test_the_first_message_again_is_a_repeat_and_no_restart() -> None:
    (epoch,) = told([made(0), made(1), made(2), made(0), made(1)])
    assert (epoch.last, epoch.repeated) == (2, 2)


def test_a_restart_whose_first_messages_were_lost_is_seen_by_the_next_ones() -> None:
    epochs = told([*map(made, range(10)), made(3, 100), made(4, 101)])
    assert [(e.first, e.last, e.gaps) for e in epochs] == [(0, 9, ()), (3, 4, ())]


def test_messages_made_before_the_restart_count_for_the_epoch_before() -> None:
    before = [made(0), made(1), made(5)]
    late = [made(3, 3), made(6, 6), made(1, 1)]
    epochs = told([*before, made(0, 100), made(1, 101), *late, made(2, 102)])
    assert [(e.first, e.last, missing(e)) for e in epochs] == [
        (0, 6, {2, 4}),
        (0, 2, set()),
    ]


def test_what_is_older_than_two_restarts_is_a_repeat() -> None:
    runs = [*map(made, range(100)), made(0, 200), made(1, 201), made(0, 300)]
    *_, before, newest = told([*runs, made(98, 98)])
    assert (before.last, before.gaps, before.repeated) == (1, (), 1)
    assert (newest.first, newest.last) == (0, 0)


@pytest.mark.parametrize("back", [1, MOST_IN_FLIGHT])
def test_without_times_what_may_be_a_repeat_is_one(back: int) -> None:
    numbers = [Number(seq, None) for seq in (0, 1, *range(2, MOST_IN_FLIGHT + 1))]
    (epoch,) = told([*numbers, Number(MOST_IN_FLIGHT - back, None)])
    assert (epoch.last, epoch.gaps, epoch.repeated) == (MOST_IN_FLIGHT, (), 1)


def test_without_times_what_cannot_be_a_repeat_is_a_restart() -> None:
    run = [Number(seq, None) for seq in range(MOST_IN_FLIGHT + 2)]
    epochs = told([*run, Number(0, None), Number(1, None)])
    assert [(e.first, e.last) for e in epochs] == [(0, MOST_IN_FLIGHT + 1), (0, 1)]


def test_a_clock_that_is_ahead_of_ours_is_not_believed() -> None:
    ahead = made(0)._replace(sent_us=NOW_US + 3600 * SECOND_US)
    (epoch,) = told([ahead, made(1), ahead, made(2)])
    assert (epoch.last, epoch.repeated) == (2, 1)
    assert epoch.newest_us == made(2).sent_us


def test_a_counter_never_leaves_a_gap_as_wide_as_its_type() -> None:
    numbers = [made(7), made(HIGHEST_SEQ, 8), made(0, 9), made(1, 10)]
    epochs = told(numbers)
    assert [(e.first, e.last, e.gaps) for e in epochs] == [
        (7, 7, ()),
        (HIGHEST_SEQ, HIGHEST_SEQ, ()),
        (0, 1, ()),
    ]


def test_a_loss_that_is_long_but_possible_is_a_gap() -> None:
    (epoch,) = told([made(0, 0), made(MOST_MISSING, 1)])
    assert epoch.missing == MOST_MISSING - 1


@given(st.permutations(range(1, 41)), st.integers(1, 9))
def test_gaps_that_no_number_is_in_need_not_be_known(
    order: list[int], size: int
) -> None:
    whole = [told(map(made, (0, 41)))[0]]
    kept = {gap.first: gap for gap in whole[0].gaps}
    for n in range(0, len(order), size):
        batch = [made(seq) for seq in order[n : n + size]]
        touched = tuple(
            gap
            for _, gap in sorted(kept.items())
            if any(gap.first <= number.seq <= gap.last for number in batch)
        )
        (part,) = told(batch, [replace(whole[0], gaps=touched)])
        whole = [*told(batch, whole)]
        for gap in touched:
            del kept[gap.first]
        kept |= {gap.first: gap for gap in part.gaps}
        assert tuple(gap for _, gap in sorted(kept.items())) == whole[0].gaps
    assert not kept


@given(
    st.lists(
        st.tuples(
            st.integers(0, HIGHEST_SEQ) | st.integers(0, 5),
            st.none() | st.integers(-100, 100),
        ),
        max_size=50,
    )
)
def test_no_numbers_whatever_break_the_account(
    sent: list[tuple[int, int | None]],
) -> None:
    known: Sequence[Epoch] = ()
    for seq, after_s in sent:
        us = None if after_s is None else NOW_US + after_s * SECOND_US
        result: Accounted = accounted(known[-2:], [Number(seq, us)], at_us=NOW_US)
        known = result.epochs
        for epoch in known:
            assert epoch.first <= epoch.last
            if epoch.last - epoch.first < 1000:
                assert missing(epoch) <= set(range(epoch.first + 1, epoch.last))
