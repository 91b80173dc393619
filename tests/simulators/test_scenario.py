"""A tester's own timetable."""

from pathlib import Path

import pytest

from simulators.incidents import Cause
from simulators.scenario import ScenarioError, read_scenario
from simulators.town import PERIOD_S
from tests.simulators.towns import town


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "scenario.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_scenario_says_what_happens_when_and_where(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
repeat_every_s: 600
incidents:
  - {cause: circuit_off, device: CB-01, at_s: 90, for_s: 60, id: dark}
  - {cause: cover_opened, device: MH-03, at_s: 5, for_s: 30.5}
""",
    )
    (cover, circuit), period_s = read_scenario(path, town())
    assert period_s == 600
    assert cover.cause is Cause.COVER_OPENED
    assert (cover.starts_s, cover.ends_s) == (5, 35.5)
    assert circuit.id == "dark"
    assert len(circuit.members) == 11


def test_all_that_is_wrong_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
incidents:
  - {cause: cover_opened, device: MH-99, at_s: 5, for_s: 30}
  - {cause: cover_stolen, device: MH-01, at_s: 5, for_s: 30}
  - {cause: lamp_failed, device: MH-01, at_s: 5, for_s: 30}
  - {cause: lamp_failed, device: LP-01, at_s: soon, for: 30, for_s: 30}
  - nonsense
""",
    )
    with pytest.raises(ScenarioError) as told:
        read_scenario(path, town())
    lines = str(told.value).splitlines()
    assert "incident 1: there is no device 'MH-99'" in lines
    assert any("incident 2: cause 'cover_stolen' is none of" in line for line in lines)
    assert "incident 3: lamp_failed happens to a lamp" in lines
    assert "incident 4: unknown 'for'" in lines
    assert "incident 4: at_s is 'soon', no number of seconds" in lines
    assert "incident 5: is not a mapping" in lines


@pytest.mark.parametrize("text", ["", "a: [", "incidents: 5"])
def test_a_file_that_is_no_scenario_is_refused_by_name(
    tmp_path: Path, text: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ScenarioError, match=r"scenario\.yaml"):
        read_scenario(path, town())


def test_an_incident_must_end_before_the_period_does(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "incidents: [{cause: cover_opened, device: MH-01, at_s: 21590, for_s: 60}]",
    )
    with pytest.raises(ScenarioError, match=f"after repeat_every_s {PERIOD_S:g}"):
        read_scenario(path, town())
