from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from devices.registry.import_result import ImportResult, Outcome, Problem
from devices.registry.load import import_city
from tests.devices.conftest import NOON

pytestmark = [pytest.mark.db, pytest.mark.editions]

Edit = Callable[[str, str, str], int]


async def take(pool: asyncpg.Pool, folder: Path) -> ImportResult:
    async with pool.acquire() as connection:
        return await import_city(connection, folder, dry_run=False, at=NOON)


# File, what stands in it, the mistake; column and words of the message.
MISTAKES = [
    ("units.csv", "gas,utility", "gas,utilty", "kind", "did you mean utility?"),
    ("units.csv", "gas,utility,格州市燃气公司", "gas,utility,", "name_zh", "is empty"),
    ("units.csv", "heating,", "power,", "code", "'power' is in line 13 too"),
    ("units.csv", "gas,utility", "gas,too,utility", "", "5 fields under 4 columns"),
    ("units.csv", "code,kind", "code,sort", "sort", "no such column"),
    ("units.csv", "code,kind", "code,kinds", "kinds", "did you mean kind?"),
    ("units.csv", "code,kind", "code,kinds", "", "columns are missing: kind"),
    ("units.csv", "code,kind", "code,code", "code", "the column is there twice"),
    ("units.csv", "gas,utility,格", 'gas,utility,"格', "", "the CSV breaks off"),
    (
        "vehicles.csv",
        "sanitation,AREA-S01",
        "sanitatoin,AREA-S01",
        "unit",
        "units.csv nor in the registry; did you mean sanitation?",
    ),
    ("vehicles.csv", "AREA-S01,40.0", "AREA-S01,fast", "speed_limit_kmh", "no number"),
    ("vehicles.csv", "AREA-S01,40.0", "AREA-S01,-4", "speed_limit_kmh", "1 to 200"),
    (
        "components.csv",
        "9901020137000001,gbt30428.2-2013,0137",
        "9.90102E+15,gbt30428.2-2013,0137",
        "code",
        "format the column as text",
    ),
    (
        "components.csv",
        "9901020137000001,gbt30428.2-2013,0137",
        "9901020137000001,gbt30428.2-2013,0118",
        "class_code",
        "is 0118, but digits 7 to 10 of the code say 0137",
    ),
    (
        "components.csv",
        "9901020137000001,gbt30428.2-2013,0137",
        "1408020137000001,gbt30428.2-2013,0137",
        "code",
        "does not begin with the city's 990102",
    ),
    (
        "devices.csv",
        "platform-disk,self",
        "gauge-simulated,self",
        "gateway",
        "is for a gauge, none of our own",
    ),
    ("profiles.csv", "depth_mm rain_mm", "depth_mm rain", "quantities", "rain_mm?"),
    ("profiles.csv", "energy_kwh,5", "energy_kwh,0", "expected_interval_s", "0.01 to"),
    (
        "profiles.csv",
        "terminal,,3,0,,",
        "terminal,,3,0,Gezhou,",
        "time_zone",
        "no zone",
    ),
    ("gateways.csv", "127.0.0.1,15021", "127.0.0.1,", "port", "is polled there"),
    ("gateways.csv", "127.0.0.1,15021", "127.0.0.1,99999", "port", "1 to 65535"),
    ("gateways.csv", "gateway,,,true", "gateway,here,,true", "host", "calls us"),
    ("devices.csv", "RTU-1,2,", "RTU-1,1,", "address", "'1' of gateway RTU-1"),
    (
        "devices.csv",
        "GW-GAUGE-1,PD-0006,",
        "GW-GAUGE-2,PD-0006,",
        "gateway",
        "did you mean GW-GAUGE-1?",
    ),
    (
        "devices.csv",
        "nmea,VT-0002,,格A002H2",
        "nmea,VT-0002,,格A001H1",
        "vehicle",
        "格A001H1 is already VT-0001's",
    ),
    ("devices.csv", "VT-0002,,格A002H2", "VT-0002,,", "vehicle", "is empty; profile"),
    ("devices.csv", "VT-0002,,格A002H2,", "VT-0002,,格A002H2,,1", "", "14 fields"),
    (
        "geofences.geojson",
        '"code":"AREA-S01"',
        '"codes":"AREA-S01"',
        "code",
        "is empty",
    ),
    (
        "geofences.geojson",
        '"code":"AREA-S02"',
        '"code":"AREA-S01"',
        "code",
        "line 2 too",
    ),
    ("units.csv", "utility,格州市燃", "utility,格州\0市燃", "name_zh", "holds U+0000;"),
    ("units.csv", "gas,utility", "g\x1bas,utility", "code", "holds U+001B;"),
    (
        "units.csv",
        "utility,格州市燃气公司",
        'utility,"格州市\n燃气公司"',
        "name_zh",
        "holds U+000A;",
    ),
    ("devices.csv", "RTU-1,2,", "RTU-1,\x002,", "address", "holds U+0000;"),
    ("devices.csv", "RTU-1,2,", "RTU\0-1,2,", "gateway", "holds U+0000;"),
    (
        "geofences.geojson",
        '"code":"AREA-S02"',
        '"code":"AREA\\ud800"',
        "code",
        "holds U+D800;",
    ),
    (
        "gateways.csv",
        "GW-COVER-1,mqtt",
        "井盖网关,mqtt",
        "code",
        "cannot be its user name on the broker: 1 to 64 letters, digits,",
    ),
    ("gateways.csv", "GW-COVER-1,mqtt", "GW/1,mqtt", "code", "'GW/1' cannot be"),
    ("gateways.csv", "GW-COVER-1,mqtt", "gezhi-ingest,mqtt", "code", "ingest's own"),
    ("city.toml", '"Gezhou"', '"Gezhou\\u0000"', "name_en", "holds U+0000;"),
    ("city.toml", '"990102"', '"99010"', "county", "a county code is 6 digits"),
    ("city.toml", "Asia/Shanghai", "Asia/Gezhou", "time_zone", "like Asia/Shanghai"),
    ("city.toml", "county =", "country =", "", "must have texts name_zh"),
]


@pytest.mark.parametrize(
    ("file", "before", "after", "column", "words"),
    MISTAKES,
    ids=[f"{file}-{words}" for file, *_, words in MISTAKES],
)
async def test_a_mistake_is_told_at_its_place(
    *,
    pool: asyncpg.Pool,
    city: Path,
    edit: Edit,
    file: str,
    before: str,
    after: str,
    column: str,
    words: str,
) -> None:
    edited = edit(file, before, after)
    line = 0 if file == "city.toml" else edited
    result = await take(pool, city)
    told = [
        p for p in result.problems if (p.file, p.line, p.column) == (file, line, column)
    ]
    assert any(words in problem.message for problem in told), result.problems
    assert await units_in(pool) == 0


async def units_in(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM unit"))


async def test_all_mistakes_are_told_at_once_and_nothing_is_written(
    pool: asyncpg.Pool, city: Path, edit: Edit
) -> None:
    places = [
        ("units.csv", edit("units.csv", "gas,utility", "gas,utilty"), "kind"),
        (
            "vehicles.csv",
            edit("vehicles.csv", "S01,40.0", "S01,fast"),
            "speed_limit_kmh",
        ),
        ("devices.csv", edit("devices.csv", "RTU-1,2,", "RTU-1,1,"), "address"),
        (
            "devices.csv",
            edit("devices.csv", "VT-0002,,格A002H2", "VT-0002,,"),
            "vehicle",
        ),
    ]
    result = await take(pool, city)
    assert [(p.file, p.line, p.column) for p in result.problems] == places
    wrong = [(r.file, r.line) for r in result.rows if r.outcome is Outcome.ERROR]
    assert wrong == [(file, line) for file, line, _ in places]
    assert result.version_after == result.version_before
    assert await units_in(pool) == 0


async def test_a_line_with_a_mistake_is_no_reason_to_doubt_those_that_name_it(
    pool: asyncpg.Pool, city: Path, edit: Edit
) -> None:
    edit("units.csv", "lighting,department", "lighting,departement")
    result = await take(pool, city)
    assert [problem.column for problem in result.problems] == ["kind"]


async def test_a_point_in_no_cell_is_told_the_nearest(
    pool: asyncpg.Pool, city: Path, edit: Edit
) -> None:
    lon, lat = place_of(city, "9901020123000001")
    line = edit("components.csv", f"{lon},{lat}", "111.0,35.05")
    (problem,) = (await take(pool, city)).problems
    assert (problem.file, problem.line, problem.column) == (
        "components.csv",
        line,
        "lon",
    )
    assert "(111.0, 35.05) lies in no cell; the nearest, 990102" in problem.message


async def test_swapped_coordinates_are_recognised(
    pool: asyncpg.Pool, city: Path, edit: Edit
) -> None:
    folder = city / "cells.geojson"
    assert folder.exists()
    lon, lat = place_of(city, "9901020123000001")
    edit("components.csv", f"{lon},{lat}", f"{lat},{lat}")
    (problem,) = (await take(pool, city)).problems
    assert "km away" in problem.message


def place_of(city: Path, component: str) -> tuple[str, str]:
    lines = (city / "components.csv").read_text("utf-8").splitlines()
    line = next(line for line in lines if line.startswith(component))
    fields = line.split(",")
    at = next(i for i, field in enumerate(fields) if field.startswith(("110.", "111.")))
    return fields[at], fields[at + 1]


async def test_a_component_far_from_the_cell_it_names_is_refused(
    pool: asyncpg.Pool, city: Path, edit: Edit
) -> None:
    lon, lat = place_of(city, "9901020123000001")
    edit("components.csv", f"{lon},{lat},,", f"{lon},{lat},990102001001001,")
    (problem,) = (await take(pool, city)).problems
    assert problem.column == "cell"
    assert "leave it empty to take the cell the point lies in" in problem.message


async def test_a_device_far_from_its_component_is_refused(
    pool: asyncpg.Pool, city: Path, edit: Edit
) -> None:
    edit("devices.csv", "9901020207000001,,,,,", "9901020207000001,,,111.0,35.02,")
    (problem,) = (await take(pool, city)).problems
    assert problem.column == "lon"
    assert "the component's surveyed place is taken" in problem.message


async def test_a_device_on_nothing_needs_a_place(
    pool: asyncpg.Pool, city: Path, edit: Edit
) -> None:
    edit("devices.csv", "PD-0001,9901020207000001,", "PD-0001,,")
    (problem,) = (await take(pool, city)).problems
    assert (problem.column, problem.message[:8]) == ("lon", "is empty")


async def test_cells_may_not_share_ground(pool: asyncpg.Pool, city: Path) -> None:
    cells = city / "cells.geojson"
    first, second, *rest = cells.read_text("utf-8").splitlines()[1:-1]
    ground = second[second.index('"geometry"') :]
    copied = first[: first.index('"geometry"')] + ground
    write_features(cells, [copied, second, *rest])
    problems = (await take(pool, city)).problems
    assert ("cells.geojson", 3, "geometry") in [
        (problem.file, problem.line, problem.column) for problem in problems
    ]
    assert any("overlaps cell 990102001001001 by" in p.message for p in problems)


async def test_a_cell_that_crosses_itself_is_refused_and_nobody_inside_is_blamed(
    pool: asyncpg.Pool, city: Path
) -> None:
    cells = city / "cells.geojson"
    first, *rest = cells.read_text("utf-8").splitlines()[1:-1]
    bow = "[[[111.0,35.0],[111.01,35.01],[111.01,35.0],[111.0,35.01],[111.0,35.0]]]}},"
    write_features(cells, [first[: first.index("[[[")] + bow, *rest])
    (problem,) = (await take(pool, city)).problems
    assert problem.line == 2
    assert "is not valid: Self-intersection" in problem.message


def write_features(path: Path, lines: list[str]) -> None:
    text = "\n".join(['{"type":"FeatureCollection","features":[', *lines, "]}", ""])
    path.write_text(text, "utf-8")


async def test_a_modbus_device_needs_a_register_map(
    pool: asyncpg.Pool, city: Path, edit: Edit
) -> None:
    edit("profiles.csv", "wgs84,pressure_rtu", "wgs84,")
    problems = (await take(pool, city)).problems
    assert len(problems) == 24
    assert {(p.file, p.column) for p in problems} == {("devices.csv", "profile")}


async def test_what_hangs_from_itself_is_refused(
    pool: asyncpg.Pool, city: Path, edit: Edit
) -> None:
    edit("devices.csv", "9901020128000001,,,", "9901020128000001,,LP-0001,")
    problems = (await take(pool, city)).problems
    assert [str(problem) for problem in problems] == [
        "devices.csv:2: upstream: hangs from itself: CB-0001 > LP-0001 > CB-0001",
        "devices.csv:3: upstream: hangs from itself: LP-0001 > CB-0001 > LP-0001",
    ]


async def test_text_that_is_not_utf8_is_told(pool: asyncpg.Pool, city: Path) -> None:
    text = (city / "vehicles.csv").read_text("utf-8")
    (city / "vehicles.csv").write_bytes(text.encode("gb18030"))
    result = await take(pool, city)
    assert result.problems[0] == Problem(
        "vehicles.csv", 0, "", "octet 52 is not UTF-8; save the file as UTF-8"
    )


async def test_a_spreadsheets_byte_order_mark_and_line_ends_do_no_harm(
    pool: asyncpg.Pool, city: Path
) -> None:
    text = (city / "units.csv").read_text("utf-8")
    with_mark = "\ufeff" + text.replace("\n", "\r\n")
    (city / "units.csv").write_bytes(with_mark.encode())
    assert not (await take(pool, city)).is_refused


async def test_a_folder_without_city_toml_is_no_city(
    pool: asyncpg.Pool, tmp_path: Path
) -> None:
    (problem,) = (await take(pool, tmp_path)).problems
    assert problem.file == "city.toml"
    assert "is this a city's folder?" in problem.message
