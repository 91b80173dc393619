"""A small registry for the tests of ingest."""

from collections.abc import Sequence

import asyncpg

from devices.registry.snapshot import Snapshot, load_snapshot
from store.registry.facts import lock_registry, move_version

COVER = ("tilt_deg", "battery_pct")
VEHICLE: tuple[str, ...] = ()


async def register(
    dsn: str,
    gateway: str,
    devices: Sequence[str],
    *,
    quantities: Sequence[str] = COVER,
    transport: str = "mqtt",
    simulated: bool = False,
) -> None:
    """Register devices below a gateway; their quantities make their series."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await lock_registry(connection)
        profile_id = await connection.fetchval(
            "INSERT INTO profile (code, kind, name_zh, name_en, quantities,"
            " expected_interval_s) VALUES ($1, 'cover', '井盖', 'cover', $2, 10)"
            " RETURNING id",
            f"profile of {gateway}",
            list(quantities),
        )
        gateway_id = await connection.fetchval(
            "INSERT INTO gateway (code, transport, name_zh, name_en, host, port)"
            " VALUES ($1, $2, '网关', 'gateway', '127.0.0.1', 1) RETURNING id",
            gateway,
            transport,
        )
        for device in devices:
            device_id = await connection.fetchval(
                "INSERT INTO device (code, profile_id, gateway_id, address, simulated)"
                " VALUES ($1, $2, $3, $4, $5) RETURNING id",
                f"{gateway} {device}",
                profile_id,
                gateway_id,
                device,
                simulated,
            )
            await connection.executemany(
                "INSERT INTO series (device_id, quantity) VALUES ($1, $2)",
                [(device_id, quantity) for quantity in quantities],
            )
        await move_version(connection)
    await connection.close()


async def snapshot_of(dsn: str) -> Snapshot:
    """Return the registry as it is now."""
    connection = await asyncpg.connect(dsn)
    try:
        return await load_snapshot(connection)
    finally:
        await connection.close()
