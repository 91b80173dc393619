"""What lamps should be, as columns and one by one; schedules of rules against both."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from rules.schedules.lamp import LampAsk, LampCalendar, Lit, Without
from rules.schedules.schedule import FOREVER
from vocabulary.device import DeviceKind
from vocabulary.lighting import LampProgramme, NightStep, expected_level_pct
from vocabulary.sun import elevation_deg
from vocabulary.times import SECOND_US, datetime_from_us, us_from_datetime

MINUTE_US = 60 * SECOND_US
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland")

steps = st.lists(
    st.tuples(st.integers(0, 1439), st.sampled_from([0.0, 30.0, 60.0, 100.0])),
    max_size=3,
    unique_by=lambda step: step[0],
).map(
    lambda found: tuple(
        NightStep(minute=minute, level_pct=level)
        for minute, level in sorted(found, key=lambda step: (step[0] - 720) % 1440)
    )
)
programmes = st.builds(
    LampProgramme,
    code=st.just("p"),
    on_below_deg=st.sampled_from([-6.0, -2.0, 0.0, 90.0]),
    off_above_deg=st.sampled_from([-6.0, -2.0, 0.0, 90.0]),
    margin_s=st.sampled_from([0.0, 60.0, 900.0]),
    steps=steps,
)
instants = st.integers(
    us_from_datetime(datetime(2026, 1, 1, tzinfo=UTC)) // SECOND_US,
    us_from_datetime(datetime(2027, 12, 31, tzinfo=UTC)) // SECOND_US,
).map(lambda second: second * SECOND_US)
places = st.tuples(
    st.floats(-179, 179, allow_nan=False), st.floats(-60, 60, allow_nan=False)
)


def level_of_one(
    programme: LampProgramme, at_us: int, lon: float, lat: float, zone: ZoneInfo
) -> float:
    """Return one lamp's level by plain datetimes, as a controller would."""
    now, soon = (
        float(elevation_deg(us, lon, lat)[0]) for us in (at_us, at_us + MINUTE_US)
    )
    limit = programme.on_below_deg if soon < now else programme.off_above_deg
    if now >= limit:
        return 0.0
    local = datetime_from_us(at_us).astimezone(zone)
    level = 100.0
    for step in programme.steps:
        if _since_noon(step.minute) <= _since_noon(local.hour * 60 + local.minute):
            level = step.level_pct
    return level


def _since_noon(minute: int) -> int:
    return (minute - 12 * 60) % (24 * 60)


@settings(max_examples=60, deadline=None)
@given(
    programmes,
    st.lists(st.tuples(instants, places), min_size=1),
    st.sampled_from(ZONES),
)
def test_expected_levels_are_what_a_plain_loop_over_lamps_gives(
    programme: LampProgramme,
    lamps: list[tuple[int, tuple[float, float]]],
    zone: str,
) -> None:
    at_us = np.array([at for at, _ in lamps], np.int64)
    lon, lat = np.array([place for _, place in lamps]).T
    level, known = expected_level_pct(programme, at_us, lon, lat, ZoneInfo(zone))
    margin_us = round(programme.margin_s * SECOND_US)
    for row, (at, (east, north)) in enumerate(lamps):
        before, now, after = (
            level_of_one(programme, at + shift, east, north, ZoneInfo(zone))
            for shift in (-margin_us, 0, margin_us)
        )
        assert level[row] == now
        assert known[row] == (before == now == after)


def calendar(programme: LampProgramme | None, lamp: Lit) -> LampCalendar:
    subject = Subject(
        device_id=1,
        code="LP-1",
        kind=DeviceKind.LAMP,
        edge="modbus",
        gateway="CAB-1",
        interval_s=10,
        lon=111.0,
        lat=35.0,
        programme="p" if programme else "",
    )
    source = PlanSource(
        rules=(),
        subjects=(subject,),
        registry_version=1,
        programmes=(programme,) if programme else (),
    )
    return LampCalendar.of([(LampAsk(lamp, Without.NEVER), subject)], source)


@settings(max_examples=25, deadline=None)
@given(programmes, instants, st.sampled_from([Lit.LIT, Lit.DARK]))
def test_a_rule_s_schedule_turns_when_the_programme_does(
    programme: LampProgramme, start_us: int, lamp: Lit
) -> None:
    found = calendar(programme, lamp)
    at_us = start_us + np.arange(0, 36 * 60, 7, dtype=np.int64) * MINUTE_US
    row, n = np.zeros(len(at_us), np.intp), len(at_us)
    place = np.full(n, 111.0), np.full(n, 35.0)
    level, known = expected_level_pct(
        programme, at_us, *place, ZoneInfo("Asia/Shanghai")
    )
    wanted = known & ((level > 0) == (lamp is Lit.LIT))
    is_open = found.is_open(row, at_us)
    # A stretch that is shorter than a minute is none: programmes have none in earnest.
    assert (is_open != wanted).mean() < 0.01
    next_us = found.next_turn_us(row, at_us)
    assert (next_us > at_us).all()
    finite = next_us < FOREVER
    just_before = found.is_open(row[finite], next_us[finite] - 1)
    assert (found.is_open(row[finite], next_us[finite]) != just_before).all()
    assert (just_before == is_open[finite]).all()


def test_the_sun_turns_a_rule_s_schedule_to_the_second_it_should() -> None:
    programme = LampProgramme(code="p", on_below_deg=-2, off_above_deg=-2, margin_s=600)
    found = calendar(programme, Lit.LIT)
    noon = datetime(2026, 11, 21, 4, tzinfo=UTC)
    one = np.zeros(1, np.intp)
    opens_us = found.next_turn_us(one, np.array([us_from_datetime(noon)]))
    dusk_us = int(opens_us[0]) - 600 * SECOND_US
    assert abs(float(elevation_deg(dusk_us, 111.0, 35.0)[0]) + 2) < 1 / 240
    closes_us = found.next_turn_us(one, opens_us)
    night = timedelta(microseconds=int(closes_us[0] - opens_us[0]))
    assert timedelta(hours=12.5) < night < timedelta(hours=14)


def test_lamps_without_a_programme_and_always_lit_ones_never_turn() -> None:
    at_us = np.array([us_from_datetime(datetime(2026, 6, 1, tzinfo=UTC))])
    one = np.zeros(1, np.intp)
    always = LampProgramme(code="p", on_below_deg=90, off_above_deg=90, margin_s=0)
    for programme, lamp, is_open in (
        (None, Lit.LIT, False),
        (always, Lit.LIT, True),
        (always, Lit.DARK, False),
    ):
        found = calendar(programme, lamp)
        assert found.is_open(one, at_us).tolist() == [is_open]
        assert found.next_turn_us(one, at_us).tolist() == [FOREVER]
