import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabulary.alias import Alias, AliasError, aliases_of
from vocabulary.quantity import Quantity


def test_an_alias_names_a_quantity_and_may_convert() -> None:
    level, below, tank = aliases_of(
        "level=depth_mm*10 distance_mm=depth_mm*-1+3200  Tank%20T=temperature_c-273.15"
    )
    assert level == Alias("level", Quantity.DEPTH_MM, 10)
    assert below.ours(3150) == 50
    assert tank.name == "Tank T"
    assert tank.ours(300) == pytest.approx(26.85)
    assert aliases_of("") == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("level", "'level' is no alias"),
        ("level=deep", "'deep' in 'level=deep' is no quantity"),
        ("ok=depth_mm level=depth_mm*", "is no alias"),
        ("level=depth_mm*0", "every value the same"),
        ("level=depth_mm*1e999", "every value the same"),
        ("=depth_mm", "is no alias"),
    ],
)
def test_what_is_wrong_is_said_with_the_word(text: str, word: str) -> None:
    with pytest.raises(AliasError) as refused:
        aliases_of(text)
    assert word in str(refused.value)


@given(
    st.text(min_size=1),
    st.sampled_from(Quantity),
    st.floats(-1e6, 1e6).filter(bool),
    st.decimals(-10_000, 10_000, places=3),
)
def test_an_alias_can_be_written_and_read(
    name: str, quantity: Quantity, factor: float, offset: float
) -> None:
    alias = Alias(name, quantity, factor, float(offset))
    assert aliases_of(str(alias)) == (alias,)
