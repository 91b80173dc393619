"""docs/scenarios.md names every scenario, and only tests that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
ROWS = re.findall(r"^\| (S\d\d) \| (.+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)
NOT_BUILT = "not built"


def names_in(path: str) -> set[str]:
    text = (ROOT / path).read_text("utf-8") if (ROOT / path).is_file() else ""
    return set(re.findall(r"^(?:async )?def (test_\w+)", text, re.MULTILINE))


def test_each_scenario_has_a_row_and_says_whether_it_is_so() -> None:
    assert [row[0] for row in ROWS] == [f"S{n:02}" for n in range(1, 46)]
    for code, _, word, tests in ROWS:
        assert word.startswith(("proven", "in part: ", f"{NOT_BUILT}: ")), code
        assert ("::" in tests) != word.startswith(NOT_BUILT), code


def test_the_count_above_the_table_is_that_of_its_rows() -> None:
    words = [row[2].split(":")[0] for row in ROWS]
    said = {word: words.count(word) for word in ("proven", "in part", NOT_BUILT)}
    counts = ", ".join(f"{number} {word}" for word, number in said.items())
    assert f"{len(ROWS)} scenarios: {counts}." in PAGE


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", PAGE)
    assert len(named) > len(ROWS)
    gone = [f"{path}::{name}" for path, name in named if name not in names_in(path)]
    assert not gone
