"""A town of five devices, and journal entries said in seconds and plain numbers."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

import rules
from rules.learned import EdgeWord, Learned
from rules.plan_source import PlanSource, RuleText
from rules.subject import Subject
from vocabulary.device import DeviceKind
from vocabulary.geometry import metres_per_degree
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape
from vocabulary.times import SECOND_US

SHIPPED = Path(rules.__file__).parent / "shipped"

START_S = 1_800_000_000
"""Second 0 of the tests, in seconds since 1970."""

LON, LAT = 111.0, 35.0
"""North-east corner of the vehicles' work area, which is 2 km wide."""

EAST_M, NORTH_M = metres_per_degree(LAT - 1000 / 111_000)

AREA = GeofenceFacts(
    id=1,
    code="area",
    name_zh="作业区",
    name_en="work area",
    shape=GeofenceShape.POLYGON,
    geometry=json.dumps(
        {
            "type": "Polygon",
            "coordinates": [
                [
                    [LON, LAT],
                    [LON - 2000 / EAST_M, LAT],
                    [LON - 2000 / EAST_M, LAT - 2000 / NORTH_M],
                    [LON, LAT - 2000 / NORTH_M],
                    [LON, LAT],
                ]
            ],
        }
    ),
    radius_m=None,
)


def device(
    device_id: int,
    kind: DeviceKind,
    *quantities: str,
    edge: str = "mqtt",
    gateway: str = "GW-1",
    interval_s: float = 10.0,
    allowed_lateness_s: float = 0.0,
    upstream_id: int | None = None,
    speed_limit_kmh: float | None = None,
) -> Subject:
    """Make a device; series ids are ten times its own and up."""
    is_vehicle = kind is DeviceKind.VEHICLE
    return Subject(
        device_id=device_id,
        code=f"D-{device_id}",
        kind=kind,
        edge=edge,
        gateway=gateway,
        interval_s=interval_s,
        allowed_lateness_s=allowed_lateness_s,
        upstream_id=upstream_id,
        lon=None if is_vehicle else LON,
        lat=None if is_vehicle else LAT,
        series={q: 10 * device_id + place for place, q in enumerate(quantities)},
        speed_limit_kmh=speed_limit_kmh,
        area=AREA if is_vehicle else None,
    )


def source(subjects: Iterable[Subject], *texts: str) -> PlanSource:
    """Return a plan's source; a text may be given as the code of a shipped rule."""
    found = [
        (SHIPPED / f"{text}.yaml").read_text("utf-8") if "\n" not in text else text
        for text in texts
    ]
    return PlanSource(
        rules=tuple(RuleText(code_of(text), 1, text) for text in found),
        subjects=tuple(subjects),
        registry_version=1,
        geofences=tuple(
            replace(AREA, id=number, code=f"area-{number}", kind=kind)
            for number, kind in enumerate(kinds_named(found), 2)
        ),
    )


def kinds_named(texts: Iterable[str]) -> list[str]:
    """Return the kinds of geofences that rules name; each lies where `AREA` does."""
    named = re.findall(r"fences: kind ([a-z_]+)", "\n".join(texts))
    return sorted(set(named))


def code_of(text: str) -> str:
    return next(
        line.removeprefix("code:").strip()
        for line in text.splitlines()
        if line.startswith("code:")
    )


def us(at_s: float) -> int:
    return round((START_S + at_s) * SECOND_US)


def tick(seq: int, at_s: float) -> Learned:
    return Learned(seq, us(at_s), None)


def edge(seq: int, at_s: float, name: str, *, up: bool, gateway: str = "") -> Learned:
    return Learned(seq, us(at_s), EdgeWord(name, gateway, up))


def readings(
    seq: int, at_s: float, rows: Iterable[tuple[int, float, float, int]]
) -> Learned:
    """Make an entry of (series id, measured at, value, quality) rows."""
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    series_id, measured_s, value, quality = columns
    return Learned(
        seq,
        us(at_s),
        Readings(
            np.array(series_id, np.int32),
            np.array([us(s) for s in measured_s], np.int64),
            np.array(value, np.float64),
            np.array(quality, np.int32),
            np.full(len(series_id), us(at_s), np.int64),
        ),
    )


def positions(
    seq: int,
    at_s: float,
    rows: Iterable[tuple[int, float, float, float, int]],
    *,
    inputs: int = 0,
) -> Learned:
    """Make an entry of (device id, fixed at, metres east, km/h, quality) rows.

    Metres east are from the east border of the work area: less than 0 is inside.
    """
    found = list(rows)
    n = len(found)
    empty = Positions.empty()
    east = [LON + row[2] / EAST_M for row in found]
    return Learned(
        seq,
        us(at_s),
        Positions(
            device_id=np.array([row[0] for row in found], np.int32),
            fixed_us=np.array([us(row[1]) for row in found], np.int64),
            lon_e7=np.round(np.array(east) * 1e7).astype(np.int32),
            lat_e7=np.full(n, round((LAT - 1000 / NORTH_M) * 1e7), np.int32),
            speed_kmh=np.array([row[3] for row in found], np.float32),
            course_deg=np.full(n, np.nan, np.float32),
            altitude_m=np.full(n, np.nan, np.float32),
            satellites=np.full(n, -1, empty.satellites.dtype),
            hdop=np.full(n, np.nan, np.float32),
            inputs=np.full(n, inputs, np.int32),
            quality=np.array([row[4] for row in found], np.int32),
            received_us=np.full(n, us(at_s), np.int64),
        ),
    )
