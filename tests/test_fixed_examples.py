"""What property tests are run on is the same in every run, whatever else ran before."""

import importlib
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBERS = [10**9 + 7 * n for n in range(1000)]

drawn: list[int] = []


@settings(max_examples=200, database=None)
@given(st.integers(0, 2**64))
def draw(number: int) -> None:
    drawn.append(number)


def examples() -> list[int]:
    drawn.clear()
    draw()
    return [*drawn]


@pytest.mark.skipif(
    os.environ.get("GEZHI_SEEDS") == "random", reason="wants new ones each time"
)
def test_examples_do_not_hang_on_what_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = examples()
    assert len(before) > 100
    (tmp_path / "full_of_numbers.py").write_text(f"NUMBERS = {NUMBERS}\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("full_of_numbers")
    after = examples()
    del sys.modules["full_of_numbers"]
    assert after == before
