"""A scorer counts what was found, found late, missed, and made up."""

from datetime import UTC, datetime, timedelta

import pytest

from simulators.incidents import CAUSES, Cause, Incident
from simulators.scoring import Filed, Line, happened, score
from vocabulary.device import DeviceKind

START = datetime(2026, 11, 25, tzinfo=UTC)
OPENED = Incident(
    id="one",
    cause=Cause.COVER_OPENED,
    device="MH-1",
    starts_s=100,
    ends_s=300,
    members=("MH-1",),
)


def filed(
    second: float,
    device: str = "MH-1",
    condition: str = "cover_missing_or_displaced",
    *,
    kind: DeviceKind = DeviceKind.COVER,
    is_new: bool = True,
) -> Filed:
    return Filed(
        condition=condition,
        kind=kind,
        devices=frozenset({device}),
        at=START + timedelta(seconds=second),
        is_new=is_new,
    )


def line_of(*what: Filed, for_s: float = 1000) -> Line:
    (line,) = score(happened([OPENED], start=START, period_s=21_600, for_s=for_s), what)
    return line


def test_what_is_filed_while_it_lasts_and_soon_enough_is_right() -> None:
    line = line_of(filed(110))
    assert (line.in_time, line.late, line.missed) == (1, 0, 0)
    assert (line.recall, line.precision) == (1, 1)


def test_what_is_filed_after_its_notice_is_late_and_still_right() -> None:
    line = line_of(filed(100 + CAUSES[Cause.COVER_OPENED].notice_s + 1))
    assert (line.in_time, line.late, line.right) == (0, 1, 1)
    assert line.recall == 0


def test_the_first_that_finds_it_counts() -> None:
    assert line_of(filed(110, is_new=False), filed(290)).in_time == 1


def test_an_incident_that_nothing_says_is_missed() -> None:
    line = line_of()
    assert line.missed == 1
    assert line.precision is None


@pytest.mark.parametrize("second", [50, 900])
def test_what_is_filed_before_or_long_after_is_false(second: float) -> None:
    line = line_of(filed(second))
    assert (line.missed, line.false, line.precision) == (1, 1, 0)


def test_another_device_is_false_and_another_condition_is_beside() -> None:
    line = line_of(filed(110), filed(111, "MH-2"))
    assert (line.right, line.false) == (1, 1)
    own, other = score(
        happened([OPENED], start=START, period_s=21_600, for_s=1000),
        [filed(110), filed(120, condition="device_silent")],
    )
    assert own.name == "cover_opened"
    assert (other.name, other.beside, other.false) == ("gateway_lost", 1, 0)


def test_a_hit_on_an_older_case_finds_an_incident_and_is_counted_as_no_filing() -> None:
    line = line_of(filed(110, is_new=False))
    assert (line.in_time, line.filed) == (1, 0)


def test_incidents_come_round_and_what_cannot_be_late_yet_is_not_asked_for() -> None:
    def due(for_s: float) -> list[bool]:
        laps = happened([OPENED], start=START, period_s=500, for_s=for_s)
        return [one.is_due for one in laps]

    assert due(1099) == [True, True]
    assert due(1101) == [True, True, False]
    assert due(1131) == [True, True, True]


def test_what_is_not_due_yet_still_explains_what_was_filed() -> None:
    line = line_of(filed(105), for_s=110)
    assert (line.happened, line.right, line.false) == (0, 1, 0)
