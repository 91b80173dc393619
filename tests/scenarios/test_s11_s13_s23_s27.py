"""S11, S13, S23 and S27 through the engine, with the shipped rules, in virtual time."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from cases.request import Hit
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from tests.rules.town import device, edge, readings, source, us
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality
from vocabulary.reading import Readings

CABINETS = range(1, 11)
COVERS = range(11, 61)
TOWN = [
    *(
        device(
            i,
            DeviceKind.CABINET,
            "voltage_v",
            "contactor_on",
            edge="modbus",
            gateway=f"CAB-{i}",
            interval_s=5,
        )
        for i in CABINETS
    ),
    *(device(i, DeviceKind.COVER, "tilt_deg", interval_s=10) for i in COVERS),
]
RULES = (
    "cabinet-silent",
    "cabinet-unreachable",
    "circuit-off",
    "cover-silent",
    "cover-tilted",
)
PLAN = compile_plan(source(TOWN, *RULES))

Row = tuple[int, float, float, int]


def said_by(
    second: int, who: Iterable[int], *, tilted: Sequence[int] = ()
) -> list[Row]:
    """Return what devices say at a second: each in its own turn."""
    rows: list[Row] = []
    for i in who:
        if i in CABINETS and second % 5 == i % 5:
            rows += [(10 * i, second, 225, 0), (10 * i + 1, second, 1, 0)]
        elif i in COVERS and second % 10 == i % 10:
            rows.append((10 * i, second, 20 if i in tilted else 2, 0))
    return rows


def numbered(entries: Iterable[Learned]) -> list[Learned]:
    return [replace(entry, seq=seq) for seq, entry in enumerate(entries, 1)]


def turns(entries: Iterable[Learned]) -> list[Transition]:
    return fold(PLAN, PLAN.fresh_state(), numbered(entries)).transitions


def told(found: Iterable[Transition]) -> list[tuple[str, int, Hit]]:
    return [(one.rule.code, one.device_id, one.kind) for one in found]


EVERYBODY = [*CABINETS, *COVERS]


def lives(seconds: Iterable[int], who: Sequence[int] = EVERYBODY) -> list[Learned]:
    return [readings(0, s, said_by(s, who)) for s in seconds]


def comes_up(at_s: float) -> list[Learned]:
    edges = ["ingest", "mqtt", "modbus"]
    return [edge(0, at_s, name, up=True) for name in edges]


def test_s11_ten_minutes_killed_under_load_make_nobody_silent() -> None:
    """Nothing says that the platform goes; MQTT devices' backlog comes afterwards."""
    backlog = [
        (series, at, value, quality)
        for s in range(300, 900)
        for series, at, value, quality in said_by(s, COVERS)
    ]
    parts = [backlog[first : first + 500] for first in range(0, len(backlog), 500)]
    entries = [
        *lives(range(300)),
        *comes_up(900),
        *lives(range(900, 905)),
        *(readings(0, 905, part) for part in parts),
        *lives(range(905, 1300)),
    ]
    assert len(backlog) == 3000
    assert not turns(entries)


def test_s11_who_died_meanwhile_is_silent_once_we_have_listened_long_enough() -> None:
    who = [i for i in EVERYBODY if i not in (7, 20)]
    entries = [
        *lives(range(300)),
        *comes_up(900),
        *lives(range(900, 1300), who),
    ]
    found = turns(entries)
    assert told(found) == [
        ("cabinet-silent", 7, Hit.RAISED),
        ("cover-silent", 20, Hit.RAISED),
        ("cabinet-unreachable", 7, Hit.RAISED),
    ]
    # 50 s and 100 s of its own silence, less the few seconds before the kill.
    heard_us = [us(297), us(290), us(297)]
    limits_s = [50, 100, 120]
    for one, last_us, limit_s in zip(found, heard_us, limits_s, strict=True):
        before_us = us(299) - last_us
        assert one.at_us == us(900) + limit_s * 1_000_000 - before_us


def test_s11_what_broke_while_we_were_away_is_raised_from_the_backlog() -> None:
    rows = [row for s in range(300, 900) for row in said_by(s, COVERS, tilted=[20])]
    live = [readings(0, s, said_by(s, EVERYBODY, tilted=[20])) for s in range(900, 960)]
    entries = [*lives(range(300)), *comes_up(900), readings(0, 900, rows), *live]
    [raised] = turns(entries)
    assert told([raised]) == [("cover-tilted", 20, Hit.RAISED)]
    assert raised.measured_us == us(310)  # and not the time at which we came back


def test_s13_a_clock_that_is_wrong_neither_raises_nor_hides() -> None:
    """The intake corrects, flags or refuses; what is left of it decides nothing."""
    ahead_s, rolled_s, year_2003_s = 8 * 3600, -1024 * 7 * 86400, -24 * 365 * 86400
    cover = 10 * COVERS[0]
    wrong = [
        (cover, 100 + ahead_s, 90, int(Quality.FUTURE)),
        (cover, 100 + rolled_s, 90, int(Quality.LATE)),
        (cover, 100 + year_2003_s, 90, int(Quality.LATE)),
    ]
    right = [(cover, 100 + n, 20, 0) for n in range(0, 40, 10)]
    entries = [
        *lives(range(100)),
        readings(0, 100, wrong),
        *(readings(0, row[1], [row]) for row in right),
    ]
    folded = fold(PLAN, PLAN.fresh_state(), numbered(entries))
    [raised] = folded.transitions
    assert (raised.device_id, raised.measured_us) == (COVERS[0], us(110))
    late = {sample.measured_us for sample in folded.late}
    assert late == {us(100 + rolled_s), us(100 + year_2003_s)}


def test_s23_of_ten_slaves_the_one_that_is_silent_is_silent() -> None:
    entries = [
        *lives(range(60)),
        *lives(range(60, 400), [i for i in EVERYBODY if i != 7]),
    ]
    assert told(turns(entries)) == [
        ("cabinet-silent", 7, Hit.RAISED),
        ("cabinet-unreachable", 7, Hit.RAISED),
    ]


def test_s27_what_is_published_twice_counts_once() -> None:
    def tilting(second: int) -> Learned:
        return readings(0, second, said_by(second, COVERS, tilted=[20, 33]))

    once = [tilting(s) for s in range(60)]
    twice: list[Learned] = []
    for entry in once:
        content = entry.content
        assert isinstance(content, Readings)
        rows = np.tile(np.arange(len(content)), 2)
        # In the same entry, and again in one of its own.
        twice += [replace(entry, content=content.take(rows)), entry]
    assert [(one.device_id, one.kind, one.measured_us) for one in turns(twice)] == [
        (one.device_id, one.kind, one.measured_us) for one in turns(once)
    ]
    assert len(turns(once)) == 2
