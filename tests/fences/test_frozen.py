"""S14 from the intake on: a receiver that freezes while the truck drives."""

from dataclasses import replace

from cases.request import Hit
from ingest.judging.fix import Tracks, fix_flags, judged_fixes
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.plan.plan import Plan
from tests.fences.yard import Fix, box, learned, plan_of, told
from vocabulary.position import Positions

SITE = box(0, 200, kind="site")
INSIDE = plan_of(
    "type: geofence, is: inside, fences: kind site, band_m: 15, dwell_s: 30",
    fences=[SITE],
)
OUTSIDE = plan_of(
    "type: geofence, fences: kind site, band_m: 15", "on_delay_s: 30", fences=[SITE]
)


def judged(entry: Learned) -> Learned:
    """The entry as the intake would write it: with what it doubts."""
    positions = entry.content
    assert isinstance(positions, Positions)
    flags, _ = fix_flags(Tracks(), judged_fixes(positions))
    return replace(entry, content=replace(positions, quality=positions.quality | flags))


def alarms(plan: Plan, fixes: list[Fix]) -> list[tuple[Hit, float]]:
    return told(
        fold(plan, plan.fresh_state(), [judged(learned(1, *fixes))]).transitions
    )


def frozen(east_m: float, begin_s: float, end_s: float) -> list[Fix]:
    seconds = range(int(begin_s), int(end_s), 5)
    return [Fix(at_s, east_m, speed_kmh=40) for at_s in seconds]


def test_s14_a_receiver_frozen_in_a_fence_has_not_stayed_there() -> None:
    driven = [Fix(0, 20, speed_kmh=40), Fix(5, 75, speed_kmh=40)]
    thawed = [Fix(300, 3000, speed_kmh=40), Fix(305, 3050, speed_kmh=40)]
    assert alarms(INSIDE, driven + frozen(100, 10, 300) + thawed) == []


def test_s14_a_receiver_frozen_outside_a_fence_has_not_left_it_for_long() -> None:
    driven = [Fix(0, 100, speed_kmh=40), Fix(5, 150, speed_kmh=40)]
    back = [Fix(300, 180, speed_kmh=40), Fix(305, 150, speed_kmh=40)]
    assert alarms(OUTSIDE, driven + frozen(230, 10, 300) + back) == []


def test_standing_at_one_place_is_not_frozen() -> None:
    stands = [Fix(5.0 * n, 100, speed_kmh=0) for n in range(10)]
    assert alarms(INSIDE, stands) == [(Hit.RAISED, 30)]
