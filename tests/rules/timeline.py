"""The timelines beside this file, by the reader that rule authors have: rules/trial."""

from pathlib import Path

from rules.trial.play import Played, play
from rules.trial.suite import rule_text
from rules.trial.timeline import Case, read_timelines

__all__ = ["Case", "cases_in", "played"]


def cases_in(path: Path) -> list[Case]:
    return read_timelines(path.read_text("utf-8"))


def played(case: Case) -> Played:
    return play(case, [rule_text(rule, Path(__file__).parent) for rule in case.rules])
