"""Lamp programmes of a city's folder: read, checked all at once, and inherited."""

from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

import simulators
from devices.registry.import_result import ImportResult
from devices.registry.load import import_city
from devices.registry.snapshot import load_snapshot
from rules.plan.subject import subjects_of
from vocabulary.lighting import LampProgramme, NightStep, StepsError, steps_of

pytestmark = pytest.mark.db

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
CITY = Path(simulators.__file__).parent / "sample_city"
HEADER = "code,name_zh,name_en,on_below_deg,off_above_deg,margin_s,steps"
HALF_NIGHT = "half,半夜灯,half night,-2,-2.5,600,22:30=50 01:00=0"


@pytest.fixture
async def part(pool: asyncpg.Pool, tmp_path: Path) -> Path:
    async with pool.acquire() as connection:
        result = await import_city(connection, CITY, dry_run=False, at=NOON)
    assert not result.is_refused
    (tmp_path / "city.toml").write_bytes((CITY / "city.toml").read_bytes())
    return tmp_path


async def take(
    pool: asyncpg.Pool, folder: Path, programmes: list[str], devices: list[str]
) -> ImportResult:
    text = "".join(f"{line}\n" for line in [HEADER, *programmes])
    (folder / "programmes.csv").write_text(text, "utf-8")
    head = "code,profile,gateway,address,component,upstream,programme,rated_w"
    text = "".join(f"{line}\n" for line in [head, *devices])
    (folder / "devices.csv").write_text(text, "utf-8")
    async with pool.acquire() as connection:
        return await import_city(connection, folder, dry_run=False, at=NOON)


def cabinet(programme: str) -> str:
    return f"CB-0001,cabinet-simulated,CAB-1,1,9901020128000001,,{programme},"


def lamp(programme: str, rated_w: str = "120") -> str:
    return (
        "LP-0001,lamp-simulated,CAB-1,1/lamp/01,9901020137000001,CB-0001,"
        f"{programme},{rated_w}"
    )


async def test_lamps_without_a_programme_have_their_cabinets(
    pool: asyncpg.Pool, part: Path
) -> None:
    dark = "never,从不,never,-18,-18,0,12:00=0"
    assert not (
        await take(pool, part, [HALF_NIGHT, dark], [cabinet("half"), lamp("never")])
    ).is_refused
    async with pool.acquire() as connection:
        snapshot = await load_snapshot(connection)
    assert snapshot.programmes["half"] == LampProgramme(
        code="half",
        on_below_deg=-2,
        off_above_deg=-2.5,
        margin_s=600,
        steps=(NightStep(minute=1350, level_pct=50), NightStep(minute=60, level_pct=0)),
    )
    subjects = {subject.code: subject for subject in subjects_of(snapshot)}
    assert subjects["LP-0001"].programme == "never"
    assert subjects["LP-0001"].rated_w == 120
    assert subjects["LP-0002"].programme == "half"
    assert subjects["CB-0001"].programme == "half"


async def test_the_same_programmes_again_change_nothing(
    pool: asyncpg.Pool, part: Path
) -> None:
    lines = ([HALF_NIGHT], [cabinet("half"), lamp("")])
    await take(pool, part, *lines)
    again = await take(pool, part, *lines)
    assert not again.is_refused
    assert again.version_after == again.version_before


async def test_everything_wrong_with_programmes_is_told_at_once(
    pool: asyncpg.Pool, part: Path
) -> None:
    programmes = [
        "a,甲,a,91,-2,600,",
        "b,乙,b,-2,-2,600,22:30",
        "c,丙,c,-2,-2,600,01:00=0 22:30=50",
    ]
    cover = "MH-0001,cover-simulated,GW-COVER-1,MH-0001,,,half,5"
    devices = [cabinet("hlaf"), lamp("half", "9000"), cover]
    result = await take(pool, part, [*programmes, HALF_NIGHT], devices)
    assert result.is_refused
    told = [str(problem) for problem in result.problems]
    for words in (
        "programmes.csv:2: on_below_deg: 91 is not from -18 to 90",
        "'22:30' is no step; write it like 22:30=50",
        "is not in the order of one night, noon to noon",
        "'hlaf' is neither in programmes.csv nor in the registry; did you mean half?",
        "rated_w: 9000 is not from 1 to 5000",
        "is for a cover, which lights nothing",
    ):
        assert any(words in line for line in told), (words, told)


@pytest.mark.parametrize("text", ["25:00=1", "1:00=1", "22:00=101", "22:00=1 22:00=2"])
def test_steps_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(StepsError):
        steps_of(text)
