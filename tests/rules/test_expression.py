"""Expressions: what they mean, and that nothing else gets in."""

import contextlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.files.expression import (
    MOST_CHARACTERS,
    ExpressionError,
    Operand,
    evaluate,
    parse_expression,
)
from vocabulary.quantity import Quantity

KNOWN = frozenset(Quantity)

TILT, WATER = Operand(False, "tilt_deg"), Operand(False, "water_under_cover")  # noqa: FBT003
DEPTH = Operand(True, "depth_mm")  # noqa: FBT003

UNKNOWN = math.nan


def _told(text: str, tilt: float, water: float, depth: float = UNKNOWN) -> bool | None:
    expression = parse_expression(text, KNOWN)
    values = {TILT: tilt, WATER: water, DEPTH: depth}
    columns = {op: np.array([value]) for op, value in values.items()}
    true, known = evaluate(expression, columns)
    return bool(true[0]) if known[0] else None


@pytest.mark.parametrize(
    ("text", "tilt", "water", "told"),
    [
        ("tilt_deg > 30 and water_under_cover > 0.5", 31, 1, True),
        ("tilt_deg > 30 and water_under_cover > 0.5", 30, 1, False),
        ("tilt_deg > 30 and water_under_cover > 0.5", 31, UNKNOWN, None),
        ("tilt_deg > 30 and water_under_cover > 0.5", 3, UNKNOWN, False),
        ("tilt_deg > 30 or water_under_cover > 0.5", 31, UNKNOWN, True),
        ("tilt_deg > 30 or water_under_cover > 0.5", 3, UNKNOWN, None),
        ("not tilt_deg > 30", UNKNOWN, 1, None),
        ("not tilt_deg > 30", 3, 1, True),
        ("10 < tilt_deg <= 30", 30, 1, True),
        ("10 < tilt_deg <= 30", 10, 1, False),
        ("abs(tilt_deg - 90) < 5", 86, 1, True),
        ("max(tilt_deg, 10 * water_under_cover) >= 10", 3, 1, True),
        ("min(tilt_deg, 50) == 50", 51, 1, True),
        ("tilt_deg / water_under_cover > 1", 3, 0, None),
        ("-tilt_deg != 3", 3, 0, True),
    ],
)
def test_an_expression_is_true_false_or_unknown(
    text: str,
    tilt: float,
    water: float,
    told: bool | None,  # noqa: FBT001
) -> None:
    assert _told(text, tilt, water) is told


def test_upstream_names_another_devices_reading() -> None:
    assert _told("upstream.depth_mm >= 100", 0, 0, 120) is True
    assert parse_expression("upstream.depth_mm > tilt_deg", KNOWN).operands == (
        TILT,
        DEPTH,
    )


@pytest.mark.parametrize(
    ("text", "column", "word"),
    [
        ("tilt_dge > 3", 0, "tilt_dge is not a quantity"),
        ("tilt_deg", 0, "must be true or false"),
        ("tilt_deg > 3 and 4", 17, "must be true or false"),
        ("(tilt_deg > 3) + 1 > 2", 1, "must be a number"),
        ("tilt_deg ** 9 > 1", 0, "grammar"),
        ("__import__('os').system('true') > 1", 0, "grammar"),
        ("tilt_deg.real > 1", 0, "grammar"),
        ("upstream.upstream.tilt_deg > 1", 0, "grammar"),
        ("[tilt_deg for _ in (1,)] > 1", 0, "grammar"),
        ("(lambda: 1)() > 0", 0, "grammar"),
        ("True > 0", 0, "grammar"),
        ("'1' > 0", 0, "grammar"),
        ("1j > 0", 0, "grammar"),
        ("abs(tilt_deg, 1) > 0", 0, "one argument"),
        ("max(tilt_deg) > 0", 0, "two or more"),
        ("tilt_deg >", 10, "cannot be read"),
        ("", 0, "cannot be read"),
        ("(" * 400, 0, "cannot be read"),
        ("tilt_deg > \0", 0, "cannot be read"),
        ("1 > " + "0" * MOST_CHARACTERS, MOST_CHARACTERS, "longer"),
    ],
)
def test_what_is_wrong_is_said_with_its_column(
    text: str, column: int, word: str
) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse_expression(text, KNOWN)
    slips = raised.value.slips
    assert any(word in slip.what for slip in slips), slips
    assert slips[0].column == pytest.approx(column, abs=1 if "read" in word else 0) or (
        "read" in word
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ExpressionError) as raised:
        parse_expression("tilt > 3 and abs() > 1 and depth > 2", KNOWN)
    assert [slip.column for slip in raised.value.slips] == [0, 13, 27]


LEAVES = st.sampled_from(["tilt_deg", "water_under_cover", "upstream.depth_mm", "2.5"])
NUMBERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(
            "({0[0]} {0[1]} {0[2]})".format
        ),
        st.tuples(inner, inner).map("max({0[0]}, {0[1]})".format),
        inner.map("abs({})".format),
    ),
    max_leaves=4,
)
TRUTHS = st.recursive(
    st.tuples(NUMBERS, st.sampled_from(["<", ">=", "=="]), NUMBERS).map(
        "({0[0]} {0[1]} {0[2]})".format
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            "({0[0]} {0[1]} {0[2]})".format
        ),
        inner.map("(not {})".format),
    ),
    max_leaves=4,
)


@given(TRUTHS, *[st.integers(-4, 4)] * 3)
def test_known_readings_give_what_python_gives(
    text: str, tilt: int, water: int, depth: int
) -> None:
    plain = text.replace("upstream.depth_mm", "depth_mm")
    names = {"tilt_deg": tilt, "water_under_cover": water, "depth_mm": depth}
    try:
        wanted = eval(plain, {"abs": abs, "max": max}, names)  # noqa: S307 made above
    except ZeroDivisionError:
        return
    assert _told(text, tilt, water, depth) is wanted


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_an_expression_error(text: str) -> None:
    with contextlib.suppress(ExpressionError):
        parse_expression(text, KNOWN)
