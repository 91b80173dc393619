"""Every shipped rule: what it raises is decided again on its bundle to the last bit."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from rules.bundle.bundle import Bundle, bundle_from
from rules.bundle.course import course_of
from rules.bundle.explain import explained
from rules.bundle.replay import replay
from rules.trial.play import journal_of
from rules.trial.suite import rule_text
from tests.bundle.offline import bundles_of
from tests.rules import test_timelines
from tests.rules.timeline import Case
from tests.rules.town import SHIPPED

HERE = Path(test_timelines.__file__).parent
CODES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
ZONE = ZoneInfo("Asia/Shanghai")


def hit_of(code: str) -> Case:
    """Return the timeline that shows a rule raising an alarm."""
    return next(
        case
        for case in test_timelines.CASES
        for row in case.alarms
        if (row.rule or case.rules[0]) == code
        and any(mark.isdigit() for mark in row.marks)
    )


@pytest.mark.parametrize("code", CODES)
def test_what_a_shipped_rule_raises_is_decided_again_alike(code: str) -> None:
    case = hit_of(code)
    texts = [rule_text(rule, HERE) for rule in case.rules]
    found = [
        bundle
        for bundle in bundles_of(*journal_of(case, texts))
        if bundle.decided.rule == code
    ]
    assert found, "nothing was raised"
    for bundle in found:
        check(bundle)


def check(bundle: Bundle) -> None:
    again, _ = bundle_from(bundle.octets())
    replayed = replay(again)
    assert replayed.is_raised
    assert replayed.triaged.is_same
    assert replayed.triaged.said == bundle.said != ()
    assert course_of(again, replayed)
    told = explained(again, replayed)
    assert any(step.is_decision for step in told.timeline)
    assert told.samples
