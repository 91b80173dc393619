from pathlib import Path

from cases.page import moves_table

PAGE = Path(__file__).parents[2] / "docs" / "dispatcher.md"


def test_the_dispatchers_page_has_the_moves_that_the_program_has() -> None:
    text = PAGE.read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- moves: python -m cases.page -->\n\n")
    table, end, _ = rest.partition("\n<!-- end of moves -->")
    assert end
    assert table == moves_table(), "put in what `python -m cases.page` prints"
