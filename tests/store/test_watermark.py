import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from store.telemetry.watermark import (
    NOTHING_YET,
    UNKNOWN,
    Watermarks,
    first_of_each,
    late_rows,
)

ROW = st.tuples(st.integers(0, 4), st.integers(0, 9), st.booleans())
KNOWN = st.lists(
    st.sampled_from([UNKNOWN, NOTHING_YET, 0, 3, 8]), min_size=5, max_size=5
)


def late_one_by_one(rows: list[tuple[int, int, bool]], known: list[int]) -> list[bool]:
    """The same as `late_rows`, as anybody would write it."""
    newest = list(known)
    late = []
    for identity, time, moves in rows:
        late.append(moves and time < newest[identity])
        if moves:
            newest[identity] = max(newest[identity], time)
    return late


@given(st.lists(ROW), KNOWN)
def test_late_is_what_is_older_than_what_was_known_when_it_came(
    rows: list[tuple[int, int, bool]], known: list[int]
) -> None:
    ids = np.array([row[0] for row in rows], np.int32)
    times = np.array([row[1] for row in rows], np.int64)
    moves = np.array([row[2] for row in rows], np.bool_)
    newest = np.array(known, np.int64)[ids]
    found = late_rows(ids, times, newest, moves)
    assert found.tolist() == late_one_by_one(rows, known)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))))
def test_the_first_with_each_key_is_kept(rows: list[tuple[int, int]]) -> None:
    one = np.array([row[0] for row in rows], np.int32)
    other = np.array([row[1] for row in rows], np.int64)
    expected = [row not in rows[:n] for n, row in enumerate(rows)]
    assert first_of_each(one, other).tolist() == expected


def test_a_watermark_only_rises_until_it_is_forgotten() -> None:
    marks = Watermarks()
    ids = np.array([5, 100_000], np.int32)
    assert marks.of(ids).tolist() == [UNKNOWN, UNKNOWN]
    assert marks.unknown(ids).tolist() == [5, 100_000]
    marks.raise_to(ids, np.array([7, NOTHING_YET]))
    marks.raise_to(ids, np.array([6, 9]))
    assert marks.of(ids).tolist() == [7, 9]
    assert marks.unknown(ids).tolist() == []
    marks.forget(ids[:1])
    assert marks.unknown(ids).tolist() == [5]


def test_a_row_that_comes_twice_in_one_batch_raises_once_to_the_newest() -> None:
    marks = Watermarks()
    marks.raise_to(np.array([5, 5, 5], np.int32), np.array([1, 9, 4]))
    assert marks.of(np.array([5], np.int32)).tolist() == [9]
