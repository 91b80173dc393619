"""Gateways of other people's MQTT formats, and profiles that read them."""

from pathlib import Path

import asyncpg
import pytest

from devices.registry.import_result import ImportResult
from devices.registry.load import import_city
from devices.registry.snapshot import load_snapshot
from tests.devices.conftest import NOON
from vocabulary.device import Format

pytestmark = pytest.mark.db

GATEWAYS = "code,name_zh,name_en,transport,host,port,simulated,format,native_topics"
PROFILES = (
    "code,kind,name_zh,name_en,quantities,expected_interval_s,payload_codec,aliases"
)


@pytest.fixture
def part(city: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "part"
    folder.mkdir()
    (folder / "city.toml").write_bytes((city / "city.toml").read_bytes())
    return folder


async def take(pool: asyncpg.Pool, folder: Path, *gateways: str) -> ImportResult:
    text = "".join(f"{line}\n" for line in [GATEWAYS, *gateways])
    (folder / "gateways.csv").write_text(text, "utf-8")
    async with pool.acquire() as connection:
        return await import_city(connection, folder, dry_run=False, at=NOON)


def gateway(code: str, rest: str, transport: str = "mqtt") -> str:
    return f"{code},网关,gateway,{transport},,,false,{rest}"


def messages(result: ImportResult) -> list[tuple[str, str]]:
    return [(problem.column, problem.message) for problem in result.problems]


async def test_what_a_gateway_speaks_is_imported_and_stays(
    pool: asyncpg.Pool, part: Path
) -> None:
    lines = [
        gateway("CS", "chirpstack4,true"),
        gateway("TB", "thingsboard,true"),
        gateway("TB-2", "thingsboard,false"),
        gateway("SP-1", "sparkplug,true"),
        gateway("SP-2", "sparkplug,true"),
        gateway("OWN", ",false"),
    ]
    assert not (await take(pool, part, *lines)).is_refused
    again = await take(pool, part, *lines)
    assert again.version_after == again.version_before
    async with pool.acquire() as connection:
        snapshot = await load_snapshot(connection)
    formats = {g.code: (g.format, g.native_topics) for g in snapshot.gateways.values()}
    assert formats == {
        "CS": (Format.CHIRPSTACK4, True),
        "TB": (Format.THINGSBOARD, True),
        "TB-2": (Format.THINGSBOARD, False),
        "SP-1": (Format.SPARKPLUG, True),
        "SP-2": (Format.SPARKPLUG, True),
        "OWN": (Format.GEZHI, False),
    }


async def test_an_nmea_gateway_may_have_a_port_of_its_own_and_no_other_caller(
    pool: asyncpg.Pool, part: Path
) -> None:
    own = "SW-1,网关,gateway,nmea,,5011,false,,"
    assert not (await take(pool, part, own)).is_refused
    async with pool.acquire() as connection:
        snapshot = await load_snapshot(connection)
    assert snapshot.gateways["SW-1"].port == 5011
    refused = await take(pool, part, "JT-1,网关,gateway,jt808,,5011,false,,")
    wanted = ("port", "a jt808 gateway calls us; leave it empty")
    assert messages(refused) == [wanted]


@pytest.mark.parametrize(
    ("lines", "column", "word"),
    [
        ([gateway("A", "chirpstak4,")], "format", "did you mean chirpstack4?"),
        ([gateway("A", "senml,", "nmea")], "format", "a nmea one has none"),
        ([gateway("A", "senml,true")], "native_topics", "no topics but ours"),
        ([gateway("A", ",true")], "native_topics", "no topics but ours"),
        (
            [gateway("A", "chirpstack4,true"), gateway("B", "chirpstack3,true")],
            "native_topics",
            "the topics of chirpstack are A's already",
        ),
    ],
)
async def test_what_cannot_be_is_refused(
    pool: asyncpg.Pool, part: Path, lines: list[str], column: str, word: str
) -> None:
    ((found, message),) = messages(await take(pool, part, *lines))
    assert found == column
    assert word in message


async def test_native_topics_may_pass_from_one_gateway_to_another(
    pool: asyncpg.Pool, part: Path
) -> None:
    first = [gateway("A", "ttn3,true"), gateway("B", "ttn3,false")]
    then = [gateway("A", "ttn3,false"), gateway("B", "ttn3,true")]
    assert not (await take(pool, part, *first)).is_refused
    assert not (await take(pool, part, *reversed(then))).is_refused


async def test_a_profile_says_how_payloads_and_names_are_read(
    pool: asyncpg.Pool, part: Path
) -> None:
    profile = "gauge-x,gauge,水尺,gauge,depth_mm,600,em500-udl,"
    path = part / "profiles.csv"
    path.write_text(f"{PROFILES}\n{profile}level=deep\n", "utf-8")
    ((column, message),) = messages(await take(pool, part))
    assert (column, "'deep'" in message) == ("aliases", True)
    path.write_text(f"{PROFILES}\n{profile} level=depth_mm*10  a=rain_mm \n", "utf-8")
    assert not (await take(pool, part)).is_refused
    row = await pool.fetchrow("SELECT payload_codec, aliases FROM profile")
    assert tuple(row or ()) == ("em500-udl", "level=depth_mm*10 a=rain_mm")
