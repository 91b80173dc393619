"""The clock by which things grow old has a brake."""

from datetime import timedelta

from rules.retention.clock import RetentionClock, believed, first_clock, followed
from rules.retention.cut import Cut, Need, cut_of
from tests.store.rows import NOON

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
YEARS = 730 * DAY


def test_it_goes_with_the_journal() -> None:
    clock = RetentionClock(NOON, NOON, NOON)
    for minute in range(1, 5):
        told = NOON + 10 * minute * MINUTE
        clock = followed(clock, told, elapsed=10 * MINUTE, ran_at=told)
    assert clock.at == NOON + 40 * MINUTE
    assert not clock.is_braking


def test_a_jump_of_two_years_is_gone_along_with_at_twice_real_time() -> None:
    clock = RetentionClock(NOON, NOON, NOON)
    clock = followed(clock, NOON + YEARS, elapsed=10 * MINUTE, ran_at=NOON)
    assert clock.at == NOON + 20 * MINUTE
    assert clock.is_braking
    assert clock.behind == YEARS - 20 * MINUTE
    assert believed(clock).at == NOON + YEARS


def test_it_never_goes_back_and_never_ahead_of_the_journal() -> None:
    clock = RetentionClock(NOON, NOON, NOON)
    assert followed(clock, NOON, elapsed=DAY, ran_at=NOON).at == NOON
    assert followed(clock, NOON - DAY, elapsed=DAY, ran_at=NOON).at == NOON


def test_at_the_first_look_a_jump_in_the_journal_counts_as_a_day() -> None:
    told = [NOON + hour * DAY / 24 for hour in range(48)]
    assert first_clock(told, ran_at=NOON).at == told[-1]
    jumped = [*told, told[-1] + YEARS, told[-1] + YEARS + MINUTE]
    clock = first_clock(jumped, ran_at=NOON)
    assert clock.at == told[-1] + DAY + MINUTE
    assert clock.is_braking


def test_a_journal_is_cut_where_the_one_who_needs_most_of_it_begins() -> None:
    needs = [Need("b", 0, 70), Need("a", 0, 40), Need("c", 0, 100), Need("d", 1, 3)]
    assert cut_of(0, 100, needs) == Cut(0, 40, (needs[1], needs[0]))
    assert cut_of(0, 30, needs) == Cut(0, 30, ())
