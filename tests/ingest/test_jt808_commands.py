"""What terminals are told to do, from the database to the cab and back."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest

from devices.registry.snapshot import Snapshot
from gezhi.commands.terminal_command import run_terminal_command
from ingest.arrival import EdgeChange
from ingest.jt808.orders import OrderError, order_bodies
from ingest.jt808.serve import Jt808Ports, serve_jt808
from ingest.protocols.jt808 import TerminalReply, TextFlag, TextMessage, Unknown
from ingest.protocols.jt808.areas import SetPolygon
from simulators.jt808_terminal import Habits, Jt808Terminal, TerminalFacts
from store.commands.terminal import (
    Command,
    CommandKind,
    CommandResult,
    Outcome,
    ask_terminal,
    outcome_of,
)
from tests.ingest.jt808_line import ADDRESS, PHONE, line_to
from tests.ingest.registry import register, snapshot_of
from vocabulary.device import Device, DeviceKind
from vocabulary.position import Position
from vocabulary.times import Clock

if TYPE_CHECKING:
    from ingest.inbox import Inbox

pytestmark = pytest.mark.db

AREA = (
    '{"type": "Polygon", "coordinates":'
    " [[[111.0, 35.0], [111.02, 35.0], [111.01, 35.02], [111.0, 35.0]]]}"
)
TERMINAL = Device(
    id=1,
    code="VT-0001",
    kind=DeviceKind.VEHICLE,
    gateway="VEHICLES",
    address=ADDRESS,
    component_id=None,
    vehicle_id=None,
    cell_id=None,
    upstream_id=None,
    lon=None,
    lat=None,
    register_map="",
    expected_interval_s=10,
    allowed_lateness_s=0,
    time_zone="",
    datum="wgs84",
    simulated=True,
)
FIX = Position(
    device=ADDRESS,
    fixed_at=datetime(2026, 11, 21, 8, 0, tzinfo=UTC),
    lon=111.00125,
    lat=35.02,
    speed_kmh=28.4,
)


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - commands expire by the real clock


@pytest.fixture
async def snapshot(database_url: str) -> Snapshot:
    """A registry with a terminal on a vehicle that has a work area."""
    await register(database_url, "VEHICLES", [ADDRESS], transport="jt808")
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "WITH area AS (INSERT INTO geofence (code, name_zh, name_en, shape, geometry)"
        " VALUES ('AREA', '作业区', 'Area', 'polygon', $1) RETURNING id),"
        " owner AS (INSERT INTO unit (code, kind, name_zh, name_en)"
        " VALUES ('sanitation', 'department', '环卫', 'Sanitation') RETURNING id),"
        " car AS (INSERT INTO vehicle (code, kind, name_zh, name_en, unit_id, area_id)"
        " SELECT '格A001H1', 'sanitation', '车', 'Car', owner.id, area.id"
        " FROM owner, area RETURNING id)"
        " UPDATE device SET vehicle_id = (SELECT id FROM car)",
        AREA,
    )
    await connection.close()
    return await snapshot_of(database_url)


@asynccontextmanager
async def serving(
    dsn: str, snapshot: Snapshot, *, clock: Clock = now
) -> AsyncIterator[int]:
    """Serve terminals on TCP; give the port."""
    inbox: Inbox = asyncio.Queue()
    ports = Jt808Ports(host="127.0.0.1", tcp=0, udp=None)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        edge = tasks.create_task(
            serve_jt808(
                ports, dsn=dsn, registry=lambda: snapshot, inbox=inbox, clock=clock
            )
        )
        change = await inbox.get()
        assert isinstance(change, EdgeChange)
        found = re.search(r"\d+$", change.detail)
        assert found
        yield int(found[0])
        edge.cancel()


@asynccontextmanager
async def terminal_at(port: int) -> AsyncIterator[Jt808Terminal]:
    """Play a terminal that has made one report."""
    facts = TerminalFacts(phone=PHONE, plate="格A001H1")
    habits = Habits(reply_s=5, pause_s=0.1)
    terminal = Jt808Terminal(facts, listener=("127.0.0.1", port), habits=habits)
    terminal.report(FIX)
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(terminal.run())
        yield terminal
        playing.cancel()


async def ask(
    pool: asyncpg.Pool,
    snapshot: Snapshot,
    kind: CommandKind,
    body: Mapping[str, object],
) -> int:
    (device_id,) = snapshot.devices
    async with pool.acquire() as connection:
        at = now()
        return await ask_terminal(
            connection,
            device_id,
            kind,
            body,
            by="test",
            at=at,
            expires_at=at + timedelta(minutes=5),
        )


async def outcome(pool: asyncpg.Pool, command_id: int) -> Outcome:
    while True:
        async with pool.acquire() as connection:
            found = await outcome_of(connection, command_id)
        if found:
            return found
        await asyncio.sleep(0.02)


async def test_a_terminal_does_what_it_is_told_and_says_so(
    pool: asyncpg.Pool, database_url: str, snapshot: Snapshot
) -> None:
    told: list[tuple[CommandKind, Mapping[str, object]]] = [
        (CommandKind.TEXT, {"text": "请回作业区"}),
        (CommandKind.SET_PARAMETERS, {"report_interval_s": 30}),
        (CommandKind.PARAMETERS, {}),
        (CommandKind.POSITION, {}),
        (CommandKind.GEOFENCE, {"speed_kmh": 40}),
    ]
    async with (
        serving(database_url, snapshot) as port,
        terminal_at(port) as terminal,
    ):
        outcomes = [
            await outcome(pool, await ask(pool, snapshot, *each)) for each in told
        ]
        assert [each.result for each in outcomes] == [CommandResult.OK] * 5
        assert terminal.cab.texts == ["请回作业区"]
        assert outcomes[2].answer
        assert outcomes[2].answer["report_interval_s"] == 30
        assert outcomes[3].answer == {
            "fixed": True,
            "fixed_at": "2026-11-21T08:00:00Z",
            "lon": 111.00125,
            "lat": 35.02,
            "speed_kmh": 28.4,
        }
        (area,) = terminal.cab.areas
        assert isinstance(area, SetPolygon)
        assert len(area.points) == 3
        dropped = await ask(pool, snapshot, CommandKind.DROP_GEOFENCES, {})
        assert (await outcome(pool, dropped)).result is CommandResult.OK
        assert terminal.cab.areas == []


async def test_a_command_waits_for_its_terminal(
    pool: asyncpg.Pool, database_url: str, snapshot: Snapshot
) -> None:
    async with serving(database_url, snapshot) as port:
        command = await ask(pool, snapshot, CommandKind.TEXT, {"text": "早"})
        async with terminal_at(port) as terminal:
            assert (await outcome(pool, command)).result is CommandResult.OK
            assert terminal.cab.texts == ["早"]


async def test_a_command_that_is_sent_is_never_sent_again(
    pool: asyncpg.Pool, database_url: str, snapshot: Snapshot
) -> None:
    later = timedelta(0)
    async with serving(database_url, snapshot, clock=lambda: now() + later) as port:
        async with line_to(port) as line:
            token = await line.log_in()
            command = await ask(pool, snapshot, CommandKind.TEXT, {"text": "x"})
            assert isinstance((await line.hear()).body, TextMessage)
        async with line_to(port) as line:
            await line.prove(token)  # and it is not said to this line
            late = await ask(pool, snapshot, CommandKind.TEXT, {"text": "y"})
            body = (await line.hear()).body
            assert isinstance(body, TextMessage)
            assert body.text == "y"
            later = timedelta(minutes=6)
            assert (await outcome(pool, command)).result is CommandResult.EXPIRED
        assert late > command


async def test_what_a_terminal_cannot_do_it_says(
    pool: asyncpg.Pool, database_url: str, snapshot: Snapshot
) -> None:
    async with serving(database_url, snapshot) as port, line_to(port) as line:
        await line.log_in()
        command = await ask(pool, snapshot, CommandKind.PARAMETERS, {})
        message = await line.hear()
        serial = message.header.serial
        line.say(TerminalReply(answered=serial + 1, answered_id=0x8104, result=0))
        line.say(TerminalReply(answered=serial, answered_id=0x8104, result=3))
        assert await outcome(pool, command) == Outcome(
            command, CommandResult.UNSUPPORTED
        )


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        ("text", "[]", "no JSON object"),
        ("text", "{}", "1 to 500 characters"),
        ("text", '{"text": ""}', "1 to 500 characters"),
        ("text", '{"text": "x", "flags": ["loud"]}', "flags are not some of urgent"),
        ("text", '{"text": "x", "flags": "urgent"}', "flags are not some of urgent"),
        ("set_parameters", "{}", "no parameter"),
        ("set_parameters", '{"speed_limit_kmh": true}', "neither a number nor a text"),
        ("set_parameters", '{"speed_limit_kmh": -1}', "does not fit"),
        ("set_parameters", '{"no_such": 1}', "there is no parameter 'no_such'"),
        ("geofence", '{"code": "NOWHERE"}', "no geofence NOWHERE"),
        ("geofence", '{"speed_kmh": 0}', "no whole number"),
        ("geofence", '{"speed_kmh": "40"}', "no whole number"),
    ],
)
def test_what_cannot_be_said_is_not_said_and_says_why(
    kind: str, body: str, why: str
) -> None:
    command = Command(1, TERMINAL.id, CommandKind(kind), body.encode())
    with pytest.raises(OrderError, match=re.escape(why)):
        order_bodies(command, TERMINAL, Snapshot(version=1))


async def test_a_command_that_cannot_be_said_is_settled_at_once(
    pool: asyncpg.Pool, database_url: str, snapshot: Snapshot
) -> None:
    async with serving(database_url, snapshot) as port, terminal_at(port):
        command = await ask(pool, snapshot, CommandKind.GEOFENCE, {"code": "NOWHERE"})
        settled = await outcome(pool, command)
        assert settled.result is CommandResult.IMPOSSIBLE
        assert settled.answer == {"error": "there is no geofence NOWHERE"}


async def test_the_command_line_tells_a_terminal_and_says_what_it_says(
    database_url: str, snapshot: Snapshot, capsys: pytest.CaptureFixture[str]
) -> None:
    (device,) = snapshot.devices.values()

    async def tell(code: str, kind: str, body: str, *, wait_s: float = 300) -> int:
        return await run_terminal_command(database_url, code, kind, body, wait_s=wait_s)

    async with serving(database_url, snapshot) as port, terminal_at(port):
        assert await tell(device.code, "text", '{"text": "早"}') == 0
        assert await tell(device.code, "position", "{}") == 0
        assert await tell(device.code, "geofence", '{"code": "NOWHERE"}') == 1
    assert await tell(device.code, "text", '{"text": "早"}', wait_s=0.3) == 1
    assert await tell("nobody", "text", '{"text": "早"}') == 2
    assert await tell(device.code, "dance", "{}") == 2
    assert await tell(device.code, "text", "{") == 2
    said = capsys.readouterr()
    assert f"{device.code}: ok" in said.out
    assert '"lon":111.00125' in said.out
    assert f"{device.code}: impossible" in said.out
    assert f"{device.code}: expired" in said.out
    assert "no device 'nobody' in service" in said.err


def test_flags_of_a_text_are_words() -> None:
    body = b'{"text": "x", "flags": ["urgent", "read_aloud"]}'
    command = Command(1, TERMINAL.id, CommandKind.TEXT, body)
    (message,) = order_bodies(command, TERMINAL, Snapshot(version=1))
    assert not isinstance(message, Unknown)
    assert isinstance(message, TextMessage)
    assert message.flags == TextFlag.URGENT | TextFlag.READ_ALOUD
