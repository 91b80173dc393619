"""Changing one registered thing through its Tortoise model, and telling everybody.

Inside `open_models`, a `registry_change` holds the reading, changing and saving of
rows: others see all of them, a new version and the journal's entry, or nothing.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction

from store.journal import entries as journal
from store.journal.body import json_body
from store.registry.facts import lock_registry, move_version


@asynccontextmanager
async def open_models(dsn: str) -> AsyncIterator[None]:
    """Let the models of `devices.registry.models` use a database, with few connections.

    Args:
        dsn: The database; telemetry has a pool of its own, so that neither can starve
            the other.
    """
    url = dsn.replace("postgresql://", "postgres://", 1)  # the scheme Tortoise knows
    async with TortoiseContext() as context:
        await context.init(
            db_url=url, modules={"registry": ["devices.registry.models"]}
        )
        yield


@asynccontextmanager
async def registry_change(*, at: datetime) -> AsyncIterator[None]:
    """Make what is done inside one transaction that moves the registry's version.

    Args:
        at: The platform's time, for the journal.
    """
    async with in_transaction() as transaction:
        async with transaction.acquire_connection() as connection:
            await lock_registry(connection)
        yield
        async with transaction.acquire_connection() as connection:
            body = json_body({"version": await move_version(connection)})
            await journal.append(connection, journal.Kind.REGISTRY, body, at=at)
