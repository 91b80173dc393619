import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabulary.codes import (
    ClassCode,
    ClassType,
    CodeError,
    ComponentCode,
    GridCode,
    check_county,
)


def test_a_component_code_is_taken_apart() -> None:
    code = ComponentCode.parse("3205080101000001")
    assert (code.county, code.major, code.minor) == ("320508", "01", "01")
    assert code.sequence == "000001"
    assert code.class_code == "0101"


def test_grid_codes_of_both_lengths_are_taken_apart() -> None:
    older = GridCode.parse("22020600100109")
    assert (older.street, older.community, older.sequence) == ("001", "001", "09")
    newer = GridCode.parse("990102001002003")
    assert (newer.street, newer.community, newer.sequence) == ("001", "002", "003")


def test_a_class_names_numbering_and_type() -> None:
    lamp = ClassCode.parse("gbt30428.2-2013:component:0137")
    assert lamp == ClassCode("gbt30428.2-2013", ClassType.COMPONENT, "0137")
    assert str(lamp) == "gbt30428.2-2013:component:0137"
    assert lamp != ClassCode.parse("cjt214-2007:component:0137")


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (
            ComponentCode.parse,
            "320508010100000",
            "has 15 digits; a component code is",
        ),
        (ComponentCode.parse, "9.90102E+15", "has '.' at place 2"),
        (ComponentCode.parse, "３205080101000001", "has '３' at place 1"),
        (ComponentCode.parse, "3205080101000000", "has the sequence 000000"),
        (ComponentCode.parse, "3205080001000001", "has the major class 00"),
        (GridCode.parse, "2202060010010", "has 13 digits; a grid code is 14 or 15"),
        (GridCode.parse, "", "has 0 digits"),
        (GridCode.parse, "00000000100109", "has the county 000000"),
        (ClassCode.parse, "0137", "has not three parts; a class is scheme:type:code"),
        (ClassCode.parse, "cjt214-2007:part:0118", "has the unknown type 'part'"),
        (ClassCode.parse, "CJ/T 214:component:0118", "is no name of a numbering"),
        (ClassCode.parse, "cjt214-2007:component:118", "has 3 digits"),
        (check_county, "14080", "has 5 digits; a county code is 6 digits"),
    ],
)
def test_what_is_no_code_is_told_what_would_be_right(
    parse: type, text: str, words: str
) -> None:
    with pytest.raises(CodeError) as caught:
        parse(text)
    assert words in str(caught.value)


@given(st.from_regex(r"[1-9][0-9]{5}[0-9]{6}[0-9]{1,2}[1-9]", fullmatch=True))
def test_a_grid_code_is_written_as_it_was_read(text: str) -> None:
    assert str(GridCode.parse(text)) == text


@given(st.text())
def test_no_text_raises_anything_but_a_code_error(text: str) -> None:
    for parse in (ComponentCode.parse, GridCode.parse, ClassCode.parse):
        try:
            assert str(parse(text)) == text
        except CodeError as error:
            assert error.text in text  # noqa: PT017 both ways out are right
