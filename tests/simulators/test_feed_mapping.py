"""Rows of recorded files to positions and readings, by a mapping."""

import pytest

from gezhi.feed.columns import RowError
from gezhi.feed.mapping import MappingError, parse_mapping


def test_times_without_a_zone_are_read_on_the_wall_clock_the_mapping_names() -> None:
    columns = parse_mapping("jersey-city-polls")
    row = {"vehicle": "101", "time": "2015-12-07T16:15:03", "lat": 40.7, "lon": -74.1}
    position = columns.position(row)
    assert position.fixed_at.isoformat() == "2015-12-07T21:15:03+00:00"
    assert (position.device, position.lon, position.lat) == ("101", -74.1, 40.7)


def test_a_time_without_any_zone_is_never_guessed() -> None:
    columns = parse_mapping("device=v time=t lon=x lat=y")
    with pytest.raises(RowError, match="add zone="):
        columns.position({"v": "1", "t": "2015-12-07T16:15:03", "x": 1, "y": 2})


def test_a_time_with_its_own_zone_keeps_it() -> None:
    columns = parse_mapping("as=A,time=t,zone=-05:00,depth_mm=d")
    reading = columns.readings({"t": "2015-12-07T16:15:03+08:00", "d": "3"})
    assert reading.measured_at.isoformat() == "2015-12-07T08:15:03+00:00"


def test_units_are_converted_by_a_factor() -> None:
    columns = parse_mapping("as=PD-1 time=t clock=epoch_ms depth_mm=inches*25.4")
    reading = columns.readings({"t": "1449518400000", "inches": "10"})
    assert reading.device == "PD-1"
    assert reading.values == {"depth_mm": pytest.approx(254)}
    assert reading.measured_at.isoformat() == "2015-12-07T20:00:00+00:00"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"v": "1", "t": "2015-12-07T16:15:03Z", "x": 200, "y": 2}, "nowhere on earth"),
        ({"v": "1", "t": "2015-12-07T16:15:03Z", "x": "nan", "y": 2}, "no number"),
        ({"v": "1", "t": "2015-12-07T16:15:03Z", "x": None, "y": 2}, "no number"),
        ({"v": "1", "t": "yesterday", "x": 1, "y": 2}, "no time"),
        ({"v": "", "t": "2015-12-07T16:15:03Z", "x": 1, "y": 2}, "names no device"),
    ],
)
def test_a_row_that_cannot_be_fed_says_why(row: dict[str, object], why: str) -> None:
    with pytest.raises(RowError, match=why):
        parse_mapping("device=v time=t lon=x lat=y").position(row)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("time=t depth_mm=d", "device=COLUMN or as=ADDRESS"),
        ("as=A depth_mm=d", "time=COLUMN is missing"),
        ("as=A time=t", "neither lon and lat nor any quantity"),
        ("as=A time=t lon=x", "lon and lat go together"),
        ("as=A time=t depth_mm=d*x", "no number"),
        ("as=A time=t depth=d", "'depth' is neither a word"),
        ("as=A time=t depth_mm=d zone=Atlantis", "neither .HH:MM nor an IANA zone"),
        ("as=A time=t depth_mm=d clock=sundial", "clock is one of"),
        ("nonsense", "not name=column"),
    ],
)
def test_a_wrong_mapping_is_told_before_anything_is_sent(text: str, why: str) -> None:
    with pytest.raises(MappingError, match=why):
        parse_mapping(text)
