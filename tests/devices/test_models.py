from typing import Any

import asyncpg
import pytest
from tortoise.models import Model

from devices.registry import models
from devices.registry.changing import open_models, registry_change
from devices.registry.load import import_city
from devices.registry.snapshot import load_snapshot
from store.connection import Connection
from store.journal.entries import Kind, read
from tests.devices.conftest import NOON, SAMPLE_CITY

pytestmark = [pytest.mark.db, pytest.mark.editions]

MODELS = [
    models.Unit,
    models.GridCell,
    models.Component,
    models.Geofence,
    models.Vehicle,
    models.Profile,
    models.Gateway,
    models.LampProgramme,
    models.Device,
    models.Pipe,
    models.Series,
]

SQL_TYPES = {
    "INT": "integer",
    "TEXT": "text",
    "DOUBLE PRECISION": "double precision",
    "BOOL": "boolean",
    "DATE": "date",
    "JSONB": "jsonb",
    "TIMESTAMPTZ": "timestamp with time zone",
    "TEXT[]": "ARRAY",
}

COLUMNS = """
SELECT column_name, data_type, is_nullable = 'YES' AS nullable
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1
"""

FOREIGN_KEYS = """
SELECT a.attname::text AS column_name, c.confrelid::regclass::text AS target
FROM pg_constraint c JOIN pg_attribute a
    ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND c.conrelid = $1::text::regclass
"""

UNIQUE = """
SELECT array_agg(a.attname::text ORDER BY k.place) AS columns
FROM pg_constraint c
CROSS JOIN unnest(c.conkey) WITH ORDINALITY AS k (attnum, place)
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum
WHERE c.contype = 'u' AND c.conrelid = $1::text::regclass
GROUP BY c.oid
"""


def columns_of(model: dict[str, Any]) -> set[tuple[str, str, bool]]:
    columns = [model["pk_field"], *model["data_fields"]]
    return {(c["db_column"], SQL_TYPES[_type(c)], c["nullable"]) for c in columns}


def _type(column: dict[str, Any]) -> str:
    types = column["db_field_types"]
    return str(types.get("postgres", types[""]))


def foreign_keys_of(model: dict[str, Any]) -> set[tuple[str, str]]:
    tables = {f"registry.{m.__name__}": m.describe()["table"] for m in MODELS}
    return {(f["raw_field"], tables[f["python_type"]]) for f in model["fk_fields"]}


def unique_of(model: dict[str, Any]) -> set[tuple[str, ...]]:
    raw = {f["name"]: f["raw_field"] for f in model["fk_fields"]}
    return {tuple(raw.get(n, n) for n in names) for names in model["unique_together"]}


@pytest.mark.parametrize("model_class", MODELS, ids=lambda model: model.__name__)
async def test_models_are_the_migrated_schema(
    model_class: type[Model], database_url: str, pool: asyncpg.Pool
) -> None:
    async with open_models(database_url), pool.acquire() as connection:
        model = model_class.describe()
        table = model["table"]
        columns = {tuple(row) for row in await connection.fetch(COLUMNS, table)}
        assert columns_of(model) == columns
        keys = {tuple(row) for row in await connection.fetch(FOREIGN_KEYS, table)}
        assert foreign_keys_of(model) == keys
        unique = {
            tuple(columns) for (columns,) in await connection.fetch(UNIQUE, table)
        }
        assert unique_of(model) == unique


async def test_a_change_moves_the_version_and_is_journaled(
    database_url: str, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection, open_models(database_url):
        imported = await import_city(connection, SAMPLE_CITY, dry_run=False, at=NOON)
        async with registry_change(at=NOON):
            device = await models.Device.get(code="MH-0001").prefetch_related("gateway")
            device.retired_at = NOON
            await device.save()
        snapshot = await load_snapshot(connection)
        assert snapshot.version == imported.version_after + 1
        assert snapshot.device_id(device.gateway.code, device.address) is None
        entries = await read(connection, after=0, limit=10)
        assert [(e.kind, e.body) for e in entries] == [
            (Kind.REGISTRY, b'{"version":2}'),
            (Kind.REGISTRY, b'{"version":3}'),
        ]


async def test_a_retired_devices_successor_takes_over_its_address(
    database_url: str, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection, open_models(database_url):
        await import_city(connection, SAMPLE_CITY, dry_run=False, at=NOON)
        [facts] = await models.Device.filter(code="VT-0001").values(
            "profile_id", "gateway_id", "address", "vehicle_id"
        )
        with pytest.raises(asyncpg.PostgresError, match="device_gateway_id_address"):
            await insert_successor(connection, facts)
        async with registry_change(at=NOON):
            await models.Device.filter(code="VT-0001").update(retired_at=NOON)
        await insert_successor(connection, facts)


async def insert_successor(
    connection: Connection, facts: dict[str, int | str | None]
) -> None:
    await connection.execute(
        "INSERT INTO device (code, profile_id, gateway_id, address, vehicle_id) "
        "VALUES ('VT-9001', $1, $2, $3, $4)",
        *facts.values(),
    )


async def test_a_failed_change_changes_nothing(
    database_url: str, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection, open_models(database_url):
        await import_city(connection, SAMPLE_CITY, dry_run=False, at=NOON)
        with pytest.raises(RuntimeError):
            await retire_and_fail()
        assert (await load_snapshot(connection)).version == 2
        assert (await models.Device.get(code="MH-0001")).retired_at is None


async def retire_and_fail() -> None:
    async with registry_change(at=NOON):
        await models.Device.filter(code="MH-0001").update(retired_at=NOON)
        raise RuntimeError
