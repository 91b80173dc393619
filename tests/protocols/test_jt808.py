"""JT/T 808: what the tables cannot say: both ways, cuts, bounds, fences."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.errors import ProtocolError
from ingest.protocols.jt808 import (
    Body,
    Edition,
    Heartbeat,
    Jt808Stream,
    Location,
    Message,
    ParameterAnswer,
    SetParameters,
    TextFlag,
    TextMessage,
    decode,
    encode,
    location_of,
    position_of,
)
from ingest.protocols.jt808.areas import (
    AreaFlag,
    Point,
    SetCircles,
    SetPolygon,
    SetRectangles,
)
from ingest.protocols.jt808.fences import FenceError, Watch, area_messages
from ingest.protocols.jt808.frame import (
    MAX_FRAME,
    Deframer,
    check_code,
    pack,
    unpack,
)
from ingest.protocols.jt808.items import Item
from ingest.protocols.jt808.location import location_from, location_octets
from ingest.protocols.jt808.parameters import Parameter, parameter_of
from ingest.protocols.jt808.parts import MAX_UNFINISHED
from ingest.protocols.jt808.route import SegmentFlag, SetRoute
from ingest.protocols.jt808.status import Alarm, Status
from tests.protocols.test_captures import Capture, captures_of, items_of
from vocabulary.coordinates import gcj02_from_wgs84
from vocabulary.position import Position
from vocabulary.refusal import Reason
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape

PHONE = "013900000001"
CAPTURES = captures_of(Path(__file__).parent / "jt808.toml")

editions = st.sampled_from([Edition.OF_2013, Edition.OF_2019])
locations = st.builds(
    Location,
    alarms=st.integers(0, 2**32 - 1).map(Alarm),
    status=st.integers(0, 2**32 - 1).map(Status),
    lat_e6=st.integers(0, 2**32 - 1),
    lon_e6=st.integers(0, 2**32 - 1),
    altitude_m=st.integers(0, 2**16 - 1),
    speed_kmh=st.integers(0, 2**16 - 1).map(lambda tenths: tenths / 10),
    course_deg=st.integers(0, 2**16 - 1),
    time=st.binary(min_size=6, max_size=6),
    items=st.lists(
        st.builds(Item, st.integers(0, 255), st.binary(max_size=255)), max_size=3
    ).map(tuple),
)
positions = st.builds(
    Position,
    device=st.just(PHONE),
    fixed_at=st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)).map(  # noqa: DTZ001 - made aware here
        lambda at: at.replace(microsecond=0, tzinfo=UTC)
    ),
    lon=st.integers(-180_000_000, 180_000_000).map(lambda e6: e6 / 1e6),
    lat=st.integers(-90_000_000, 90_000_000).map(lambda e6: e6 / 1e6),
    speed_kmh=st.integers(0, 4000).map(lambda tenths: tenths / 10),
    course_deg=st.integers(0, 359).map(float),
    altitude_m=st.integers(-500, 9000).map(float),
    satellites=st.integers(0, 255),
    inputs=st.integers(0, 2**17 - 1),
)


def message_of(frame: bytes) -> Message:
    return decode(unpack(frame[1:-1]))


def frame_of(body: Body, *, edition: Edition = Edition.OF_2013) -> bytes:
    (frame,) = encode(body, terminal=PHONE, serial=1, edition=edition)
    return frame


@pytest.mark.parametrize("capture", CAPTURES, ids=[c.name for c in CAPTURES])
def test_what_was_decoded_encodes_back(capture: Capture) -> None:
    for item in items_of(capture, [capture.sent]):
        if isinstance(item, Message):
            header = item.header
            frames = encode(
                item.body,
                terminal=header.terminal,
                serial=item.serials[0],
                edition=header.edition,
            )
            (again,) = Jt808Stream().receive_data(b"".join(frames))
            assert isinstance(again, Message)
            assert again.body == item.body
            assert b"".join(frames) == capture.sent or not capture.is_canonical


@given(st.binary(max_size=1100))
def test_unpack_undoes_pack(message: bytes) -> None:
    frame = pack(message)
    assert frame.count(b"\x7e") == 2
    assert unpack(frame[1:-1]) == message
    assert check_code(message + bytes([check_code(message)])) == 0


@given(locations)
def test_a_location_decodes_to_what_was_encoded(location: Location) -> None:
    assert location_from(location_octets(location)) == location


@given(positions)
def test_a_position_survives_the_wire(position: Position) -> None:
    found = position_of(location_of(position), PHONE)
    nowhere = (position.lon, position.lat) == (0, 0)
    assert found == (None if nowhere else position)


@given(st.lists(st.binary(max_size=60), max_size=8), st.data())
def test_chunks_never_change_what_comes_out(
    frames: list[bytes], data: st.DataObject
) -> None:
    sent = b"".join(pack(frame) for frame in frames) + data.draw(st.binary(max_size=40))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    stream = Jt808Stream()
    items = []
    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        items += stream.receive_data(sent[start:end])
    assert list(map(repr, items)) == list(map(repr, Jt808Stream().receive_data(sent)))


@given(st.binary(max_size=300))
def test_no_input_raises_anything(octets: bytes) -> None:
    stream = Jt808Stream()
    stream.receive_data(octets)
    stream.receive_data(pack(octets))
    stream.receive_eof()


@given(
    st.sampled_from(["0100", "0104", "0200", "0704", "8103", "8600", "8604", "8606"]),
    editions,
    st.binary(max_size=200),
)
def test_any_body_is_read_or_refused_with_the_one_error(
    message_id: str, edition: Edition, body: bytes
) -> None:
    version = 0x4000 if edition is Edition.OF_2019 else 0
    head = bytes.fromhex(message_id) + (version | len(body)).to_bytes(2, "big")
    head += b"\x01" + bytes(10) if version else bytes(6)
    (item,) = Jt808Stream().receive_data(pack(head + b"\0\1" + body))
    assert isinstance(item, Message | ProtocolError)


def test_a_peer_that_never_sends_a_flag_costs_one_frame_of_memory() -> None:
    deframer = Deframer()
    for _ in range(1000):
        assert deframer.receive_data(b"x" * 10_000) == []
    (error,) = deframer.receive_eof()
    assert isinstance(error, ProtocolError)
    assert error.reason is Reason.BAD_FRAME
    assert len(error.octets) == MAX_FRAME + 1


def test_the_longest_frame_is_taken_and_one_octet_more_is_not() -> None:
    message = b"\x7d" * (MAX_FRAME // 2 - 1)
    assert unpack(pack(message)[1:-1]) == message
    with pytest.raises(ProtocolError, match="too-long"):
        unpack(b"\x30" * (MAX_FRAME + 1))


def test_a_long_message_is_sent_in_sub_packages_and_read_whole() -> None:
    parameters = tuple(Parameter(0xF000 + n, bytes([n]) * 255) for n in range(20))
    answer = ParameterAnswer(answered=1, parameters=parameters)
    frames = encode(answer, terminal=PHONE, serial=65534, edition=Edition.OF_2019)
    (message,) = Jt808Stream().receive_data(b"".join(frames))
    assert isinstance(message, Message)
    assert message.body == answer
    assert message.serials == (65534, 65535, 0, 1, 2, 3)


def test_a_message_resent_after_a_loss_is_not_mixed_with_the_one_before() -> None:
    def frames(octet: int, serial: int) -> list[bytes]:
        parameters = tuple(Parameter(n, bytes([octet]) * 250) for n in range(10))
        answer = ParameterAnswer(answered=octet, parameters=parameters)
        return encode(answer, terminal=PHONE, serial=serial, edition=Edition.OF_2013)

    _, *lost_first = frames(1, 100)
    stream = Jt808Stream()
    assert stream.receive_data(b"".join(lost_first)) == []
    (message,) = stream.receive_data(b"".join(frames(2, 200)))
    assert isinstance(message, Message)
    assert isinstance(message.body, ParameterAnswer)
    assert message.body.answered == 2
    assert stream.given_up == 1


def test_unfinished_messages_are_bounded() -> None:
    stream = Jt808Stream()
    bodies: list[Body] = [
        TextMessage(flags=TextFlag.URGENT, text="x" * 2000),
        SetParameters(tuple(Parameter(n, bytes(250)) for n in range(9))),
        ParameterAnswer(
            answered=0, parameters=tuple(Parameter(n, bytes(250)) for n in range(9))
        ),
    ]
    assert len(bodies) > MAX_UNFINISHED
    for body in bodies:
        first, *_ = encode(body, terminal=PHONE, serial=1, edition=Edition.OF_2013)
        assert stream.receive_data(first) == []
    assert stream.given_up == len(bodies) - MAX_UNFINISHED


def test_every_text_that_gbk_has_survives() -> None:
    text = "格知：请回作业区 A001H1"
    for edition in (Edition.OF_2013, Edition.OF_2019):
        sent = frame_of(TextMessage(flags=TextFlag.URGENT, text=text), edition=edition)
        body = message_of(sent).body
        assert isinstance(body, TextMessage)
        assert body.text == text


def test_text_that_is_no_text_is_shown_and_refuses_nothing() -> None:
    frame = frame_of(TextMessage(flags=TextFlag.URGENT, text="x"))
    body = message_of(pack(unpack(frame[1:-1])[:-1] + b"\xff")).body
    assert body == TextMessage(flags=TextFlag.URGENT, text="\\xff")


def test_a_parameter_is_made_by_name() -> None:
    assert parameter_of("report_interval_s", 30) == Parameter(0x29, b"\0\0\0\x1e")
    assert parameter_of("server", "格.example").value == "格.example"
    assert Parameter(0xF001, b"\1").value is None
    assert Parameter(0xF001, b"\1").name == "0xf001"
    for name, value in (
        ("report_interval_s", "30"),
        ("server", 5),
        ("plate_colour", 256),
        ("plate_colour", -1),
        ("no_such", 1),
    ):
        with pytest.raises(ValueError, match=name):
            parameter_of(name, value)


def test_a_serial_id_that_does_not_fit_is_not_cut() -> None:
    from ingest.protocols.jt808 import Registration  # noqa: PLC0415 - used here only

    registration = Registration(
        edition=Edition.OF_2013,
        maker="GEZHI",
        model="GZ-1",
        serial_id="12345678",
        plate_colour=0,
        plate="",
    )
    with pytest.raises(ValueError, match="8 octets, 7 fit"):
        frame_of(registration)


def fence(
    shape: GeofenceShape,
    geometry: Mapping[str, object],
    *,
    radius_m: float | None = None,
) -> GeofenceFacts:
    return GeofenceFacts(
        id=3,
        code="AREA",
        name_zh="作业区",
        name_en="Area",
        shape=shape,
        geometry=json.dumps(geometry),
        radius_m=radius_m,
    )


def ring(*corners: tuple[float, float]) -> list[list[float]]:
    return [list(corner) for corner in (*corners, corners[0])]


def test_a_circle_is_pushed_as_a_circle() -> None:
    circle = fence(
        GeofenceShape.CIRCLE,
        {"type": "Point", "coordinates": [111.0, 35.02]},
        radius_m=250.4,
    )
    (message,) = area_messages(circle, Watch(speed_kmh=40))
    assert isinstance(message, SetCircles)
    (area,) = message.circles
    assert (area.centre, area.radius_m) == (Point(35_020_000, 111_000_000), 250)
    assert (area.terms.id, area.terms.name, area.terms.speed_kmh) == (768, "作业区", 40)
    assert AreaFlag.SPEED_LIMITED | AreaFlag.TELL_DRIVER_OUT in area.terms.flags
    for edition in (Edition.OF_2013, Edition.OF_2019):
        assert isinstance(
            message_of(frame_of(message, edition=edition)).body, SetCircles
        )


def test_a_box_is_pushed_as_a_rectangle_on_every_side_of_the_globe() -> None:
    for lon, lat in ((111.0, 35.0), (-57.6, 35.0), (111.0, -25.3), (-57.6, -25.3)):
        east, north = lon + 0.01, lat + 0.02
        box = ring((lon, lat), (east, lat), (east, north), (lon, north))
        polygon = fence(
            GeofenceShape.POLYGON, {"type": "Polygon", "coordinates": [box]}
        )
        (message,) = area_messages(polygon, Watch())
        assert isinstance(message, SetRectangles)
        (area,) = message.rectangles
        assert (AreaFlag.SOUTH in area.terms.flags) == (lat < 0)
        assert (AreaFlag.WEST in area.terms.flags) == (lon < 0)
        assert area.north_west.lat_e6 == round(abs(north) * 1e6)
        assert area.north_west.lon_e6 == round(abs(lon) * 1e6)
        assert area.south_east.lat_e6 == round(abs(lat) * 1e6)


def test_each_part_of_a_work_area_is_a_polygon_of_its_own() -> None:
    parts = [
        [ring((111.0, 35.0), (111.01, 35.0), (111.0, 35.01))],
        [
            ring((111.1, 35.0), (111.2, 35.0), (111.1, 35.1)),
            ring((111.11, 35.01), (111.12, 35.01), (111.11, 35.02)),  # a hole
        ],
    ]
    area = fence(GeofenceShape.POLYGON, {"type": "MultiPolygon", "coordinates": parts})
    first, second = area_messages(area, Watch())
    assert isinstance(first, SetPolygon)
    assert isinstance(second, SetPolygon)
    assert (first.terms.id, second.terms.id) == (768, 769)
    assert len(second.points) == 3
    assert second.points[0] == Point(35_000_000, 111_100_000)


def test_a_corridor_is_pushed_as_a_route() -> None:
    line = {"type": "LineString", "coordinates": [[111.0, 35.0], [111.01, 35.01]]}
    corridor = fence(GeofenceShape.CORRIDOR, line, radius_m=15)
    (message,) = area_messages(corridor, Watch(speed_kmh=30))
    assert isinstance(message, SetRoute)
    assert [turn.width_m for turn in message.turns] == [30, 30]
    assert message.turns[0].flags == SegmentFlag.SPEED_LIMITED
    with pytest.raises(FenceError, match="256 m wide"):
        area_messages(fence(GeofenceShape.CORRIDOR, line, radius_m=128), Watch())


def test_a_fence_goes_to_the_terminal_in_the_terminals_own_datum() -> None:
    circle = fence(
        GeofenceShape.CIRCLE,
        {"type": "Point", "coordinates": [111.0, 35.02]},
        radius_m=250,
    )
    (message,) = area_messages(circle, Watch(datum="gcj02"))
    assert isinstance(message, SetCircles)
    lon, lat = gcj02_from_wgs84(111.0, 35.02)
    assert message.circles[0].centre == Point(round(lat * 1e6), round(lon * 1e6))


def test_a_fence_across_the_equator_cannot_be_pushed() -> None:
    triangle = ring((111.0, -0.1), (111.1, 0.1), (111.2, -0.1))
    area = fence(GeofenceShape.POLYGON, {"type": "Polygon", "coordinates": [triangle]})
    with pytest.raises(FenceError, match="equator"):
        area_messages(area, Watch())


def test_times_are_beijings() -> None:
    at = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    location = location_of(Position(device=PHONE, fixed_at=at, lon=111.0, lat=35.0))
    assert location.time.hex() == "270101000000"
    later = location_of(
        Position(
            device=PHONE, fixed_at=at + timedelta(seconds=1.9), lon=111.0, lat=35.0
        )
    )
    assert later.time.hex() == "270101000001"


def test_a_heartbeat_costs_a_few_octets() -> None:
    assert len(frame_of(Heartbeat())) == 15
