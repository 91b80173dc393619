"""Messages from public repositories: taken, or refused for the right reason.

They are others' and are kept beside the checkout. Whether a check code is right was
computed by whoever collected them.
"""

import pytest

from ingest.protocols import hj212, sl651
from ingest.protocols.errors import ProtocolError
from tests.protocols.realdata import realdata
from vocabulary.reading import Reading
from vocabulary.refusal import Reason
from vocabulary.times import BEIJING

pytestmark = pytest.mark.realdata

WITHOUT_CODE = (13, 16)
"""Frames of the SL 651 file that lack their last two octets."""


def test_every_frame_of_sl_651_is_taken_or_refused_as_its_code_says() -> None:
    rows = realdata("cn_protocols/sl651.json")
    taken = 0
    for n, row in enumerate(rows):
        (item,) = heard_sl651(row)
        if row["crc_ok"]:
            assert isinstance(item, sl651.Frame)
            taken += 1
            check_sl651(row, item)
        else:
            assert isinstance(item, ProtocolError)
            cut_off = Reason.BAD_FRAME
            wrong = cut_off if n in WITHOUT_CODE else Reason.BAD_CHECKSUM
            assert item.reason is wrong
    assert (taken, len(rows)) == (14, 17)


def heard_sl651(row: dict[str, object]) -> list[sl651.Item]:
    stream = sl651.Sl651Stream()
    octets = bytes.fromhex(str(row["hex"]))
    return [*stream.receive_data(octets), *stream.receive_eof()]


def check_sl651(row: dict[str, object], frame: sl651.Frame) -> None:
    decoded = row["decoded"]
    assert isinstance(decoded, dict)
    report = sl651.report_from(frame)
    assert not report.errors
    assert (frame.centre, frame.station) == (decoded["center"], decoded["rtu"])
    assert f"{frame.password:04x}" == decoded["password"]
    assert f"{frame.function:02X}" == decoded["func"]
    assert report.serial == decoded["serial"]
    assert f"{report.sent_at:%y%m%d%H%M%S}" == decoded["sent_at"]
    if "station_class" in decoded:
        letter = bytes.fromhex(decoded["station_class"]).decode()
        assert {section.station_class for section in report.sections} == {letter}
    said = {
        f"{element.guide:02X}": sl651.value_of(element)
        for section in report.sections
        for element in section.elements
    }
    named, *elements = decoded.get("elements") or [None]
    for guide, _, value in elements:
        assert said[guide] == pytest.approx(value)
    if named is not None:
        assert f"{report.sections[0].observed_at:%y%m%d%H%M}" == named[1]


def test_the_hourly_frame_gives_its_rains_and_levels_their_own_times() -> None:
    (frame,) = heard_sl651(realdata("cn_protocols/sl651.json")[2])
    assert isinstance(frame, sl651.Frame)
    items = sl651.readings_of(sl651.report_from(frame))
    told: dict[str, dict[str, float]] = {}
    for item in items:
        assert isinstance(item, Reading)
        minute = f"{item.measured_at.astimezone(BEIJING):%H:%M}"
        told.setdefault(item.quantity, {})[minute] = item.value
    assert told == {
        "rain_5min_mm": {
            "10:05": 0.5,
            "10:10": 0.0,
            "10:15": 0.0,
            "10:20": 0.0,
            "10:25": 2.0,
            "10:55": 0.0,
            "11:00": 0.0,
        },
        "relative_level_m": {
            "10:05": 0.12,
            "10:10": 0.12,
            "10:15": 0.28,
            "10:20": 0.49,
            "10:25": 0.49,
            "10:55": 0.49,
            "11:00": 0.49,
        },
        "rain_total_mm": {"11:00": 4.0},
        "level_m": {"11:00": 10.49},
        "rain_day_mm": {"11:00": 4.0},
        "battery_v": {"11:00": 10.99},
    }


def test_every_packet_of_hj_212_is_taken_or_refused_as_its_code_says() -> None:
    rows = realdata("cn_protocols/hj212.json")
    taken = 0
    for row in rows:
        stream = hj212.Hj212Stream()
        (item,) = stream.receive_data(str(row["packet"]).encode())
        assert stream.receive_eof() == []
        if row["valid"]:
            assert isinstance(item, hj212.Package)
            taken += 1
            check_hj212(row, item)
        else:
            assert isinstance(item, ProtocolError)
            assert item.reason is Reason.BAD_CHECKSUM
    assert (taken, len(rows)) == (3, 5)


def check_hj212(row: dict[str, object], package: hj212.Package) -> None:
    parsed = row["parsed"]
    assert isinstance(parsed, dict)
    assert package.errors == ()
    assert package.qn == parsed.get("QN", "")
    assert (package.system, package.device) == (parsed["ST"], parsed["MN"])
    assert (str(package.command), package.password) == (parsed["CN"], parsed["PW"])
    assert package.flag == (int(parsed["Flag"]) if "Flag" in parsed else None)
    assert [dict(item.pairs) for item in package.items] == parsed["CP"]
