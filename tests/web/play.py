"""The sample city played into the database: no wire, no rules, only what they leave.

Readings and positions go through the store's writer, so the journal, the last values
and the live stream are real; cases are filed as the rules would have them filed.
"""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import numpy as np

import simulators
from cases.filing import file_cases
from cases.request import FilingRequest, Hit
from devices.registry.load import import_city
from devices.registry.snapshot import Snapshot, load_snapshot
from store.telemetry.batch import Batch, Writer
from tests.web.streets import streets
from tests.web.troubles import TROUBLES, Trouble
from vocabulary.device import Device, DeviceKind
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

SAMPLE_CITY = Path(simulators.__file__).parent / "sample_city"

USUAL: dict[str, float] = {
    "tilt_deg": 1.4,
    "battery_pct": 87,
    "pressure_kpa": 312,
    "depth_mm": 4,
    "power_w": 98,
    "voltage_v": 229,
    "contactor_on": 1,
    "dimming_pct": 100,
    "temperature_c": 24,
    "battery_v": 3.6,
    "rssi_dbm": -71,
    "current_a": 21,
    "energy_kwh": 1043,
    "leakage_ma": 12,
}
"""What a healthy device says; quantities that are not here say 0."""

SILENT = frozenset({"MH-0031", "MH-0064", "LP-0209", "LP-0210", "PR-0017"})
"""Devices that say nothing: unknown, neither well nor ill."""

BEFORE = timedelta(minutes=30)
"""How much of each series is put in before now."""

DRIVE = timedelta(minutes=60)
"""How much of each vehicle's day is put in before now."""

TUNNEL = (timedelta(minutes=40), timedelta(minutes=32))
"""From when to when, before now, no vehicle is heard."""

ZONE = "Asia/Shanghai"


class Play:
    """The city over one connection.

    Args:
        connection: Of a migrated database.
        troubles: What is wrong in it.
    """

    def __init__(
        self, connection: asyncpg.Connection, troubles: tuple[Trouble, ...] = TROUBLES
    ) -> None:
        self._connection = connection
        self._troubles = {trouble.device: trouble for trouble in troubles}
        self._writer = Writer()
        self._snapshot = Snapshot(version=0)
        self._streets = streets(SAMPLE_CITY / "basemap.geojson")

    async def begin(self, now: datetime) -> None:
        """Import the city and put in what has happened until now."""
        await import_city(self._connection, SAMPLE_CITY, dry_run=False, at=now)
        self._snapshot = await load_snapshot(self._connection)
        for at in _instants(now - BEFORE, now, step_s=60):
            await self._write(self._readings(at, now), Positions.empty(), at)
        driven = list(_instants(now - DRIVE, now, step_s=3))
        for start in range(0, len(driven), 200):
            times = driven[start : start + 200]
            heard = [at for at in times if not now - TUNNEL[0] < at < now - TUNNEL[1]]
            if heard:
                await self._write(Readings.empty(), self._positions(heard), heard[-1])
        for trouble in self._troubles.values():
            await self.trouble(trouble, now - timedelta(seconds=trouble.age_s))

    async def step(self, now: datetime) -> None:
        """Let every device say what it has to say now."""
        await self._write(self._readings(now, now), self._positions([now]), now)

    async def trouble(self, trouble: Trouble, at: datetime) -> None:
        """File the case of a trouble, as the rules would."""
        device = self._device(trouble.device)
        alarm_id: int = await self._connection.fetchval(
            "INSERT INTO alarm (rule, rule_version, device_id, severity, raised_seq,"
            " raised_at, measured_at, value, threshold, reason_zh, reason_en)"
            " VALUES ($1, 1, $2, $3, 1, $4, $4, $5, $6, $7, $8) RETURNING id",
            trouble.rule,
            device.id,
            trouble.severity,
            at,
            trouble.value,
            trouble.threshold,
            *trouble.reason,
        )
        request = _request(trouble, device, alarm_id, at, place=self._place(device, at))
        async with self._connection.transaction():
            await file_cases(
                self._connection, [request], self._snapshot, time_zone=ZONE
            )

    def _place(self, device: Device, at: datetime) -> tuple[float, float] | None:
        vehicles = self._vehicles()
        if device not in vehicles:
            return None
        number = vehicles.index(device)
        lon, lat, _, _ = self._streets[number % len(self._streets)].place(at, number)
        return lon, lat

    def _device(self, code: str) -> Device:
        return next(d for d in self._snapshot.devices.values() if d.code == code)

    async def _write(
        self, readings: Readings, positions: Positions, at: datetime
    ) -> None:
        batch = Batch(readings, positions, [], at)
        await self._writer.write(self._connection, batch)

    def _readings(self, at: datetime, now: datetime) -> Readings:
        said = [
            (
                series_id,
                self._value(self._snapshot.devices[device_id], quantity, at, now),
            )
            for series_id, (device_id, quantity) in self._snapshot.series.items()
            if self._snapshot.devices[device_id].code not in SILENT
        ]
        count = len(said)
        at_us = us_from_datetime(at)
        return Readings(
            np.array([series_id for series_id, _ in said], np.int32),
            np.full(count, at_us, np.int64),
            np.array([value for _, value in said]),
            np.full(count, 128, np.int32),
            np.full(count, at_us, np.int64),
        )

    def _value(
        self, device: Device, quantity: str, at: datetime, now: datetime
    ) -> float:
        usual = USUAL.get(quantity, 0.0)
        wobble = math.sin(at.timestamp() / 97 + device.id) * 0.02 * usual
        trouble = self._troubles.get(device.code)
        if trouble is None or trouble.quantity != quantity:
            return round(usual + wobble, 2)
        since_s = (at - now).total_seconds() + trouble.age_s
        if trouble.ramp:
            share = min(max((since_s + 900) / 900, 0), 1.15)
            return round(usual + (trouble.value - usual) * share, 1)
        return trouble.value if since_s >= 0 else round(usual + wobble, 2)

    def _positions(self, times: list[datetime]) -> Positions:
        rows = [
            (
                device.id,
                at,
                *self._streets[number % len(self._streets)].place(at, number),
            )
            for at in times
            for number, device in enumerate(self._vehicles())
        ]
        count = len(rows)
        at_us = np.array([us_from_datetime(row[1]) for row in rows], np.int64)
        return Positions(
            device_id=np.array([row[0] for row in rows], np.int32),
            fixed_us=at_us,
            lon_e7=np.array([round(row[2] * 1e7) for row in rows], np.int32),
            lat_e7=np.array([round(row[3] * 1e7) for row in rows], np.int32),
            speed_kmh=np.array([row[4] for row in rows], np.float32),
            course_deg=np.array([row[5] for row in rows], np.float32),
            altitude_m=np.full(count, np.nan, np.float32),
            satellites=np.full(count, 11, np.int16),
            hdop=np.full(count, 0.8, np.float32),
            inputs=np.ones(count, np.int32),
            quality=np.full(count, 128, np.int32),
            received_us=at_us,
        )

    def _vehicles(self) -> list[Device]:
        return sorted(
            (
                d
                for d in self._snapshot.devices.values()
                if d.kind is DeviceKind.VEHICLE
            ),
            key=lambda device: device.code,
        )


def _instants(start: datetime, end: datetime, *, step_s: float) -> Iterator[datetime]:
    for number in range(int((end - start).total_seconds() // step_s)):
        yield start + timedelta(seconds=number * step_s)


def _request(
    trouble: Trouble,
    device: Device,
    alarm_id: int,
    at: datetime,
    *,
    place: tuple[float, float] | None,
) -> FilingRequest:
    return FilingRequest(
        rule=trouble.rule,
        rule_version=1,
        rule_source=f"code: {trouble.rule}\n",
        alarm_id=alarm_id,
        safety=False,
        kind=Hit.RAISED,
        files=trouble.files,
        severity=trouble.severity,
        device_id=device.id,
        quantity=trouble.quantity or None,
        seq=1,
        at=at,
        measured_at=at,
        value=trouble.value,
        threshold=trouble.threshold,
        lon=place[0] if place else None,
        lat=place[1] if place else None,
        reason_zh=trouble.reason[0],
        reason_en=trouble.reason[1],
    )
