"""Gateways on a serial line of ours."""

from pathlib import Path

import asyncpg
import pytest

from devices.registry.load import import_city
from devices.registry.snapshot import load_snapshot
from tests.devices.conftest import NOON
from vocabulary.device import Transport

pytestmark = pytest.mark.db

HEAD = "code,name_zh,name_en,transport,host,port,line\n"


@pytest.fixture
def part(city: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "part"
    folder.mkdir()
    (folder / "city.toml").write_bytes((city / "city.toml").read_bytes())
    return folder


async def test_a_serial_line_is_imported_with_its_setting(
    pool: asyncpg.Pool, part: Path
) -> None:
    row = "BUS,总线,bus,modbus_rtu,/dev/serial/by-path/pci-0:1.0,,9600  8E1\n"
    (part / "gateways.csv").write_text(HEAD + row, "utf-8")
    async with pool.acquire() as connection:
        result = await import_city(connection, part, dry_run=False, at=NOON)
        assert not result.is_refused
        snapshot = await load_snapshot(connection)
        again = await import_city(connection, part, dry_run=False, at=NOON)
    bus = snapshot.gateways["BUS"]
    assert bus.transport is Transport.MODBUS_RTU
    assert (bus.host, bus.port) == ("/dev/serial/by-path/pci-0:1.0", 0)
    assert bus.line == "9600 8E1"
    assert again.version_after == again.version_before


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ("modbus_rtu,,,9600 8N1", "host", "is empty"),
        ("modbus_rtu,/dev/ttyS0,502,9600 8N1", "port", "a serial line has none"),
        ("modbus_rtu,/dev/ttyS0,,", "line", "no line such as 9600 8N1"),
        ("modbus_rtu,/dev/ttyS0,,9601 8N1", "line", "no line such as 9600 8N1"),
        ("modbus_rtu,/dev/ttyS0,,9600 7E1", "line", "8 data bits"),
        ("modbus_rtu,socket://10.0.0.1:5,,9600 8N1", "host", "no serial device"),
        ("modbus_rtu,/dev/x://y,,9600 8N1", "host", "no serial device"),
        ("modbus_tcp,10.0.0.1,502,9600 8N1", "line", "is for modbus_rtu"),
        ("mqtt,,,9600 8N1", "line", "is for modbus_rtu"),
    ],
)
async def test_a_wrong_serial_line_is_refused(
    pool: asyncpg.Pool, part: Path, row: str, column: str, said: str
) -> None:
    (part / "gateways.csv").write_text(f"{HEAD}BUS,总线,bus,{row}\n", "utf-8")
    async with pool.acquire() as connection:
        result = await import_city(connection, part, dry_run=False, at=NOON)
    (problem,) = result.problems
    assert problem.column == column
    assert said in problem.message
