"""Faults: something is killed, stopped, filled or cut, and nothing is lost."""

import pytest

from tests.faults.figures import SHOWN, Note


@pytest.fixture
def note() -> Note:
    """Adds a line of figures to the end of the run."""
    return SHOWN.note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures of all faults."""
    if SHOWN.lines:
        terminalreporter.section("what the faults did")
        for line in SHOWN.lines:
            terminalreporter.line(line)
