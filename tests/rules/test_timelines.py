"""Rules as their authors read them: samples above, alarms below."""

from collections import Counter
from pathlib import Path

import pytest

from rules.rule_file import parse_rule
from tests.rules.timeline import Case, cases_in, play
from tests.rules.town import SHIPPED

FILES = sorted(Path(__file__).parent.glob("*.toml"))
CASES = [case for path in FILES for case in cases_in(path)]
SHIPPED_CODES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case.rule.split()[0]}: {case.name}" for case in CASES]
)
def test_case(case: Case) -> None:
    assert " ".join(play(case)) == " ".join(case.rows["alarm"])


@pytest.mark.parametrize("code", SHIPPED_CODES)
def test_every_shipped_rule_has_a_hit_and_a_near_miss(code: str) -> None:
    counted = Counter(case.is_hit for case in CASES if case.rule == code)
    assert counted[True], "no case in which it raises"
    assert counted[False], "no case in which it almost does"


@pytest.mark.parametrize("code", SHIPPED_CODES)
def test_every_shipped_rule_is_whole_and_named_like_its_file(code: str) -> None:
    text = (SHIPPED / f"{code}.yaml").read_text("utf-8")
    assert parse_rule(text, version=1, name=code).code == code
