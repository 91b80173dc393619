"""S30 row by row, and how a cover's rest is learned, through engine and triage."""

from collections.abc import Iterable

import pytest

from cases.request import Hit, Severity
from rules.engine.fold import fold
from rules.engine.state import read_back, written
from rules.files.rule_file import RuleFileError, parse_rule
from rules.plan.compile import compile_plan
from tests.rules.town import SHIPPED, device, readings, source
from vocabulary.device import DeviceKind

COVERS = sorted(path.stem for path in SHIPPED.glob("cover-*.yaml"))
COVERS.remove("cover-silent")

REST = [(3.0, 0, 0)] * 14
"""A cover that lies at three degrees, shut and dry, until that has been learned."""


def raised(
    said: Iterable[tuple[float, int, int]], *, every_s: float = 10
) -> list[tuple[str, Severity]]:
    """Return what is raised by tilt, switch and water, with a restart at each entry."""
    cover = device(
        1,
        DeviceKind.COVER,
        "tilt_deg",
        "cover_open",
        "water_under_cover",
        interval_s=every_s,
    )
    plan = compile_plan(source([cover], *COVERS))
    state, found = plan.fresh_state(), []
    for n, values in enumerate(said):
        at_s = n * every_s
        rows = [(10 + k, at_s, float(value), 0) for k, value in enumerate(values)]
        folded = fold(plan, state, [readings(n + 1, at_s, rows)])
        state = read_back(written(folded.state))
        found += [
            (t.rule.code, t.severity)
            for t in folded.transitions
            if t.kind is Hit.RAISED
        ]
    return found


def files(code: str) -> str:
    text = (SHIPPED / f"{code}.yaml").read_text("utf-8")
    problem = parse_rule(text, version=1, name=code).files
    assert problem is not None
    return problem.condition


def test_s30_a_lorry_that_rolls_over_is_nothing() -> None:
    lorry = [(25.0, 0, 0), (3.0, 0, 0), (14.0, 0, 0), (3.0, 0, 0)]
    assert raised([*REST, *lorry * 3]) == []


def test_s30_a_cover_ajar_by_twelve_degrees_is_to_be_inspected() -> None:
    assert raised([*REST, *[(15.0, 0, 0)] * 4]) == [("cover-tilted", Severity.MINOR)]


def test_s30_a_cover_that_is_off_is_urgent_and_one_case_with_ajar() -> None:
    off = [(15.0, 0, 0)] * 3 + [(50.0, 1, 0)] * 3 + [(93.0, 1, 0)] * 9
    assert raised([*REST, *off]) == [
        ("cover-tilted", Severity.MINOR),
        ("cover-opened", Severity.CRITICAL),
        ("cover-gone", Severity.CRITICAL),
    ]
    assert files("cover-tilted") == files("cover-opened") == files("cover-gone")


def test_s30_a_cover_that_is_off_and_under_water_is_worse_on_the_same_case() -> None:
    flooded = [(50.0, 1, 0)] * 2 + [(50.0, 1, 1)] * 3
    assert raised([*REST, *flooded]) == [
        ("cover-opened", Severity.CRITICAL),
        ("cover-open-flooded", Severity.CRITICAL),
    ]
    assert files("cover-open-flooded") == files("cover-opened")


def test_s30_a_sensor_knocked_off_is_a_device_s_case_and_no_cover_s() -> None:
    assert raised([*REST, *[(65.0, 0, 0)] * 10]) == [
        ("cover-sensor-loose", Severity.MINOR)
    ]
    assert files("cover-sensor-loose") == "sensor_displaced"


def test_a_cover_on_a_slope_is_judged_from_its_slope() -> None:
    slope = [(9.0, 0, 0)] * 14
    assert raised([*slope, *[(20.0, 0, 0)] * 6]) == []
    assert raised([*slope, *[(22.0, 0, 0)] * 6]) == [("cover-tilted", Severity.MINOR)]


def test_what_is_open_for_days_never_becomes_the_rest() -> None:
    days = [(50.0, 1, 0)] * 300
    shut = [(3.0, 0, 0)] * 3
    again = [(50.0, 1, 0)] * 3
    found = raised([*REST, *days, *shut, *again], every_s=1200)
    assert [code for code, _ in found].count("cover-opened") == 2


def test_a_rest_that_settles_slowly_is_followed() -> None:
    settling = [(3.0 + min(n / 24, 9), 0, 0) for n in range(24 * 24)]
    assert raised([*REST, *settling], every_s=3600) == []


def test_a_declared_rest_wins_and_is_not_learned() -> None:
    text = (SHIPPED / "cover-tilted.yaml").read_text("utf-8")
    text = text.replace("  steady: 2", "  steady: 2\n  rests: D-1=20, D-9=4.5")
    cover = device(1, DeviceKind.COVER, "tilt_deg")
    plan = compile_plan(source([cover], text))
    entries = [readings(n, 10 * n, [(10, 10 * n, 22, 0)]) for n in range(1, 30)]
    assert fold(plan, plan.fresh_state(), entries).transitions == []
    entries = [readings(n, 10 * n, [(10, 10 * n, 4, 0)]) for n in range(1, 30)]
    (far,) = fold(plan, plan.fresh_state(), entries).transitions
    assert far.value == 16


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("follows_within: 4", "follows_within: 10", "must stand while an alarm does"),
        ("learn: 12", "learn: 1.5", "whole number"),
        ("learn: 12", "rests: D-1", "NAME=NUMBER"),
    ],
)
def test_a_rule_that_could_not_work_is_refused(old: str, new: str, what: str) -> None:
    text = (SHIPPED / "cover-tilted.yaml").read_text("utf-8").replace(old, new)
    with pytest.raises(RuleFileError, match=what):
        parse_rule(text, version=1, name="cover-tilted")
