"""Rule tests as data: what authors write, what they are told, and the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gezhi.cli.app import app
from rules.files.schema import schema_text
from rules.trial.picture import picture
from rules.trial.suite import coverage, results_in
from rules.trial.timeline import TimelineError, read_timelines
from tests.lifecycle.test_schema import SOUND

RUN = CliRunner()

HIT = """
rule = "cover-opened"

[[case]]
name = "open"
every_s = 5
tilt_deg = "2 2 40 40"
alarm    = ". . 1  1"
cases = ["cover_missing_or_displaced"]
"""

MISS = """
[[case]]
name = "not quite"
every_s = 5
tilt_deg = "2 29 29"
alarm    = ". .  ."
cases = []
"""


def folder_of(tmp_path: Path, text: str) -> Path:
    (tmp_path / "cover-opened.yaml").write_text(SOUND, "utf-8")
    (tmp_path / "cover.toml").write_text(text, "utf-8")
    return tmp_path


def test_a_rule_beside_its_timelines_is_played_and_covered(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, HIT + MISS)
    results = list(results_in(folder))
    assert [result.is_right for result in results] == [True, True]
    covered = coverage(results, folder)
    assert {code: (one.hits, one.near) for code, one in covered.items()} == {
        "cover-opened": (1, 1)
    }


def test_a_difference_is_drawn_where_it_is(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, HIT.replace('". . 1  1"', '". 1 1  1"'))
    (result,) = results_in(folder)
    assert result.played is not None
    assert not result.is_right
    assert picture(result.played) == [
        "s         0 5 10 15",
        "tilt_deg  2 2 40 40",
        "alarm     . 1  1  1  wanted",
        "          . .  1  1  what came",
        "            ^",
    ]


def test_a_case_that_should_not_have_been_filed_is_told(tmp_path: Path) -> None:
    wanted = '["cover_missing_or_displaced"]'
    folder = folder_of(tmp_path, HIT.replace(wanted, "[]"))
    (result,) = results_in(folder)
    assert result.played is not None
    assert picture(result.played)[-2:] == [
        "cases wanted: none",
        "cases filed:  cover_missing_or_displaced",
    ]


CIRCUIT = """
rules = ["circuit-off", "lamp-dark"]

[[case]]
name = "a circuit that is lost makes no lamp of its own dark"
every_s = 5
contactor_on = "1   1 1 1 1 1 1"
voltage_v    = "230 0 0 0 0 0 0"
alarm        = ".   p p 1 1 1 1"
L1.power_w   = "99  0 0 0 0 0 0"
L1.alarm.lamp-dark = ". . . . . . ."
cases = ["lamp_circuit_out"]
[case.device.L1]
kind = "lamp"
upstream = "it"

[[case]]
name = "a lamp that is dark on a live circuit is the lamp's own case"
every_s = 5
contactor_on = "1   1   1   1   1   1   1"
voltage_v    = "230 230 230 230 230 230 230"
alarm        = ".   .   .   .   .   .   ."
L1.power_w   = "99  0   0   0   0   0   0"
L1.alarm.lamp-dark = ". p p p 1 1 1"
cases = ["lamp_single_out L1"]
[case.device.L1]
kind = "lamp"
upstream = "it"
"""


def test_several_rules_kinds_and_devices_are_played_together(tmp_path: Path) -> None:
    (tmp_path / "circuit.toml").write_text(CIRCUIT, "utf-8")
    for result in results_in(tmp_path):
        assert result.played is not None, result.why
        assert result.is_right, "\n".join(picture(result.played))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rule = ", "not TOML: "),
        ('rule = "a"', "has no [[case]]"),
        (HIT.replace('rule = "cover-opened"', ""), "needs exactly one of rule"),
        (HIT.replace("every_s = 5", ""), "open: every_s: must be a number above 0"),
        (HIT.replace("tilt_deg", "tilt"), "open: tilt: is no row"),
        (HIT.replace('"2 2 40 40"', '"2 2 40"'), "rows differ in their number"),
        (HIT.replace('"2 2 40 40"', '"2 2 4o 40"'), "tilt_deg: '4o' is no value"),
        (HIT.replace('name = "open"\n', ""), "a case: has no name"),
        (HIT.replace("alarm ", "alarms "), "alarms: is no row"),
        (HIT + 'starts = "25:00"', "starts: must be HH:MM, not '25:00'"),
        (HIT + "[case.device.B]\nkind = 'bus'", "device.B.kind: there are cover, lamp"),
        (HIT + "[case.device.B]\nupstream = 'C'", "there is no device C"),
    ],
)
def test_a_timeline_that_cannot_be_read_says_why(text: str, fault: str) -> None:
    with pytest.raises(TimelineError) as caught:
        read_timelines(text)
    assert fault in str(caught.value)


def test_the_command_line_plays_a_folder(tmp_path: Path) -> None:
    done = RUN.invoke(app, ["rules", "test", str(folder_of(tmp_path, HIT + MISS))])
    assert done.exit_code == 0, done.output
    assert "pass  cover.toml: open" in done.output
    assert "2 of 2 timelines are right" in done.output


def test_the_command_line_fails_on_a_difference_and_says_what_is_untested(
    tmp_path: Path,
) -> None:
    folder = folder_of(tmp_path, HIT.replace("1  1", "1  ."))
    done = RUN.invoke(app, ["rules", "test", str(folder)])
    assert done.exit_code == 1
    assert "FAIL  cover.toml: open" in done.output
    assert "a hit and a near miss are wanted of cover-opened" in done.output


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["rules", "test", str(tmp_path)]).exit_code == 2


def test_a_rule_that_is_nowhere_is_a_failure_of_its_case(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(HIT.replace("cover-opened", "no-such"))
    done = RUN.invoke(app, ["rules", "test", str(tmp_path)])
    assert done.exit_code == 1
    assert "there is no rule no-such, neither beside it nor shipped" in done.output


def test_the_command_line_checks_files_and_points_at_every_fault(
    tmp_path: Path,
) -> None:
    sound, faulty = tmp_path / "sound.yaml", tmp_path / "faulty.yaml"
    sound.write_text(SOUND, "utf-8")
    faulty.write_text(SOUND.replace("above: 30", "above: thirty"), "utf-8")
    assert RUN.invoke(app, ["rules", "check", str(sound)]).exit_code == 0
    done = RUN.invoke(app, ["rules", "check", str(sound), str(faulty)])
    assert done.exit_code == 1
    assert f"{faulty}:7:10: condition.above: must be a decimal number" in done.output
    missing = RUN.invoke(app, ["rules", "check", str(tmp_path / "none.yaml")])
    assert missing.exit_code == 2


def test_the_command_line_prints_the_schema() -> None:
    assert RUN.invoke(app, ["rules", "schema"]).output == schema_text()
