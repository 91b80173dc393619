"""Rules that judge at some times only: their calendar, and what their turns do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.request import Hit
from rules.engine.carry import carry
from rules.engine.fold import fold, step
from rules.engine.folded import Folded
from rules.engine.learned import Learned
from rules.engine.state import read_back, written
from rules.files.rule_file import RuleFileError, parse_rule
from rules.plan.compile import compile_plan
from rules.plan.plan_source import PlanSource
from rules.schedules.local import Day, LocalAsk, LocalCalendar
from rules.schedules.schedule import FOREVER
from tests.rules.oracle import Oracle, said, same
from tests.rules.test_engine import RULES, SUBJECTS, any_journals
from tests.rules.town import (
    SHIPPED,
    START_S,
    device,
    positions,
    readings,
    source,
    tick,
)
from vocabulary.device import DeviceKind
from vocabulary.times import SECOND_US, datetime_from_us, us_from_datetime

NOBODY = device(1, DeviceKind.COVER)
EVERY_DAY = frozenset(Day)
NIGHT = (22 * 60, 30 * 60)


def calendar(
    ask: LocalAsk, zone: str = "Asia/Shanghai", rows: int = 1
) -> LocalCalendar:
    plan_source = PlanSource((), (), 1, zone)
    return LocalCalendar.of([(ask, NOBODY)] * rows, plan_source)


def is_open(of: LocalCalendar, *when: datetime) -> list[bool]:
    at_us = np.array([us_from_datetime(at) for at in when])
    found = of.is_open(np.zeros(len(when), np.intp), at_us)
    return [bool(each) for each in found]


def turns(of: LocalCalendar, after: datetime, n: int) -> list[datetime]:
    found, at_us = [], us_from_datetime(after)
    for _ in range(n):
        at_us = int(of.next_turn_us(np.zeros(1, np.intp), np.array([at_us]))[0])
        if at_us == FOREVER:
            break
        found.append(datetime_from_us(at_us))
    return found


def local(zone: str, *parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone), fold=fold)  # type: ignore[arg-type, misc] # plain integers


hours = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440)).map(
        lambda pair: (pair[0], pair[1] if pair[1] > pair[0] else pair[1] + 1440)
    ),
    min_size=1,
    max_size=3,
)
asks = st.builds(
    LocalAsk,
    hours.map(tuple),
    st.frozensets(st.sampled_from(Day), min_size=1),
)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001 hypothesis wants naive bounds
    lambda at: at.replace(tzinfo=UTC)
)


@settings(deadline=None)
@given(asks, st.lists(instants, min_size=1, max_size=20))
def test_hours_are_those_that_the_clock_on_the_wall_shows(
    ask: LocalAsk, when: list[datetime]
) -> None:
    zone = ZoneInfo("Asia/Shanghai")

    def plainly(at: datetime) -> bool:
        wall = at.astimezone(zone)
        minute = wall.hour * 60 + wall.minute
        today, yesterday = wall.weekday(), (wall.weekday() - 1) % 7
        return any(
            (today in ask.days and start <= minute < end)
            or (yesterday in ask.days and start <= minute + 1440 < end)
            for start, end in ask.hours
        )

    assert is_open(calendar(ask), *when) == [plainly(at) for at in when]


@settings(max_examples=25, deadline=None)
@given(asks, instants, st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "UTC"]))
def test_between_two_turns_nothing_turns_and_at_each_it_does(
    ask: LocalAsk, after: datetime, zone: str
) -> None:
    of = calendar(ask, zone)
    at = after
    for turn in turns(of, after, 6):
        one = timedelta(microseconds=1)
        early, middle, late, there = is_open(
            of, at, at + (turn - at) / 2, turn - one, turn
        )
        assert early == middle == late != there
        at = turn


def test_a_night_shift_begins_on_its_own_days_only() -> None:
    of = calendar(LocalAsk((NIGHT,), frozenset({Day.FRI})))
    zone = "Asia/Shanghai"
    assert turns(of, local(zone, 2026, 11, 16), 2) == [
        local(zone, 2026, 11, 20, 22),
        local(zone, 2026, 11, 21, 6),
    ]


def test_hours_that_meet_do_not_turn_at_midnight() -> None:
    of = calendar(LocalAsk(((22 * 60, 1440), (0, 6 * 60)), EVERY_DAY))
    zone = "Asia/Shanghai"
    assert turns(of, local(zone, 2026, 11, 16, 12), 2) == [
        local(zone, 2026, 11, 16, 22),
        local(zone, 2026, 11, 17, 6),
    ]


def test_a_rule_for_all_hours_never_turns() -> None:
    of = calendar(LocalAsk(((0, 1440),), EVERY_DAY))
    at_us = np.array([us_from_datetime(datetime(2026, 11, 21, tzinfo=UTC))])
    assert of.next_turn_us(np.zeros(1, np.intp), at_us).tolist() == [FOREVER]
    assert of.is_open(np.zeros(1, np.intp), at_us).all()


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        ((2026, 3, 28), (21, 0), (28, 0)),  # that night has seven hours, not eight
        ((2026, 10, 24), (20, 0), (29, 0)),  # and that one nine
        ((2026, 10, 27), (21, 0), (29, 0)),
    ],
)
def test_a_night_in_which_clocks_change_ends_when_the_clock_says_so(
    day: tuple[int, int, int], opens: tuple[int, int], closes: tuple[int, int]
) -> None:
    of = calendar(LocalAsk((NIGHT,), EVERY_DAY), "Europe/Berlin")
    midnight = datetime(*day, tzinfo=UTC)
    assert turns(of, midnight + timedelta(hours=12), 2) == [
        midnight + timedelta(hours=opens[0]),
        midnight + timedelta(hours=closes[0]),
    ]


def test_an_hour_that_comes_twice_counts_twice_and_one_that_never_comes_not() -> None:
    of = calendar(LocalAsk(((2 * 60, 3 * 60),), EVERY_DAY), "Europe/Berlin")
    opened, closed = turns(of, datetime(2026, 10, 24, 12, tzinfo=UTC), 2)
    assert closed - opened == timedelta(hours=2)
    opened, closed = turns(of, datetime(2026, 3, 28, 12, tzinfo=UTC), 2)
    assert opened == local("Europe/Berlin", 2026, 3, 30, 2)  # not on the 29th
    assert closed - opened == timedelta(hours=1)


def test_hours_that_end_in_an_hour_that_comes_twice_end_in_the_second() -> None:
    of = calendar(LocalAsk(((60, 150),), EVERY_DAY), "Europe/Berlin")
    opened, closed = turns(of, datetime(2026, 10, 24, 12, tzinfo=UTC), 2)
    assert closed == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert closed - opened == timedelta(hours=2, minutes=30)


def test_a_leap_day_is_a_day_like_any_other() -> None:
    zone = "Asia/Shanghai"
    of = calendar(LocalAsk((NIGHT,), frozenset({Day.TUE})))
    assert turns(of, local(zone, 2028, 2, 28), 3) == [
        local(zone, 2028, 2, 29, 22),
        local(zone, 2028, 3, 1, 6),
        local(zone, 2028, 3, 7, 22),
    ]
    of = calendar(LocalAsk((NIGHT,), EVERY_DAY))
    for year, day in ((2027, 28), (2028, 29)):
        assert turns(of, local(zone, year, 2, day, 12), 2) == [
            local(zone, year, 2, day, 22),
            local(zone, year, 3, 1, 6),
        ]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ((2027, 3, 27), []),  # tomorrow that hour is left out
        ((2027, 10, 29), [24, 25]),
        ((2027, 10, 30), [24, 26]),  # and there it comes twice
    ],
)
def test_an_alarm_stands_while_the_clock_shows_its_hour_where_clocks_change(
    day: tuple[int, int, int], hours: list[int]
) -> None:
    text = (SHIPPED / "cover-opened.yaml").read_text("utf-8")
    when = 'when: {local: "02:00-03:00", on_close: clear}\n'
    rules = source(COVERS, text + when).rules
    plan = compile_plan(PlanSource(rules, tuple(COVERS), 1, "Europe/Berlin"))
    midnight_s = datetime(*day, tzinfo=UTC).timestamp() - START_S
    times_s = [midnight_s + 60 * minute for minute in range(12 * 60, 36 * 60)]
    entries = [
        readings(seq, at_s, [(10, at_s, 80, 0)]) for seq, at_s in enumerate(times_s, 1)
    ]
    turned = [
        (turn.measured_us / SECOND_US - START_S - midnight_s) / 3600
        for turn in fold(plan, plan.fresh_state(), entries).transitions
    ]
    # In summer Berlin is two hours ahead, so 02:00 is 24 h after UTC's midnight.
    assert turned == hours


TIMES = [
    'when: {local: "16:00-16:01"}',
    'when: {local: ["16:00-16:01", "16:02-16:03"], on_close: clear}',
    'when: {local: "16:01-16:02", on_close: clear}',
    'when: {local: "16:01-17:00", days: [fri]}',
]
TIMED = [
    f"{text.rstrip()}\n{TIMES[n % len(TIMES)]}\n".replace("largest_gap_s: 4", "")
    for n, text in enumerate(RULES)
]
SOURCE = source(SUBJECTS, *sorted(TIMED))
PLAN = compile_plan(SOURCE)

many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@many
@given(any_journals)
def test_schedules_agree_with_a_plain_loop(entries: list[Learned]) -> None:
    oracle = Oracle.of(SOURCE)
    found = fold(PLAN, PLAN.fresh_state(), entries).transitions
    wanted = [one for entry in entries for one in oracle.step(entry)]
    assert same(list(map(said, found)), wanted)


@many
@given(any_journals)
def test_a_restart_after_every_entry_changes_no_schedule(
    entries: list[Learned],
) -> None:
    state, found = PLAN.fresh_state(), []
    for entry in entries:
        folded = step(PLAN, read_back(written(state)), entry)
        state = folded.state
        found += folded.transitions
    assert found == fold(PLAN, PLAN.fresh_state(), entries).transitions


@many
@given(any_journals)
def test_to_carry_a_state_over_to_the_same_plan_changes_nothing(
    entries: list[Learned],
) -> None:
    state = fold(PLAN, PLAN.fresh_state(), entries).state
    carried, withdrawn = carry(PLAN, state, PLAN)
    assert not withdrawn
    assert written(carried) == written(state)


@many
@given(any_journals)
def test_folding_does_not_touch_a_scheduled_state(entries: list[Learned]) -> None:
    state = PLAN.fresh_state()
    fold(PLAN, state, entries)
    assert written(state) == written(PLAN.fresh_state())


COVERS = [device(1, DeviceKind.COVER, "tilt_deg", interval_s=60)]


def at_night(on_close: str = "keep", **also: float) -> Folded:
    """Fold an open cover at 15:59:30 under a rule for 16:00–16:10, on to 16:12."""
    text = (SHIPPED / "cover-opened.yaml").read_text("utf-8")
    when = f'when: {{local: "16:00-16:10", on_close: {on_close}}}\n'
    plan = compile_plan(source(COVERS, text + when))
    entries = [readings(1, -30, [(10, -30, also.get("tilt", 80), 0)])]
    entries += [tick(n + 31, n) for n in range(-29, 720)]
    return fold(plan, plan.fresh_state(), entries)


def test_an_alarm_is_kept_when_the_schedule_closes_unless_the_rule_says_clear() -> None:
    assert [t.kind for t in at_night().transitions] == [Hit.RAISED]
    raised, cleared = at_night("clear").transitions
    assert (raised.kind, cleared.kind) == (Hit.RAISED, Hit.CLEARED)
    assert cleared.measured_us - raised.measured_us == 600_000_000


def test_what_comes_late_from_outside_the_schedule_is_not_told() -> None:
    text = (SHIPPED / "cover-opened.yaml").read_text("utf-8")
    plan = compile_plan(source(COVERS, text + 'when: {local: "16:00-16:10"}\n'))
    entries = [
        readings(1, -30, [(10, -30, 2, 0)]),
        tick(2, 0),
        readings(3, 1, [(10, -10, 80, 0)]),
    ]
    folded = fold(plan, plan.fresh_state(), entries)
    assert not folded.late
    assert not folded.transitions


def test_an_opening_between_two_side_readings_goes_by_the_one_before_it() -> None:
    """The second is told in the very entry at which the turn is taken."""
    cabinet = device(1, DeviceKind.CABINET, "contactor_on", "voltage_v", interval_s=4)
    text = next(text for text in RULES if "code: 'off'" in text or "code: off" in text)
    plan = compile_plan(source([cabinet], text + 'when: {local: "16:01-16:05"}\n'))
    entries = [
        readings(1, 54, [(10, 54, 30, 0), (11, 54, 5, 0)]),
        readings(2, 64, [(10, 64, 12, 0)]),
    ]
    assert not fold(plan, plan.fresh_state(), entries).transitions


def test_a_vehicle_judged_at_an_opening_is_where_it_was_last() -> None:
    text = (SHIPPED / "vehicle-out-of-area.yaml").read_text("utf-8")
    text = text.replace("on_delay_s: 15", "") + 'when: {local: "16:00-16:10"}\n'
    vehicle = device(5, DeviceKind.VEHICLE, interval_s=30)
    plan = compile_plan(source([vehicle], text))
    entries = [positions(1, -10, [(5, -10, 200, 0, 0)]), tick(2, 0)]
    (raised,) = fold(plan, plan.fresh_state(), entries).transitions
    assert raised.measured_us == tick(0, 0).at_us
    assert raised.lon is not None
    assert raised.lon > 111


def test_an_alarm_that_a_schedule_ends_is_where_its_vehicle_was_then() -> None:
    """Not where the fix is by which the turn is told."""
    text = (SHIPPED / "vehicle-out-of-area.yaml").read_text("utf-8")
    when = 'when: {local: "16:00-16:01", on_close: clear}\n'
    text = text.replace("on_delay_s: 15", "") + when
    vehicle = device(5, DeviceKind.VEHICLE, interval_s=30)
    plan = compile_plan(source([vehicle], text))
    entries = [
        positions(1, 50, [(5, 50, 200, 0, 0)]),
        positions(2, 70, [(5, 70, 900, 0, 0)]),
    ]
    raised, cleared = fold(plan, plan.fresh_state(), entries).transitions
    assert cleared.kind is Hit.CLEARED
    assert (cleared.lon, cleared.lat) == (raised.lon, raised.lat)


def test_a_silence_ends_with_its_schedule_if_its_rule_says_clear() -> None:
    for on_close, kinds in (("keep", 1), ("clear", 2)):
        text = next(text for text in RULES if "silent-gauge" in text)
        when = f'when: {{local: "16:00-16:01", on_close: {on_close}}}\n'
        gauge = device(4, DeviceKind.GAUGE, "depth_mm")
        plan = compile_plan(source([gauge], text + when))
        entries = [readings(1, 0, [(40, 0, 1, 0)])]
        entries += [tick(n + 1, n) for n in range(1, 90)]
        turned = fold(plan, plan.fresh_state(), entries).transitions
        assert len(turned) == kinds


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ('{local: "22-06"}', 'must be "HH:MM-HH:MM" within a day'),
        ('{local: "24:00-06:00"}', 'must be "HH:MM-HH:MM" within a day'),
        ("{local: []}", 'when.local: must be "HH:MM-HH:MM", or a list'),
        ('{local: "22:00-06:00", days: [monday]}', "days[0]: 'monday' is unknown"),
        ("{on_close: keep}", "needs exactly one of local"),
        ('{local: "22:00-06:00", on_close: stay}', "'stay' is unknown"),
    ],
)
def test_a_wrong_schedule_is_told(when: str, fault: str) -> None:
    text = (SHIPPED / "cover-opened.yaml").read_text("utf-8")
    with pytest.raises(RuleFileError) as caught:
        parse_rule(f"{text}when: {when}\n", version=1)
    assert fault in str(caught.value)
