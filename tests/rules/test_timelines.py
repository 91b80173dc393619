"""Rules as their authors read them: samples above, alarms below."""

from pathlib import Path

import pytest

from rules.files.rule_file import parse_rule
from rules.trial.picture import picture
from rules.trial.suite import Result, coverage
from tests.rules.timeline import Case, cases_in, played
from tests.rules.town import SHIPPED

HERE = Path(__file__).parent
CASES = [case for path in sorted(HERE.glob("*.toml")) for case in cases_in(path)]
SHIPPED_CODES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
COVERAGE = coverage(
    [Result(file="", case=case, codes=case.rules) for case in CASES], HERE
)


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case.rules[0].split()[0]}: {case.name}" for case in CASES]
)
def test_case(case: Case) -> None:
    found = played(case)
    assert found.is_right, "\n".join(picture(found))


@pytest.mark.parametrize("code", SHIPPED_CODES)
def test_every_shipped_rule_has_a_hit_and_a_near_miss(code: str) -> None:
    assert code in COVERAGE, "no timeline is about it"
    assert COVERAGE[code].hits, "no case in which it raises"
    assert COVERAGE[code].near, "no case in which it almost does"


@pytest.mark.parametrize("code", SHIPPED_CODES)
def test_every_shipped_rule_is_whole_and_named_like_its_file(code: str) -> None:
    text = (SHIPPED / f"{code}.yaml").read_text("utf-8")
    assert parse_rule(text, version=1, name=code).code == code
