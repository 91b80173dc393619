"""A small town in the database, and hits of rules on its devices."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import asyncpg

from cases.carrying import FixOf, nowhere
from cases.filing import Filed, file_cases
from cases.request import CaseType, FilingRequest, Hit, Problem, Severity
from devices.registry.snapshot import Snapshot, load_snapshot
from store.connection import Connection

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
"""Noon in the town."""

ZONE = "Asia/Shanghai"
SCHEME = "gbt30428.2-2013"

WATER, DRAINAGE, LIGHTING, SANITATION, STREET, CENTRE = 1, 2, 3, 4, 5, 6
"""Units."""

CELL = 1

COVER, COVER_OF_STREET, LAMP, PRESSURE, GAUGE, TRUCK, SPARE = 1, 2, 3, 4, 5, 6, 7
"""Devices. The spare is a cover's without a component; `GAUGE` watches none either."""

TILT, LAMP_POWER, PRESSURE_KPA, DEPTH, TILT_OF_STREET = 1, 2, 3, 4, 5
"""Series."""

ORDERS = """
[order]
component = ["owner"]
event = ["subdistrict"]
[automatic]
component = []
event = []
"""
"""A routing file without classes."""

_TOWN = """
INSERT INTO unit (id, code, kind, name_zh, name_en) VALUES
    (1, 'WATER', 'utility', '供水公司', 'Water company'),
    (2, 'DRAINAGE', 'department', '排水管理处', 'Drainage office'),
    (3, 'LIGHTING', 'department', '路灯管理处', 'Lighting office'),
    (4, 'SANITATION', 'department', '环卫中心', 'Sanitation centre'),
    (5, 'STREET', 'subdistrict', '东城街道', 'East Town'),
    (6, 'CENTRE', 'centre', '监督指挥中心', 'Centre');
INSERT INTO grid_cell (id, code, name_zh, name_en, subdistrict_id, polygon, area_m2,
    initial_on)
VALUES (1, '990102001001001', '一号网格', 'Cell 1', 5,
    '{"type": "Polygon", "coordinates":
     [[[111,35],[111.002,35],[111.002,35.002],[111,35.002],[111,35]]]}',
    40000, '2026-01-01');
INSERT INTO component (id, code, scheme, class_code, name_zh, name_en, lon, lat,
    cell_id, authority_id, owner_id, maintainer_id, address_zh)
VALUES
    (1, '9901020101000001', 'gbt30428.2-2013', '0101', '上水井盖', 'Water cover',
     111.0011, 35.0011, 1, 2, 1, 2, '建设路 1 号'),
    (2, '9901020123000002', 'gbt30428.2-2013', '0123', '不明井盖', 'Unknown cover',
     111.0012, 35.0012, 1, NULL, NULL, NULL, ''),
    (3, '9901020137000003', 'gbt30428.2-2013', '0137', '路灯', 'Street lamp',
     111.0013, 35.0013, NULL, 3, NULL, NULL, ''),
    (4, '9901020193000004', 'gbt30428.2-2013', '0193', '供水压力柜', 'Cabinet',
     111.0014, 35.0014, 1, 2, 1, 2, '');
INSERT INTO geofence (id, code, name_zh, name_en, shape, geometry) VALUES
    (1, 'AREA-1', '一区', 'Area 1', 'polygon', '{"type": "Polygon", "coordinates":
     [[[111,35],[111.001,35],[111.001,35.001],[111,35.001],[111,35]]]}');
INSERT INTO vehicle (id, code, kind, name_zh, name_en, unit_id, area_id)
VALUES (1, '格A00001', 'sanitation', '洒水车', 'Sprinkler', 4, 1);
INSERT INTO profile (id, code, kind, name_zh, name_en, quantities, expected_interval_s)
VALUES
    (1, 'cover', 'cover', '井盖', 'cover', '{tilt_deg}', 10),
    (2, 'lamp', 'lamp', '单灯', 'lamp', '{power_w}', 5),
    (3, 'pressure', 'pressure', '压力', 'pressure', '{pressure_kpa}', 5),
    (4, 'gauge', 'gauge', '积水', 'gauge', '{depth_mm}', 10),
    (5, 'vehicle', 'vehicle', '车辆', 'vehicle', '{}', 3);
INSERT INTO gateway (id, code, transport, name_zh, name_en)
VALUES (1, 'GW', 'mqtt', '网关', 'gateway');
INSERT INTO device (id, code, profile_id, gateway_id, address, component_id,
    vehicle_id, cell_id, lon, lat, simulated)
VALUES
    (1, 'MH-1', 1, 1, 'MH-1', 1, NULL, 1, 111.0019, 35.0019, true),
    (2, 'MH-2', 1, 1, 'MH-2', 2, NULL, 1, NULL, NULL, false),
    (3, 'LP-1', 2, 1, 'LP-1', 3, NULL, NULL, NULL, NULL, false),
    (4, 'PR-1', 3, 1, 'PR-1', 4, NULL, 1, NULL, NULL, false),
    (5, 'WG-1', 4, 1, 'WG-1', NULL, NULL, NULL, 111.0005, 35.0005, false),
    (6, 'TK-1', 5, 1, 'TK-1', NULL, 1, NULL, NULL, NULL, false),
    (7, 'MH-7', 1, 1, 'MH-7', NULL, NULL, NULL, 112.0, 36.0, false);
INSERT INTO series (id, device_id, quantity) VALUES
    (1, 1, 'tilt_deg'), (2, 3, 'power_w'), (3, 4, 'pressure_kpa'), (4, 5, 'depth_mm'),
    (5, 2, 'tilt_deg');
"""

COVER_OPEN = Problem(
    type=CaseType.COMPONENT,
    scheme=SCHEME,
    class_code=None,
    condition="cover_missing_or_displaced",
    title_zh="井盖移位或缺失",
    title_en="Cover displaced or missing",
)
LAMP_OUT = replace(COVER_OPEN, condition="lamp_single_out", title_zh="单灯不亮")
SILENT = replace(COVER_OPEN, condition="device_silent", title_zh="设备失联")
BURST = Problem(
    type=CaseType.EVENT,
    scheme=SCHEME,
    class_code="0501",
    condition="supply_burst",
    title_zh="疑似爆管",
    title_en="Burst suspected",
)
PONDING = replace(BURST, class_code="0506", condition="road_ponding")
OUT_OF_AREA = replace(BURST, class_code="0195", condition="work_vehicle_out_of_area")

HIT = FilingRequest(
    rule="cover-opened",
    rule_version=1,
    rule_source="code: cover-opened\n",
    alarm_id=0,
    safety=True,
    kind=Hit.RAISED,
    files=COVER_OPEN,
    severity=Severity.MAJOR,
    device_id=COVER,
    quantity="tilt_deg",
    seq=1,
    at=NOON,
    measured_at=NOON - timedelta(seconds=2),
    value=60.0,
    threshold=30.0,
    lon=None,
    lat=None,
    reason_zh="倾角 60°",
    reason_en="tilt 60°",
)


async def build_town(connection: Connection) -> Snapshot:
    await connection.execute(_TOWN)
    return await load_snapshot(connection)


@dataclass(frozen=True, slots=True)
class Town:
    """The town's registry and the connections to its database."""

    pool: asyncpg.Pool
    snapshot: Snapshot

    async def hit(self, request: FilingRequest) -> Filed:
        """File one hit as the rules do: its alarm, the case, the commit."""
        (filed,) = await self.hits(request)
        return filed

    async def hits(
        self, *requests: FilingRequest, fix_of: FixOf = nowhere
    ) -> list[Filed]:
        """File several hits in one transaction, their alarms first."""
        async with self.pool.acquire() as connection, connection.transaction():
            stored = [await store_alarm(connection, each) for each in requests]
            return await file_cases(
                connection, stored, self.snapshot, time_zone=ZONE, fix_of=fix_of
            )


async def store_alarm(connection: Connection, request: FilingRequest) -> FilingRequest:
    """Store the alarm of a hit and return the hit with its id."""
    if request.kind is Hit.RAISED:
        alarm_id = await connection.fetchval(
            "INSERT INTO alarm (rule, rule_version, device_id, severity, raised_seq,"
            " raised_at, measured_at, value, threshold, reason_zh, reason_en)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            request.rule,
            request.rule_version,
            request.device_id,
            request.severity,
            request.seq,
            request.at,
            request.measured_at,
            request.value,
            request.threshold,
            request.reason_zh,
            request.reason_en,
        )
        return replace(request, alarm_id=alarm_id)
    alarm_id = await connection.fetchval(
        "SELECT id FROM alarm WHERE rule = $1 AND device_id = $2"
        " AND cleared_seq IS NULL ORDER BY id DESC LIMIT 1",
        request.rule,
        request.device_id,
    )
    if request.kind is Hit.CLEARED:
        await connection.execute(
            "UPDATE alarm SET cleared_seq = $2, cleared_at = $3 WHERE id = $1",
            alarm_id,
            request.seq,
            request.at,
        )
    return replace(request, alarm_id=alarm_id or 0)


def later(request: FilingRequest, seconds: float, **changes: object) -> FilingRequest:
    """Return the hit some seconds later, as another journal entry."""
    gone = timedelta(seconds=seconds)
    moved = replace(
        request,
        seq=request.seq + int(seconds),
        at=request.at + gone,
        measured_at=request.measured_at + gone,
    )
    return replace(moved, **changes)  # type: ignore[arg-type] # names of its own fields
