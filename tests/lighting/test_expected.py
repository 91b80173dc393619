"""What lamps should be, as columns and one by one; schedules of rules against both."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
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

levels = st.sampled_from([0.0, 30.0, 60.0, 100.0])
minutes = st.one_of(st.integers(0, 1439), st.integers(0, 10))
"""Any, and some that lie close together."""

steps = st.lists(
    st.tuples(minutes, levels), max_size=4, unique_by=lambda step: step[0]
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
    margin_s=st.sampled_from([0.0, 20.0, 60.0, 90.0, 240.0]),
    steps=steps,
)
zones = st.sampled_from(ZONES)
instants = st.integers(
    us_from_datetime(datetime(2026, 1, 1, tzinfo=UTC)) // SECOND_US,
    us_from_datetime(datetime(2027, 12, 31, tzinfo=UTC)) // SECOND_US,
).map(lambda second: second * SECOND_US)
nights = st.tuples(instants, st.integers(-1200, 1200))
"""An instant, and seconds from midnight: of the hours in which steps lie close."""

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


@settings(max_examples=40, deadline=None)
@given(
    programmes,
    st.lists(st.tuples(st.one_of(instants, nights), places), min_size=1, max_size=3),
    zones,
)
def test_expected_levels_are_what_a_plain_loop_over_lamps_gives(
    programme: LampProgramme,
    lamps: list[tuple[int | tuple[int, int], tuple[float, float]]],
    zone: str,
) -> None:
    city = ZoneInfo(zone)
    at_us = np.array([instant_of(at, city) for at, _ in lamps], np.int64)
    lon, lat = np.array([place for _, place in lamps]).T
    level, known = expected_level_pct(programme, at_us, lon, lat, city)
    margin_s = round(programme.margin_s)
    for row, (_, place) in enumerate(lamps):
        around = at_us[row] + SECOND_US * np.arange(-margin_s, margin_s + 1)
        now, *told = (
            level_of_one(programme, int(each), *place, city)
            for each in [at_us[row], *around]
        )
        assert level[row] == now
        assert known[row] == (set(told) == {now})


def instant_of(at: int | tuple[int, int], zone: ZoneInfo) -> int:
    """Return an instant, or the one so many seconds from its day's midnight."""
    if isinstance(at, int):
        return at
    noon_us, seconds = at
    day = datetime_from_us(noon_us).astimezone(zone)
    midnight = day.replace(hour=0, minute=0, second=0)
    return us_from_datetime(midnight.astimezone(UTC)) + seconds * SECOND_US


def calendar(
    programme: LampProgramme | None, lamp: Lit, zone: str = ZONES[0]
) -> LampCalendar:
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
        time_zone=zone,
        programmes=(programme,) if programme else (),
    )
    return LampCalendar.of([(LampAsk(lamp, Without.NEVER), subject)], source)


@settings(max_examples=25, deadline=None)
@given(programmes, st.one_of(instants, nights), st.sampled_from(Lit), zones)
def test_a_rule_s_schedule_turns_when_the_programme_does(
    programme: LampProgramme, start: int | tuple[int, int], lamp: Lit, zone: str
) -> None:
    found, city = calendar(programme, lamp, zone), ZoneInfo(zone)
    shifts_s = np.append(np.arange(-600, 600, 1), np.arange(0, 36 * 3600, 420))
    at_us = instant_of(start, city) + shifts_s * SECOND_US
    row, n = np.zeros(len(at_us), np.intp), len(at_us)
    place = np.full(n, 111.0), np.full(n, 35.0)
    if lamp is Lit.DAY:
        programme = replace(programme, steps=())
    level, known = expected_level_pct(programme, at_us, *place, city)
    wanted = known & ((level > 0) == (lamp is Lit.LIT))
    is_open = found.is_open(row, at_us)
    assert (is_open == wanted).all()
    next_us = found.next_turn_us(row, at_us)
    assert (next_us > at_us).all()
    finite = next_us < FOREVER
    just_before = found.is_open(row[finite], next_us[finite] - 1)
    assert (found.is_open(row[finite], next_us[finite]) != just_before).all()
    assert (just_before == is_open[finite]).all()


@pytest.mark.parametrize(("lamp", "after"), [(Lit.LIT, 5), (Lit.DARK, None)])
def test_between_two_steps_nearer_than_the_margin_nobody_can_say(
    lamp: Lit, after: int | None
) -> None:
    """Also where the level is the same a margin before and a margin after."""
    programme = LampProgramme(
        code="p",
        on_below_deg=-2,
        off_above_deg=-2,
        margin_s=120,
        steps=(
            NightStep(minute=23 * 60, level_pct=0),
            NightStep(minute=23 * 60 + 1, level_pct=100),
        ),
    )
    start = us_from_datetime(datetime(2026, 11, 21, 14, 58, tzinfo=UTC))
    at_us = start + np.arange(-60, 360) * SECOND_US
    spot = np.full(len(at_us), 111.0), np.full(len(at_us), 35.0)
    _, known = expected_level_pct(programme, at_us, *spot, ZoneInfo(ZONES[0]))
    unknown_s = ((at_us[~known] - start) // SECOND_US).tolist()
    assert unknown_s == list(range(5 * 60))
    is_open = calendar(programme, lamp).is_open(np.zeros(len(at_us), np.intp), at_us)
    assert is_open.tolist() == (known & (after is not None)).tolist()


@pytest.mark.parametrize("apart_s", [10, 40])
def test_between_the_sun_and_a_step_within_one_minute_nobody_can_say(
    apart_s: int,
) -> None:
    """The lamp is lit for seconds only, and no whole minute lies between."""
    sunset = LampProgramme(code="p", on_below_deg=-2, off_above_deg=-2, margin_s=0)
    noon = np.array([us_from_datetime(datetime(2026, 11, 21, 4, tzinfo=UTC))])
    one = np.zeros(1, np.intp)
    dusk_us = int(calendar(sunset, Lit.LIT).next_turn_us(one, noon)[0])
    # The place is moved so that the sun turns just before a whole minute.
    short_s = (60 - apart_s - dusk_us // SECOND_US % 60) % 60
    place = 111.0 - short_s / 240, 35.0
    step_us = dusk_us + (short_s + apart_s) * SECOND_US
    minute = (step_us // MINUTE_US + 8 * 60) % (24 * 60)
    brief = replace(
        sunset, margin_s=120, steps=(NightStep(minute=minute, level_pct=0),)
    )
    at_us = step_us + np.arange(-300, 300) * SECOND_US
    spot = np.full(len(at_us), place[0]), np.full(len(at_us), place[1])
    _, known = expected_level_pct(brief, at_us, *spot, ZoneInfo(ZONES[0]))
    unknown_s = ((at_us[~known] - step_us) // SECOND_US).tolist()
    assert unknown_s == list(range(unknown_s[0], 120))
    assert -120 - apart_s - 3 <= unknown_s[0] <= -120 - apart_s + 3


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
