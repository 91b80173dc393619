"""A small city put in by SQL, and the API that runs over it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx2
import uvicorn
from fastapi import FastAPI

import web
from api.app import create_app
from api.live import Live, NotStartedError
from store.journal.entries import Kind, append

WEB_ROOT = Path(web.__file__).parent

POLL_S = 0.01

MakeToken = Callable[[str, int | None], Awaitable[str]]

TOWN = """
INSERT INTO unit (id, code, kind, name_zh, name_en) VALUES
    (1, 'drainage', 'department', '排水管理处', 'Drainage office'),
    (2, 'lighting', 'department', '路灯管理所', 'Lighting office'),
    (3, 'sd-east', 'subdistrict', '河东街道', 'East subdistrict');
INSERT INTO grid_cell
    (id, code, name_zh, name_en, subdistrict_id, polygon, area_m2, initial_on)
VALUES (1, '990102001001001', '河东一', 'East 1', 3,
    '{"type":"Polygon","coordinates":[[[111,35],[111.001,35],[111.001,35.001],[111,35]]]}',
    9900, '2026-01-01');
INSERT INTO component
    (id, code, scheme, class_code, name_zh, name_en, lon, lat, cell_id)
VALUES (1, '9901020102000001', 'gbt30428.2-2013', '0102', '污水井盖', 'sewer cover',
    111.0004, 35.0003, 1);
INSERT INTO geofence (id, code, name_zh, name_en, shape, geometry) VALUES
    (1, 'area-1', '一区', 'Area 1', 'polygon',
    '{"type":"Polygon","coordinates":[[[111,35],[111.01,35],[111.01,35.01],[111,35]]]}');
INSERT INTO vehicle (id, code, kind, name_zh, name_en, unit_id, area_id) VALUES
    (1, '格A·10001', 'sanitation', '扫路车', 'Sweeper', 1, 1);
INSERT INTO profile
    (id, code, kind, name_zh, name_en, quantities, expected_interval_s)
VALUES
    (1, 'cover', 'cover', '井盖', 'Cover', '{tilt_deg,battery_pct}', 10),
    (2, 'vehicle', 'vehicle', '车载终端', 'Terminal', '{}', 3);
INSERT INTO gateway (id, code, transport, name_zh, name_en) VALUES
    (1, 'GW-1', 'mqtt', '网关', 'Gateway'), (2, 'nmea', 'nmea', '车载', 'Vehicles');
INSERT INTO device
    (id, code, profile_id, gateway_id, address, component_id, vehicle_id, cell_id)
VALUES
    (1, 'MH-0001', 1, 1, 'MH-0001', 1, NULL, 1),
    (2, 'MH-0002', 1, 1, 'MH-0002', NULL, NULL, 1),
    (3, 'MH-0003', 1, 1, 'MH-0003', NULL, NULL, 1),
    (4, 'VT-0001', 2, 2, 'VT-0001', NULL, 1, NULL);
INSERT INTO series (id, device_id, quantity) VALUES
    (1, 1, 'tilt_deg'), (2, 1, 'battery_pct'), (3, 2, 'tilt_deg'), (4, 3, 'tilt_deg');
SELECT setval(pg_get_serial_sequence(name, 'id'), 100) FROM unnest(ARRAY['unit',
    'grid_cell', 'component', 'geofence', 'vehicle', 'profile', 'gateway', 'device',
    'series']) AS name;
"""


def utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the tests are the edge here


@dataclass(frozen=True, slots=True)
class Town:
    """A running API over the small city.

    Attributes:
        url: Where the API listens.
        database_url: Its database.
        connection: One's own, to change that database.
        make_token: Makes a token of a role, perhaps bound to a unit.
    """

    url: str
    database_url: str
    connection: asyncpg.Connection
    make_token: MakeToken

    async def token(self, role: str = "admin", *, unit_id: int | None = None) -> str:
        """Return a new token of a role, perhaps bound to a unit."""
        return await self.make_token(role, unit_id)

    def client(self, token: str = "") -> httpx2.AsyncClient:
        """Return a client that sends `token`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=60)


@contextlib.asynccontextmanager
async def served(app: FastAPI, *, has_journal: bool = True) -> AsyncIterator[str]:
    """Run an application on a free port of the loopback.

    Where there is a journal it has been reached: until then streams are refused, and
    what the edges said is not known.
    """
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_level="warning",
            ws="none",
            timeout_graceful_shutdown=3,
        )
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(), name="server")
        async with asyncio.timeout(300):
            while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing else
                await asyncio.sleep(POLL_S)
            while has_journal and not has_reached_journal(app):  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True


def has_reached_journal(app: FastAPI) -> bool:
    live: Live = app.state.parts.live
    try:
        _ = live.ring
    except NotStartedError:
        return False
    return True


@contextlib.asynccontextmanager
async def started_now(town: Town) -> AsyncIterator[httpx2.AsyncClient]:
    """Run another API process over the same database; lend a client of it."""
    app = create_app(database_url=town.database_url, clock=utc_now, web_root=WEB_ROOT)
    headers = {"Authorization": f"Bearer {await town.token()}"}
    async with (
        served(app) as url,
        httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client,
    ):
        yield client


async def tick(connection: asyncpg.Connection, at: datetime | None = None) -> int:
    """Let the journal's clock stand at `at`, or at now."""
    return await append(connection, Kind.TICK, b"", at=at or utc_now())


async def hear(connection: asyncpg.Connection, series_id: int, value: float) -> None:
    """Make a series' newest reading one of now."""
    now = utc_now()
    await connection.execute(
        "INSERT INTO last_reading VALUES ($1, $2, $3, 0, $2)", series_id, now, value
    )
    await connection.execute(
        "INSERT INTO reading VALUES ($1, $2, $3, 0, $2)", series_id, now, value
    )


async def raise_alarm(
    connection: asyncpg.Connection, device_id: int, value: float | None
) -> None:
    """Let an alarm stand on a device; without a value it is one of silence."""
    await connection.execute(
        "INSERT INTO alarm (rule, rule_version, device_id, severity, raised_seq,"
        " raised_at, measured_at, value, reason_zh, reason_en)"
        " VALUES ('r', 1, $1, 'major', 1, $2, $2, $3, '倾角 42°', 'tilt 42°')",
        device_id,
        utc_now(),
        value,
    )


async def open_case(
    connection: asyncpg.Connection,
    number: int,
    *,
    unit_id: int = 1,
    age: timedelta = timedelta(0),
) -> int:
    """File a case as cases/ would, and say so in the journal."""
    at = utc_now() - age
    case_id: int = await connection.fetchval(
        "INSERT INTO case_file (number, type, scheme, class_code, condition,"
        " subject_kind, subject_id, device_id, cell_id, lon, lat, unit_id, unit_reason,"
        " severity, stage, rule, rule_version, title_zh, title_en, reason_zh,"
        " reason_en, opened_at, measured_at, last_hit_at, simulated)"
        " VALUES ($1, 'component', 'gbt30428.2-2013', '0102', $2, 'component', 1, 1, 1,"
        " 111.0004, 35.0003, $3, 'maintainer', 'major', 'pending_handle',"
        " 'cover-tilted', 1, '井盖移位', 'Cover displaced', '倾角 42° ≥ 15°',"
        " 'tilt 42° ≥ 15°',"
        " $4, $4, $4, true) RETURNING id",
        f"9901022026112{number:06d}",
        f"condition-{number}",
        unit_id,
        at,
    )
    await tell_case(connection, case_id, unit_id=unit_id)
    return case_id


async def tell_case(
    connection: asyncpg.Connection, case_id: int, *, unit_id: int
) -> int:
    """Append the journal entry of a case that was opened."""
    body = b'{"case_id":%d,"move":"file","unit_id":%d}' % (case_id, unit_id)
    return await append(connection, Kind.CASE, body, at=utc_now())
