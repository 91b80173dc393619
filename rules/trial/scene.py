"""A small town for trying rules, and journal entries said in seconds and plain numbers.

Every vehicle works in `AREA`, whose north-east corner is at `LON`, `LAT`; geofences
that a rule names by their kind lie where it does.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from rules.engine.learned import CommandWord, EdgeWord, Learned, Wanted
from rules.plan.subject import Subject
from vocabulary.command import AnyOrder, Effect, State, turn_of
from vocabulary.device import DeviceKind
from vocabulary.geometry import metres_per_degree
from vocabulary.lighting import LampProgramme, steps_of
from vocabulary.position import DEGREES_E7, Positions
from vocabulary.reading import Readings
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape
from vocabulary.times import SECOND_US

START_S = 1_800_000_000
"""Second 0 of a timeline, in seconds since 1970: 16:00 on a Friday in Shanghai."""

LON, LAT = 111.0, 35.0
"""North-east corner of the vehicles' work area, which is 2 km wide."""

EAST_M, NORTH_M = metres_per_degree(LAT - 1000 / 111_000)
"""Metres of a degree there."""

WEST, SOUTH = LON - 2000 / EAST_M, LAT - 2000 / NORTH_M
"""The other corner."""

CORNERS = [[LON, LAT], [WEST, LAT], [WEST, SOUTH], [LON, SOUTH], [LON, LAT]]
"""The area's border."""

AREA = GeofenceFacts(
    id=1,
    code="area",
    name_zh="作业区",
    name_en="work area",
    shape=GeofenceShape.POLYGON,
    geometry=json.dumps({"type": "Polygon", "coordinates": [CORNERS]}),
    radius_m=None,
)
"""The vehicles' work area."""

RATED_W = 100.0
"""What a lamp draws undimmed."""

PROGRAMMES = (
    LampProgramme(code="always", on_below_deg=90, off_above_deg=90, margin_s=0),
    LampProgramme(
        code="sun",
        on_below_deg=-2,
        off_above_deg=-2,
        margin_s=600,
        steps=steps_of("23:00=50"),
    ),
)
"""Lamp programmes that a case may name, by ascending code."""


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
    programme: str = "",
) -> Subject:
    """Return a device; its series ids are ten times its own and up.

    Args:
        device_id: Below 200 million.
        kind: The hardware it is.
        quantities: What it tells, at most ten.
        edge: Our edge that hears it.
        gateway: Its gateway.
        interval_s: How often it reports.
        allowed_lateness_s: How late its samples may come.
        upstream_id: What it hangs from.
        speed_limit_kmh: A vehicle's own limit.
        programme: Its lamp programme.
    """
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
        programme=programme,
        rated_w=RATED_W if kind is DeviceKind.LAMP else None,
    )


def geofences_named(texts: Iterable[str]) -> tuple[GeofenceFacts, ...]:
    """Return a geofence of each kind that rule files name; each lies where `AREA` does.

    Args:
        texts: The files.
    """
    kinds = sorted(set(re.findall(r"fences: kind ([a-z_]+)", "\n".join(texts))))
    return tuple(
        replace(AREA, id=number, code=f"area-{number}", kind=kind)
        for number, kind in enumerate(kinds, 2)
    )


def us(at_s: float) -> int:
    """Return a second of a timeline as microseconds since 1970."""
    return round((START_S + at_s) * SECOND_US)


def tick(seq: int, at_s: float) -> Learned:
    """Return an entry that only says what time it is."""
    return Learned(seq, us(at_s), None)


def edge(seq: int, at_s: float, name: str, *, up: bool, gateway: str = "") -> Learned:
    """Return an entry that says that one of our edges is up or down."""
    return Learned(seq, us(at_s), EdgeWord(name, gateway, up))


def command(
    seq: int,
    at_s: float,
    device_id: int,
    state: State,
    *,
    number: int,
    order: AnyOrder,
    effect: Effect | None = None,
) -> Learned:
    """Return an entry that says how far a command has come.

    Args:
        seq: The entry's number.
        at_s: Its second.
        device_id: Whom the command is for.
        state: How far it has come.
        number: Its place in the queue.
        order: What the device is told.
        effect: What shows that it is done; None if nothing does.
    """
    word = CommandWord(
        device_id=device_id,
        number=number,
        turn=turn_of(order),
        state=state,
        wanted=(
            None
            if effect is None
            else Wanted(quantity=effect.quantity, low=effect.low, high=effect.high)
        ),
    )
    return Learned(seq, us(at_s), word)


def readings(
    seq: int, at_s: float, rows: Iterable[tuple[int, float, float, int]]
) -> Learned:
    """Return an entry of (series id, measured at, value, quality) rows."""
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
    """Return an entry of (device id, fixed at, metres east, km/h, quality) rows.

    Metres east are from the east border of the work area: less than 0 is inside.
    """
    found = list(rows)
    n = len(found)
    empty = Positions.empty()
    east = np.array([LON + row[2] / EAST_M for row in found])
    return Learned(
        seq,
        us(at_s),
        Positions(
            device_id=np.array([row[0] for row in found], np.int32),
            fixed_us=np.array([us(row[1]) for row in found], np.int64),
            lon_e7=np.round(east * DEGREES_E7).astype(np.int32),
            lat_e7=np.full(n, round((LAT - 1000 / NORTH_M) * DEGREES_E7), np.int32),
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
