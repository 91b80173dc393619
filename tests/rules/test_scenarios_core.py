"""Scenarios about time, each as users of other platforms met it: through the engine."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from cases.request import Hit
from rules.engine.carry import carry
from rules.engine.entry import learned_from
from rules.engine.fold import fold
from rules.engine.folded import Folded
from rules.engine.learned import Learned
from rules.engine.state import State, read_back, written
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource, RuleText
from store.journal.entries import Kind, append, read
from tests.rules.city_feed import NOON
from tests.rules.town import device, edge, readings, source, tick, us
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality
from vocabulary.reading import Readings

HOUR_S = 3600
COVER = device(1, DeviceKind.COVER, "tilt_deg", interval_s=60)


def rule(code: str, condition: str, **more: object) -> str:
    lines = [f"{key}: {value}" for key, value in more.items()]
    return "\n".join(
        [
            f"code: {code}",
            "name: {zh: 试验, en: test}",
            "kind: cover",
            condition,
            *lines,
            'reason: {zh: "{value}", en: "{value}"}',
            "source: test",
            "",
        ]
    )


TILTED = "quantity: tilt_deg\ncondition: {type: threshold, above: 15, severity: minor}"
FOR_AN_HOUR = rule("for-an-hour", TILTED, on_delay_s=HOUR_S)
AT_ONCE = rule("at-once", TILTED)
SILENT = rule("silent", "condition: {type: silence, silence_s: 60, severity: minor}")


def run(entries: Iterable[Learned], *rules: str) -> Folded:
    plan = compile_plan(source([COVER], *rules))
    return fold(plan, plan.fresh_state(), entries)


def tilts(seq: int, at_s: float, *rows: tuple[float, float]) -> Learned:
    return readings(seq, at_s, [(10, at, tilt, 0) for at, tilt in rows])


def hits(folded: Folded) -> list[tuple[Hit, int]]:
    return [(t.kind, t.measured_us) for t in folded.transitions]


def test_s02_one_breach_an_hour_old_is_not_an_hour_of_breach() -> None:
    folded = run([tick(1, 0), tilts(2, 1, (1 - HOUR_S, 20)), tick(3, 30)], FOR_AN_HOUR)
    assert not folded.transitions


def test_s02_nor_is_it_with_a_good_sample_of_now_behind_it() -> None:
    backlog = tilts(2, 1, (1 - HOUR_S, 20), (1, 2))
    assert not run([tick(1, 0), backlog], FOR_AN_HOUR).transitions


def test_s03_a_batch_of_two_hours_is_judged_in_the_times_of_its_readings() -> None:
    minutes = [(60.0 * n, 20.0 if 30 <= n < 50 else 2.0) for n in range(120)]
    random.Random(3).shuffle(minutes)  # noqa: S311 not a secret
    text = rule("ten-minutes", TILTED, on_delay_s=600)
    folded = run([tick(1, 0), tilts(2, 120 * 60, *minutes)], text)
    assert hits(folded) == [(Hit.RAISED, us(40 * 60)), (Hit.CLEARED, us(50 * 60))]


def test_s03_batch_after_batch_is_the_same_as_one_by_one() -> None:
    minutes = [(60.0 * n, 20.0 if n % 37 > 20 else 2.0) for n in range(480)]
    batches = [
        tilts(1 + n // 120, minutes[n + 119][0] + 1, *minutes[n : n + 120])
        for n in range(0, 480, 120)
    ]
    singly = [tilts(seq, at, (at, tilt)) for seq, (at, tilt) in enumerate(minutes, 1)]
    text = rule("ten-minutes", TILTED, on_delay_s=600)
    assert hits(run(batches, text)) == hits(run(singly, text)) != []


@pytest.mark.parametrize("late_s", [1, 60, 24 * HOUR_S])
def test_s04_out_of_order_within_the_lateness_is_as_in_order(late_s: int) -> None:
    minutes = [(60.0 * n, 20.0 if 3 <= n < 9 else 2.0) for n in range(12)]
    arrivals = [(at + (late_s if at == 300 else 0), (at, tilt)) for at, tilt in minutes]
    entries = [tilts(seq, at, row) for seq, (at, row) in enumerate(sorted(arrivals), 1)]
    # Without that reading the gap would be too large for five minutes to pass.
    text = rule("five", TILTED, on_delay_s=300, largest_gap_s=90)
    plan = compile_plan(source([replace(COVER, allowed_lateness_s=late_s)], text))
    folded = fold(plan, plan.fresh_state(), [*entries, tick(99, 999 + 2 * late_s)])
    assert hits(folded) == [(Hit.RAISED, us(480)), (Hit.CLEARED, us(540))]
    assert not folded.late


def test_s04_past_the_lateness_it_is_told_for_a_correction() -> None:
    folded = run([tilts(1, 60, (60, 2)), tilts(2, 61, (0, 90))], AT_ONCE)
    assert not folded.transitions
    assert [late.measured_us for late in folded.late] == [us(0)]


def quiet(seconds: Iterable[int]) -> list[Learned]:
    return [tick(s + 10, s) for s in seconds]


def test_s07_a_device_that_returns_exactly_at_the_timeout_was_not_silent() -> None:
    back = tilts(70, 60, (60, 2))
    entries = [tilts(1, 0, (0, 2)), *quiet(range(1, 60)), back]
    assert not run([*entries, tick(71, 61)], SILENT).transitions


def test_s07_and_one_that_returns_in_the_millisecond_after_clears_at_once() -> None:
    back = readings(71, 60.001, [(10, 60.001, 2, 0)])
    entries = [tilts(1, 0, (0, 2)), *quiet(range(1, 61)), back]
    folded = run([*entries, tick(72, 61)], SILENT)
    assert hits(folded) == [(Hit.RAISED, us(60)), (Hit.CLEARED, us(60.001))]


COVERS = [device(n, DeviceKind.COVER, "tilt_deg", interval_s=10) for n in range(1, 101)]
CITY = compile_plan(source(COVERS, AT_ONCE, FOR_AN_HOUR, SILENT))


def city_says(seq: int, at_us: int, said_us: int, quality: int = 0) -> Learned:
    """Make an entry in which all covers speak, one of three tilted."""
    rows = [(10 * n, 0, 20 if n % 3 == 0 else 2, quality) for n in range(1, 101)]
    entry = readings(seq, 0, rows)
    assert isinstance(entry.content, Readings)
    entry.content.measured_us[:] = said_us
    return replace(entry, at_us=at_us)


def city_runs(clock: Sequence[int]) -> Folded:
    """Fold a city that speaks each second, by a server's clock that may jump.

    The journal takes no time before its last; what a device says of a time far from
    the server's is flagged by the intake.
    """
    entries, journal_us = [], 0
    for seq, server_us in enumerate(clock, 1):
        journal_us = max(journal_us, server_us)
        true_us = us(seq)
        quality = Quality.FUTURE if true_us > server_us + 60_000_000 else 0
        entries.append(city_says(seq, journal_us, true_us, int(quality)))
    return fold(CITY, CITY.fresh_state(), entries)


@pytest.mark.parametrize("jump_s", [-2 * 365 * 86400, HOUR_S, -HOUR_S])
def test_s12_a_jump_of_the_servers_clock_changes_nothing(jump_s: int) -> None:
    steady = [us(s) for s in range(1, 300)]
    jumping = [us(s + (jump_s if 100 <= s < 200 else 0)) for s in range(1, 300)]
    wanted = hits(city_runs(steady))
    assert len(wanted) == 33
    assert hits(city_runs(jumping)) == wanted


async def test_s12_the_journals_time_never_goes_back(pool: asyncpg.Pool) -> None:
    times = [NOON, NOON - timedelta(days=730), NOON + timedelta(hours=1), NOON]
    async with pool.acquire() as connection:
        for at in times:
            await append(connection, Kind.TICK, b"", at=at)
        entries = [learned_from(e) for e in await read(connection, after=0, limit=9)]
    assert [e.at_us - entries[0].at_us for e in entries] == [
        0,
        0,
        HOUR_S * 1_000_000,
        HOUR_S * 1_000_000,
    ]


def half_done(plan: Plan) -> State:
    """Return a state in which the cover has been tilted for half of ten seconds."""
    entries = [tilts(1, 0, (0, 20)), tilts(2, 5, (5, 20))]
    return fold(plan, plan.fresh_state(), entries).state


TEN_S = rule("ten", TILTED, on_delay_s=10)


def test_s32_a_rule_edited_while_pending_starts_anew_from_what_it_sees() -> None:
    old = compile_plan(source([COVER], TEN_S))
    edited = source([COVER], TEN_S.replace("above: 15", "above: 18"))
    text = RuleText("ten", 2, edited.rules[0].source)
    new = compile_plan(PlanSource((text,), edited.subjects, 1))
    state, withdrawn = carry(old, half_done(old), new)
    assert not withdrawn
    later = [tilts(seq, 5 * seq, (5 * seq, 20)) for seq in range(3, 8)]
    assert hits(fold(new, state, later)) == [(Hit.RAISED, us(25))]
    assert hits(fold(old, half_done(old), later)) == [(Hit.RAISED, us(15))]


def test_s33_a_restart_in_the_middle_of_a_delay_goes_on_with_it() -> None:
    plan = compile_plan(source([COVER], TEN_S))
    state = read_back(written(half_done(plan)))
    away = edge(3, 9, "ingest", up=True)
    folded = fold(plan, state, [away, tilts(4, 10, (10, 20))])
    assert hits(folded) == [(Hit.RAISED, us(10))]


@pytest.mark.parametrize("late_s", [0.0, 300.0])
def test_s34_a_schedule_that_opens_over_a_standing_condition_fires(
    late_s: float,
) -> None:
    text = AT_ONCE + 'when: {local: "16:05-18:00"}\n'  # second 0 is 16:00
    plan = compile_plan(source([replace(COVER, allowed_lateness_s=late_s)], text))
    entries = [tilts(1, 250, (250, 20)), *quiet(range(251, 700))]
    (raised,) = fold(plan, plan.fresh_state(), entries).transitions
    assert (raised.kind, raised.measured_us) == (Hit.RAISED, us(300))
    assert raised.at_us == us(300 + late_s)


def test_s34_but_not_over_one_that_was_long_ago() -> None:
    text = AT_ONCE + 'when: {local: "16:05-18:00"}\n'
    assert not run([tilts(1, 60, (60, 20)), *quiet(range(61, 700))], text).transitions


def test_s45_two_breaches_an_hour_apart_are_not_an_hour_of_breach() -> None:
    entries = [
        tilts(1, 0, (0, 20)),
        *(tick(n + 2, n) for n in range(1, HOUR_S)),
        tilts(HOUR_S + 9, HOUR_S, (HOUR_S, 20)),
    ]
    assert not run(entries, FOR_AN_HOUR).transitions
