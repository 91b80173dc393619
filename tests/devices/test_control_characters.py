"""Which texts of a city's files hold what no text should."""

import sys
import unicodedata

import pytest

from devices.registry.fields import control_in


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("格州市 中山大街（北）", ""),
        ("ideographic\u3000space, no-break\u00a0space, emoji 👩\u200d🔧", ""),
        ("a\x00b", "U+0000"),
        ("a\tb\n", "U+0009"),
        ("\x7f", "U+007F"),
        ("\x85", "U+0085"),
        ("a\u2028b", "U+2028"),
        ("\ud800", "U+D800"),
    ],
)
def test_the_first_control_character_is_told(text: str, found: str) -> None:
    assert control_in(text) == found


def test_what_cannot_be_stored_is_always_found() -> None:
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        is_control = unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
        assert bool(control_in(character)) == is_control
