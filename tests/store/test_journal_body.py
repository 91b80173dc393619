import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.journal.body import (
    JournalBodyError,
    edge_body,
    positions_body,
    positions_from,
    readings_body,
    readings_from,
)
from tests.store.rows import NOON_US, positions, readings
from vocabulary.position import Positions
from vocabulary.reading import Readings

NUMBER = st.floats(allow_nan=False, width=32)
ROWS = st.lists(st.tuples(st.integers(1, 2**31 - 1), st.floats(-1e9, 1e9), NUMBER))


def same(one: Readings | Positions, other: Readings | Positions) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        and getattr(one, name).dtype == getattr(other, name).dtype
        for name in one.__dataclass_fields__
    )


@given(ROWS)
def test_readings_come_back_as_they_went_in(
    rows: list[tuple[int, float, float]],
) -> None:
    written = readings(*rows) if rows else Readings.empty()
    assert same(readings_from(readings_body(written), NOON_US), written)


def test_positions_come_back_as_they_went_in() -> None:
    written = positions((1, 0, 111.0, 35.0), (2, 0.5, -111.0, -35.0))
    assert same(positions_from(positions_body(written), NOON_US), written)
    none = Positions.empty()
    assert same(positions_from(positions_body(none), NOON_US), none)


def test_the_layout_is_what_the_docstring_says() -> None:
    body = readings_body(readings((7, 0, 1.5)))
    assert body[:8] == bytes([1, 0, 0, 0, 1, 0, 0, 0])
    assert np.frombuffer(body, "<i8", 1, 8)[0] == NOON_US
    assert np.frombuffer(body, "<f8", 1, 16)[0] == 1.5
    assert np.frombuffer(body, "<i4", 2, 24).tolist() == [7, 0]


@pytest.mark.parametrize("cut", [0, 1, 7, 8, 31])
def test_a_body_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(JournalBodyError):
        readings_from(readings_body(readings((7, 0, 1.5)))[:cut], NOON_US)


def test_a_body_of_another_version_is_refused() -> None:
    with pytest.raises(JournalBodyError, match="version 1"):
        positions_from(b"\2" + positions_body(Positions.empty())[1:], NOON_US)


def test_an_edge_is_one_json_object() -> None:
    body = edge_body(edge="mqtt", gateway="", up=True, detail="连上", worker="one")
    expected = '{"edge":"mqtt","gateway":"","up":true,"detail":"连上","worker":"one"}'
    assert body == expected.encode()
