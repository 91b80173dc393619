"""A rule file is checked whole, and every fault has its place."""

import pytest

from rules.files.reason import fill, unknown_placeholders
from rules.files.rule import ALWAYS_REFUSED
from rules.files.rule_file import RuleFileError, parse_rule
from tests.rules.town import SHIPPED
from vocabulary.quality import Quality

GOOD = """\
code: cover-opened
name: {zh: 井盖开启, en: Cover opened}
kind: cover
quantity: tilt_deg
condition:
  type: threshold
  above: 30
  deadband: 5
  severity: critical
# No on-delay: the sensor itself holds for 2 s, and a single report may be its last.
on_delay_s: 0
off_delay_s: 10
safety: true
files:
  type: component
  scheme: gbt30428.2-2013
  class_code: of_component
  condition: cover_missing_or_displaced
  title: {zh: 井盖缺失或开启, en: Cover missing or open}
reason:
  zh: 井盖 {device} 倾角 {value}°，达到 {threshold}°，井口可能敞开
  en: Cover {device} is tilted by {value}°, at or above {threshold}°; it may be open
source: >-
  No national angle exists; 30° as "missing or open" is a proposal. GB/T 41401-2022
  wants the alarm at the system within 30 s.
"""

BAD = """\
code: Cover Opened
name: {zh: 井盖}
kind: manhole
quantity: tilt_degrees
condition:
  type: threshold
  above: thirty
  deadband: -1
  severity: terrible
  grade: 1
on_delay_s: 1:30
safety: yes
quality: {refuse: [future, lates]}
files:
  type: event
  scheme: gbt30428.2-2013
  class_code: of_component
  condition: cover_missing
  title: {zh: 开启, en: open}
reason:
  zh: "{wert}"
  en: "{value:.1f}"
source: here
source: there
"""

FAULTS = """\
rule:1:7: code: must match [a-z][a-z0-9]*(-[a-z0-9]+)*
rule:2:7: name.en: is missing
rule:3:7: kind: 'manhole' is unknown; there are \
cabinet, cover, gauge, lamp, platform, pressure, vehicle
rule:4:11: quantity: 'tilt_degrees' is unknown; did you mean tilt_deg?
rule:7:10: condition.above: must be a decimal number, not 'thirty'
rule:8:13: condition.deadband: must be at least 0, not -1
rule:9:13: condition.severity: 'terrible' is unknown; there are critical, major, minor
rule:10:3: condition.grade: is not a key here; did you mean grades?
rule:11:13: on_delay_s: must be a decimal number, not '1:30'
rule:12:9: safety: must be true or false, not 'yes'
rule:13:28: quality.refuse[1]: 'lates' is unknown; did you mean late?
rule:17:15: files.class_code: only a component's case has its component's class
rule:21:7: reason.zh: {wert} is not one of device, fence, threshold, value
rule:22:7: reason.en: {value} is not one of device, fence, threshold, value
rule:24:1: source: is given twice"""


def test_all_faults_are_told_at_once_with_line_and_column() -> None:
    with pytest.raises(RuleFileError) as caught:
        parse_rule(BAD, version=1)
    assert str(caught.value) == FAULTS
    assert caught.value.faults[0].line == 1


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("above: 30", "", "6:9: condition.type: needs exactly one of above, below"),
        ("above: 30", "above: 30\n  below: 3", "needs exactly one of above, below"),
        ("  above: 30", "  grades: [{at: 3, severity: minor}]", "must be two or more"),
        (
            "  above: 30",
            "  grades: [{at: 3, severity: minor}, {at: 3, severity: major}]",
            "must be two or more, all rising or all falling",
        ),
        ("type: threshold", "type: silence", "quantity: silence judges no quantity"),
        ("type: threshold", "type: overspeed", "overspeed judges vehicles, not cover"),
        (
            "above: 30",
            "above: 30\n  while: {of: self}",
            "while[0].quantity: is missing",
        ),
        ("above: 30", "above: 30\n  while: [3]", "while[0]: must be a mapping"),
        ("on_delay_s: 0", "on_delay_s: [1]", "on_delay_s: must be a single value"),
        ("safety: true", "safety: true\nquality: 3", "quality: must be a mapping"),
        ("source: >-", "source: ''\nx: >-", "source: is empty"),
        ("reason:\n  zh: ", "reason:\n  zh: '{value'\n  # ", "reason.zh: "),
    ],
)
def test_a_fault_is_found(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    with pytest.raises(RuleFileError) as caught:
        parse_rule(GOOD.replace(old, new, 1), version=1)
    assert fault in str(caught.value)


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "\x00", "just words", "a: *b"])
def test_what_is_no_mapping_at_all_is_one_fault(text: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        parse_rule(text, version=1)
    assert len(caught.value.faults) == 1


def test_what_is_wrong_is_told_under_the_name_that_the_file_goes_by() -> None:
    for name in ("one", "other"):
        with pytest.raises(RuleFileError) as wrong:
            parse_rule(BAD, version=1, name=name)
        told = str(wrong.value).splitlines()
        assert [line.partition(":")[0] for line in told] == [name] * len(told)


def test_a_file_is_read_once_whatever_it_goes_by() -> None:
    again = parse_rule(GOOD, version=1, name="another")
    assert parse_rule(GOOD, version=1) is again
    assert parse_rule(GOOD, version=2).version == 2


def test_a_class_code_stays_as_it_is_written() -> None:
    text = (SHIPPED / "ponding.yaml").read_text("utf-8").replace('"0506"', "0506")
    problem = parse_rule(text, version=1).files
    assert problem is not None
    assert problem.class_code == "0506"


def test_a_sample_from_the_future_is_refused_whatever_a_rule_says() -> None:
    rule = parse_rule(GOOD + "quality: {refuse: [late]}\n", version=1)
    assert rule.refuse == ALWAYS_REFUSED | Quality.LATE


def test_a_reason_names_what_happened_in_plain_numbers() -> None:
    text = "{device}: {value} of {threshold}, {{as it is}}"
    assert unknown_placeholders(text) == []
    filled = fill(text, device="MH-1", value=31.4000001, threshold=30.0)
    assert filled == "MH-1: 31.4 of 30, {as it is}"


def over_time(condition: str) -> str:
    lines = GOOD.splitlines()
    start, end = lines.index("condition:"), lines.index("on_delay_s: 0")
    lines[start + 1 : end] = [f"  {line}" for line in condition.splitlines()]
    return "\n".join(lines)


LIMIT = "above: 5\nseverity: minor"

COUNT = "type: count\nwindow_s: 60\neach: {below: 3}\nseverity: minor"


def test_how_far_a_count_goes_is_bounded() -> None:
    assert parse_rule(over_time(f"{COUNT}\nabove: 500"), version=1).quantity
    with pytest.raises(RuleFileError, match="above: counts no further than 500"):
        parse_rule(over_time(f"{COUNT}\nabove: 1000000000"), version=1)


@pytest.mark.parametrize(
    ("condition", "fault"),
    [
        ("type: rate", "condition.window_s: is missing"),
        ("type: spread\nwindow_s: 0", "condition.window_s: must be more than 0"),
        ("type: stuck\ntolerance: -1", "condition.tolerance: must be at least 0"),
        ("type: count\nwindow_s: 60", "condition.each: is missing"),
        (
            "type: count\nwindow_s: 60\neach: {above: 3, below: 2}",
            "condition.each.above: needs exactly one of above and below",
        ),
        ("type: deviation", "condition.least_scatter: is missing"),
        (
            "type: deviation\nleast_scatter: 1\ndays: 90",
            "condition.days: must be a whole number up to 60",
        ),
        (
            "type: deviation\nleast_scatter: 1\ndays: 3\nleast_days: 4",
            "condition.least_days: must be a whole number up to 3",
        ),
    ],
)
def test_a_fault_of_a_condition_over_time_is_found(condition: str, fault: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        parse_rule(over_time(f"{condition}\n{LIMIT}"), version=1)
    assert fault in str(caught.value)


@pytest.mark.parametrize(
    "condition",
    [
        "type: rate\nwindow_s: 60",
        "type: spread\nwindow_s: 60",
        "type: stuck",
        "type: count\nwindow_s: 60\neach: {below: 3}",
        "type: deviation\nleast_scatter: 1",
        "type: deviation\nleast_scatter: 1\ndays: 3",
    ],
)
def test_a_condition_over_time_needs_no_more_than_it_must(condition: str) -> None:
    assert parse_rule(over_time(f"{condition}\n{LIMIT}"), version=1).quantity
