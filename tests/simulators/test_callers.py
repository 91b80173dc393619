"""Hardware of the sample city that calls the platform: JT/T 808, SL 651, HJ 212."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from devices.registry.load import import_city
from gezhi.clock import utc_now
from gezhi.stack.broker import Broker
from simulators.run import simulate
from tests.ingest.test_serve import serving, until
from tests.ports import free_port
from tests.simulators.cities import sample_city_on_free_ports

pytestmark = [pytest.mark.db, pytest.mark.broker]

DRIVEN = """
SELECT count(DISTINCT d.code) = 4 FROM "position" p JOIN device d ON d.id = p.device_id
WHERE d.code IN ('VT-0013', 'VT-0014', 'VT-0015', 'VT-0016')
"""
MEASURED = """
SELECT count(DISTINCT s.quantity) = $2
FROM reading r JOIN series s ON s.id = r.series_id
JOIN device d ON d.id = s.device_id WHERE d.code = $1
"""


async def test_vehicles_that_log_in_and_stations_that_call_are_stored(
    database_url: str, own_broker: Broker, unique: str, tmp_path: Path
) -> None:
    folder = sample_city_on_free_ports(tmp_path / "city")
    connection = await asyncpg.connect(database_url)
    await import_city(connection, folder, dry_run=False, at=utc_now())
    ports = {name: free_port() for name in ("jt808", "sl651", "hj212")}
    listeners = {name: ("127.0.0.1", port) for name, port in ports.items()}
    async with (
        asyncio.timeout(300),
        serving(
            database_url,
            own_broker,
            unique,
            jt808_tcp_port=ports["jt808"],
            sl651_port=ports["sl651"],
            hj212_port=ports["hj212"],
        ),
        asyncio.TaskGroup() as tasks,
    ):
        played = tasks.create_task(
            simulate(
                folder,
                mqtt_url_of=lambda _: "mqtt://127.0.0.1:1",
                nmea=("127.0.0.1", 1),
                seed=7,
                incidents="none",
                clock=utc_now,
                jt808=listeners["jt808"],
                sl651=listeners["sl651"],
                hj212=listeners["hj212"],
            )
        )
        await until(database_url, DRIVEN)
        await until(database_url, MEASURED, "HS-0001", 2)
        await until(database_url, MEASURED, "OF-0001", 5)
        played.cancel()
    refused = "SELECT reason, detail FROM quarantine WHERE transport = ANY($1)"
    assert await connection.fetch(refused, list(ports)) == []
    await connection.close()
