"""What several of the tests of ingest start from."""

import pytest

from devices.registry.snapshot import Snapshot
from tests.ingest.jt808_line import ADDRESS
from tests.ingest.registry import register, snapshot_of


@pytest.fixture
async def snapshot(database_url: str) -> Snapshot:
    await register(database_url, "VEHICLES", [ADDRESS], transport="jt808")
    return await snapshot_of(database_url)
