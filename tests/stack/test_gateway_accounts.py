"""Each registered MQTT gateway has an account of its own, and only its own."""

import json
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from gezhi.gateway_accounts import gateway_url, give_accounts, passwords_file
from gezhi.settings import Settings
from gezhi.stack.accounts import gateways_in
from gezhi.stack.broker import Broker
from gezhi.stack.home import open_home
from vocabulary.broker_user import INGEST


@pytest.mark.db
@pytest.mark.broker
async def test_a_gateway_called_as_ingest_is_has_no_account_and_stops_nobody(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = open_home(tmp_path / "home")
    connection = await asyncpg.connect(database_url)
    for code in ("GW-1", INGEST, "网关"):
        await connection.execute(
            "INSERT INTO gateway (code, transport, name_zh, name_en)"
            " VALUES ($1, 'mqtt', '网关', 'Gateway')",
            code,
        )
    await give_accounts(connection, home, Broker(home))
    await connection.close()
    assert list(gateways_in(home.secrets)) == ["GW-1"]
    for code in (INGEST, "网关"):
        assert f"gateway {code!r} gets no broker account" in caplog.text


@pytest.mark.parametrize(
    "place", ["broker", "broker:1884", "[::1]:1883"], ids=["name", "port", "IPv6"]
)
def test_a_gateways_address_is_the_brokers_with_its_own_account(
    tmp_path: Path, place: str
) -> None:
    home = open_home(tmp_path / "home")
    passwords_file(home).write_text(json.dumps({"GW-1": "word"}), "utf-8")
    settings = replace(
        Settings.from_environ({}),
        mqtt_url=f"mqtts://gezhi-ingest:secret@{place}",
        mqtt_passwords=str(passwords_file(home)),
    )
    assert gateway_url(settings, "GW-1") == f"mqtts://GW-1:word@{place}"
