"""Messages of some thirty makes and of three test suites, as others read them.

They are other people's (see `shared/realdata/README.md`) and are kept beside the
checkout. Traccar's are written down after unescaping, most of them; those are escaped
again first, or a 7D that is data would be taken for an escape.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import pytest

from ingest.protocols.errors import ProtocolError
from ingest.protocols.jt808 import (
    Authentication,
    BadReport,
    Body,
    Heartbeat,
    Jt808Stream,
    Location,
    LocationBatch,
    Message,
    ParameterAnswer,
    PlatformReply,
    PositionAnswer,
    Registration,
    RegistrationReply,
    TextMessage,
    Unknown,
    encode,
    location_of,
    position_of,
    positions_of,
)
from ingest.protocols.jt808.areas import DropCircles, SetCircles, SetPolygon
from ingest.protocols.jt808.frame import check_code, pack
from ingest.protocols.jt808.location import location_from, time_of
from ingest.protocols.jt808.route import SetRoute
from vocabulary.position import Position
from vocabulary.refusal import Reason

MESSAGES = Path(__file__).parents[2].parent / "shared" / "realdata" / "jt808"

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(
        not MESSAGES.exists(), reason="no JT/T 808 messages beside the checkout"
    ),
]

Item = Message | ProtocolError


class Report(TypedDict):
    alarm: int
    status: int
    latitude: float
    longitude: float
    altitude_m: int
    speed_kmh: float
    course: int
    time_utc: str
    items: list[list[str]]
    items_wellformed: bool


class Decoded(TypedDict, total=False):
    terminal: str
    serial: int
    msg_id: str
    version: int
    checksum_ok: bool
    length_ok: bool
    location: Report
    batch: list[Report]
    batch_type: int


class Row(TypedDict, total=False):
    n: int
    hex: str
    ascii: str
    decoded: Decoded
    strict_verdict: str
    expected: dict[str, object]
    reference: Report | list[Report] | None


def rows_of(name: str) -> list[Row]:
    rows: list[Row] = json.loads((MESSAGES / name).read_text("utf-8"))
    return rows


def wire_of(row: Row) -> bytes:
    if "hex" not in row:
        return row["ascii"].encode()
    octets = bytes.fromhex(row["hex"])
    is_unescaped = octets[:1] == b"\x7e" and check_code(octets[1:-1]) == 0
    return pack(octets[1:-2]) if is_unescaped else octets


def items_of(octets: bytes) -> list[Item]:
    stream = Jt808Stream()
    return [*stream.receive_data(octets), *stream.receive_eof()]


def message_of(octets: bytes) -> Message:
    (item,) = items_of(octets)
    assert isinstance(item, Message), item
    return item


def reasons_of(items: list[Item]) -> set[Reason]:
    return {item.reason for item in items if isinstance(item, ProtocolError)}


def locations_of(message: Message) -> list[Location]:
    match message.body:
        case Location():
            return [message.body]
        case PositionAnswer():
            return [message.body.location]
        case LocationBatch():
            return [location_from(octets) for octets in message.body.reports]
        case _:
            return []


def said_of(location: Location) -> Report:
    return {
        "alarm": int(location.alarms),
        "status": int(location.status),
        "latitude": location.lat,
        "longitude": location.lon,
        "altitude_m": location.altitude_m,
        "speed_kmh": location.speed_kmh,
        "course": location.course_deg,
        "time_utc": f"{time_of(location):%Y-%m-%dT%H:%M:%SZ}",
        "items": [[f"{item.id:02x}", item.octets.hex()] for item in location.items],
        "items_wellformed": not location.rest,
    }


def checked(report: Report) -> Report:
    return {name: report[name] for name in Report.__required_keys__}  # type: ignore[literal-required, return-value] # a TypedDict's own names


def words_of(body: Body) -> list[object]:
    """Return what a message says, in the order of the other server's words."""
    match body:
        case PlatformReply():
            return [body.answered, body.answered_id, body.result]
        case Registration():
            place: list[object] = [body.province, body.county]
            return [*place, body.maker, body.model, body.serial_id, body.plate]
        case Authentication():
            return [body.token]
        case RegistrationReply():
            return [body.answered, body.result, body.token]
        case TextMessage():
            return [int(body.flags), body.text]
        case DropCircles():
            return [list(body.ids)]
        case _:
            raise AssertionError(body)


def found_in(messages: Iterator[Message]) -> Counter[str]:
    """Count fixes, and reports that are refused, by reason."""
    counts: Counter[str] = Counter()
    for message in messages:
        if isinstance(message.body, Location | LocationBatch | PositionAnswer):
            counts["reports"] += len(locations_of(message))
            for each in positions_of(message.body, message.header.terminal):
                fault = each.reason if isinstance(each, BadReport) else "fixes"
                counts[fault] += 1
    return counts


def test_what_others_accept_says_to_us_what_it_says_to_them() -> None:
    accepted = [
        row for row in rows_of("traccar.json") if row.get("strict_verdict") == "accept"
    ]
    reports = 0
    for row in accepted:
        decoded = row["decoded"]
        message = message_of(wire_of(row))
        header = message.header
        assert f"{header.message_id:04x}" == decoded["msg_id"]
        assert header.edition.value == decoded["version"]
        assert (header.terminal, header.serial) == (
            decoded["terminal"],
            decoded["serial"],
        )
        expected = [decoded["location"]] if "location" in decoded else []
        expected += decoded.get("batch", [])
        said = [said_of(location) for location in locations_of(message)]
        assert said == list(map(checked, expected)), row["n"]
        reports += len(said)
    assert (len(accepted), reports) == (53, 53)


def test_what_others_reject_is_refused_for_the_same_reason() -> None:
    refused: Counter[str] = Counter()
    for row in rows_of("traccar.json"):
        verdict = row.get("strict_verdict", "no frame")
        if verdict == "accept":
            continue
        items = items_of(wire_of(row))
        assert not any(isinstance(item, Message) for item in items)
        (reason,) = reasons_of(items)
        refused[f"{verdict}: {reason}"] += 1
    assert refused == {
        "reject:bad-checksum: bad-checksum": 1,
        "reject:bad-length: bad-length": 1,
        "private-frame(1-byte serial): bad-length": 4,
        "no frame: bad-frame": 2,
    }


def test_thirty_makes_give_so_many_fixes() -> None:
    items = [items_of(wire_of(row)) for row in rows_of("traccar.json")]
    messages = [item for each in items for item in each if isinstance(item, Message)]
    assert found_in(iter(messages)) == {"reports": 53, "fixes": 37}
    assert Counter(type(message.body) for message in messages) == {
        Location: 34,
        LocationBatch: 5,
        Registration: 3,
        Authentication: 1,
        Heartbeat: 1,
        Unknown: 9,
    }


def test_a_whole_suite_is_taken_or_refused_as_its_check_codes_and_lengths_say() -> None:
    outcomes: Counter[str] = Counter()
    for row in rows_of("smallchi.json"):
        decoded = row["decoded"]
        items = items_of(wire_of(row))
        if not decoded["checksum_ok"]:
            expected = {Reason.BAD_CHECKSUM}
        elif not decoded["length_ok"]:
            expected = {Reason.BAD_LENGTH}
        else:
            expected = set()
        assert reasons_of(items) == expected, row["n"]
        outcomes[", ".join(sorted(expected)) or "taken"] += 1
        if expected or "location" not in decoded:
            continue
        (location,) = locations_of(message_of(wire_of(row)))
        assert said_of(location) == checked(decoded["location"])
    assert outcomes == {"taken": 35, "bad-checksum": 7, "bad-length": 3}


def test_two_sub_packages_of_that_suite_make_one_message() -> None:
    first, second = (row for row in rows_of("smallchi.json") if row["n"] in (7, 8))
    stream = Jt808Stream()
    assert stream.receive_data(wire_of(first)) == []
    (message,) = stream.receive_data(wire_of(second))
    assert isinstance(message, Message)
    assert isinstance(message.body, ParameterAnswer)
    assert message.serials == (1233, 1250)
    assert len(message.body.parameters) == 0x6B


def test_what_another_server_reads_we_read_alike() -> None:
    rows = {row["n"]: row for row in rows_of("yezhihao_unit_record.json")}
    messages = {n: message_of(wire_of(row)) for n, row in rows.items()}
    for n, message in messages.items():
        expected = rows[n]["expected"]
        assert message.header.message_id == expected["messageId"]
        assert message.header.terminal == expected["clientId"]
        assert message.header.serial == expected["serialNo"]
        reference = rows[n].get("reference") or []
        references = [reference] if isinstance(reference, dict) else reference
        if references:
            said = [said_of(location) for location in locations_of(message)]
            assert said == list(map(checked, references))
    assert [words_of(messages[n].body) for n in (1, 5, 7, 53, 67, 85)] == [
        [rows[n]["expected"][name] for name in names]
        for n, names in {
            1: ("responseSerialNo", "responseMessageId", "resultCode"),
            5: (
                "provinceId",
                "cityId",
                "makerId",
                "deviceModel",
                "deviceId",
                "plateNo",
            ),
            7: ("token",),
            53: ("responseSerialNo", "resultCode", "token"),
            67: ("sign", "content"),
            85: ("id",),
        }.items()
    ]


def test_its_areas_and_routes_are_read_alike() -> None:
    rows = {row["n"]: row for row in rows_of("yezhihao_unit_record.json")}
    circles, polygon, route = (message_of(wire_of(rows[n])).body for n in (83, 89, 91))
    assert isinstance(circles, SetCircles)
    assert [
        {
            "id": area.terms.id,
            "attribute": int(area.terms.flags),
            "latitude": area.centre.lat_e6,
            "longitude": area.centre.lon_e6,
            "radius": area.radius_m,
            "maxSpeed": area.terms.speed_kmh,
            "duration": area.terms.after_s,
        }
        for area in circles.circles
    ] == without_times(rows[83]["expected"]["items"])
    assert isinstance(polygon, SetPolygon)
    assert [
        {"latitude": point.lat_e6, "longitude": point.lon_e6}
        for point in polygon.points
    ] == rows[89]["expected"]["points"]
    assert isinstance(route, SetRoute)
    assert [
        {
            "id": turn.id,
            "routeId": turn.segment_id,
            "latitude": turn.point.lat_e6,
            "longitude": turn.point.lon_e6,
            "width": turn.width_m,
            "attribute": int(turn.flags),
            "upperLimit": turn.longest_s,
            "lowerLimit": turn.shortest_s,
            "maxSpeed": turn.speed_kmh,
            "duration": turn.after_s,
        }
        for turn in route.turns
    ] == rows[91]["expected"]["items"]


def without_times(areas: object) -> list[dict[str, object]]:
    assert isinstance(areas, list)
    times = ("startTime", "endTime")
    return [{k: v for k, v in area.items() if k not in times} for area in areas]


def test_latitudes_of_116_and_232_are_refused_not_stored() -> None:
    rows = rows_of("yezhihao_unit_record.json")
    messages = [message_of(wire_of(row)) for row in rows]
    assert found_in(iter(messages)) == {"reports": 7, "bad-position": 6}
    assert Counter(isinstance(message.body, Unknown) for message in messages) == {
        True: 50,
        False: 19,
    }


def test_ninety_six_messages_encode_to_the_same_octets() -> None:
    kinds: Counter[bool] = Counter()
    for line in (MESSAGES / "yezhihao_roundtrip.hex.txt").read_text().split():
        octets = bytes.fromhex(line)
        message = message_of(octets)
        header = message.header
        assert (
            b"".join(
                encode(
                    message.body,
                    terminal=header.terminal,
                    serial=header.serial,
                    edition=header.edition,
                )
            )
            == octets
        )
        kinds[isinstance(message.body, Unknown)] += 1
    assert kinds == {True: 64, False: 32}


def test_a_drive_survives_the_wire() -> None:
    track = MESSAGES / "yezhihao_track_27pts_lon_lat_speed.csv"
    start = datetime(2026, 11, 21, 8, tzinfo=UTC)
    drive = [
        Position(
            device="013900000001",
            fixed_at=start + timedelta(seconds=10 * n),
            lon=float(lon),
            lat=float(lat),
            speed_kmh=float(speed),
            course_deg=0.0,
            altitude_m=0.0,
        )
        for n, (lon, lat, speed) in enumerate(
            line.split(",") for line in track.read_text().split()
        )
    ]
    assert len(drive) == 27
    again = [position_of(location_of(fix), fix.device) for fix in drive]
    assert again == drive
