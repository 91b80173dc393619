"""Random drives: however they are cut into entries, and against a plain loop."""

import math
import random
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.engine.state import read_back, written
from rules.engine.transition import Transition
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from tests.fences.yard import Fix, box, drive, learned, plan_of, rule, source, told
from tests.rules.town import us
from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.times import SECOND_US

FENCES = [
    box(0, 100, fence_id=3, kind="a"),
    box(80, 200, fence_id=5, kind="a"),
    box(300, 320, fence_id=8, kind="b"),
    box(-50, 400, fence_id=9, kind="c"),
]
CONDITIONS = [
    "type: geofence, band_m: 20, band_accuracies: 2",
    "type: geofence, fences: kind a, band_m: 20",
    "type: geofence, is: inside, fences: all, band_m: 5, dwell_s: 20",
    "type: geofence, is: inside, fences: kind a, band_m: 5, inputs: {bit: 1, is: on}",
    "type: crossing, fences: F-8, band_m: 15",
    "type: stop, fences: kind a, near_m: 30, stop_s: 30, band_m: 10",
    "type: speed_inside, fences: kind c, above: 30, deadband: 5",
    "type: late, fences: kind b, since: '16:01', by: '16:02'",
]
PLAN = compile_plan(
    source(
        sorted(
            rule(condition, "largest_gap_s: 25", "off_delay_s: 10", code=f"r{number}")
            for number, condition in enumerate(CONDITIONS)
        ),
        FENCES,
        own=FENCES[0],
        trucks=2,
    )
)

many = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@st.composite
def drives(draw: st.DrawFn) -> list[Fix]:
    """A truck that wanders and stands about, with gaps and doubtful fixes."""
    rng = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 not a secret
    at_s, east, fixes = 0.0, rng.uniform(-150, 450), []
    for _ in range(draw(st.integers(1, 60))):
        at_s += rng.choices([5, 10, 60], [4, 8, 1])[0]
        east += rng.choice([0, 0, rng.uniform(-25, 25), rng.uniform(-150, 150)])
        east = min(max(east, -300), 600)
        fixes.append(
            Fix(
                at_s,
                east,
                speed_kmh=rng.choice([0.0, 5, 20, 40, math.nan]),
                hdop=rng.choice([math.nan, 0.8, 4.0]),
                inputs=rng.choice([0, 2]),
                quality=rng.choices([0, int(Quality.STUCK)], [9, 1])[0],
            )
        )
    return fixes


def both(seq: int, fixes: list[Fix]) -> Learned:
    """One entry of two trucks that drive the same way, the second 30 m east."""
    first = learned(seq, *fixes)
    second = learned(
        seq,
        *(replace(f, east_m=f.east_m + 30) for f in fixes),
        device_id=2,
    )
    assert isinstance(first.content, Positions)
    assert isinstance(second.content, Positions)
    columns = [
        np.concatenate((getattr(first.content, name), getattr(second.content, name)))
        for name in Positions.__dataclass_fields__
    ]
    return Learned(seq, first.at_us, Positions(*columns))


def played(plan: Plan, parts: list[list[Fix]]) -> list[tuple[str, int, str, int, str]]:
    state, found = plan.fresh_state(), []
    for seq, part in enumerate(parts, 1):
        folded = fold(plan, state, [both(seq, part)])
        state = read_back(written(folded.state))
        found += folded.transitions
    return sorted(map(said, found))


def said(found: Transition) -> tuple[str, int, str, int, str]:
    fence = "" if found.fence is None else found.fence.en
    return found.rule.code, found.device_id, found.kind, found.measured_us, fence


@many
@given(drives(), st.randoms(use_true_random=False))
def test_how_a_drive_is_cut_into_entries_does_not_matter(
    fixes: list[Fix], rng: random.Random
) -> None:
    one_by_one = played(PLAN, [[fix] for fix in fixes])
    assert played(PLAN, [fixes]) == one_by_one
    cut = rng.randrange(len(fixes) + 1)
    parts = [part for part in (fixes[:cut], fixes[cut:]) if part]
    assert played(PLAN, parts) == one_by_one


@dataclass
class Loop:
    """Seconds inside one and the same fence, the plain way."""

    dwell_s: float
    fence: int = -1
    held_s: float = 0.0
    last_s: float | None = None
    stands: bool = False

    def step(self, fix: Fix) -> float | None:
        """Return when the alarm changes, if it does."""
        if fix.quality:
            return None
        gap = 0.0 if self.last_s is None else fix.at_s - self.last_s
        self.last_s = fix.at_s
        if self.fence >= 0 and depth_m(self.fence, fix.east_m) >= 0:
            self.held_s += gap if gap <= 25 else 0
        else:
            deep = [n for n in range(4) if depth_m(n, fix.east_m) >= least_m(n)]
            self.fence, self.held_s = (deep[0] if deep else -1), 0.0
        stands = self.fence >= 0 and (self.held_s >= self.dwell_s or self.stands)
        changed, self.stands = stands != self.stands, stands
        return fix.at_s if changed else None


SPANS = [(0, 100), (80, 200), (300, 320), (-50, 400)]


def depth_m(number: int, east_m: float) -> float:
    """Metres from the nearest border of a fence that is 100 m high; below 0 outside."""
    west, east = SPANS[number]
    return min(east_m - west, east - east_m, 50)


def least_m(number: int) -> float:
    west, east = SPANS[number]
    return min(5, (east - west) * 100 / (2 * (east - west + 100)))


@many
@given(drives())
def test_seconds_inside_agree_with_a_plain_loop(fixes: list[Fix]) -> None:
    plan = plan_of(
        "type: geofence, is: inside, fences: all, band_m: 5, dwell_s: 20",
        "largest_gap_s: 25",
        fences=FENCES,
    )
    # A fix within a few centimetres of a border may be on either side on the map.
    near = [abs(f.east_m - edge) for f in fixes for span in SPANS for edge in span]
    near += [abs(d - 5) for f in fixes for n in range(4) if (d := depth_m(n, f.east_m))]
    if min(near) < 0.05:
        return
    loop = Loop(dwell_s=20)
    expected = [at for at in map(loop.step, fixes) if at is not None]
    assert [at for _, at in told(drive(plan, fixes, ticks=False))] == expected


LATE_S = 60
LATE_PLAN = compile_plan(
    source(
        sorted(
            rule(
                condition,
                "largest_gap_s: 25",
                f"allowed_lateness_s: {LATE_S}",
                code=f"r{number}",
            )
            for number, condition in enumerate(CONDITIONS)
        ),
        FENCES,
        own=FENCES[0],
        trucks=2,
    )
)


def arrived(fixes: list[tuple[float, Fix]]) -> list[tuple[str, int, str, int, str]]:
    """Play fixes, each an entry of its own, by the seconds at which they arrive."""
    entries = [
        replace(both(seq, [fix]), at_us=us(at_s))
        for seq, (at_s, fix) in enumerate(sorted(fixes, key=lambda f: f[0]), 1)
    ]
    end = Learned(len(entries) + 1, entries[-1].at_us + 2 * LATE_S * SECOND_US, None)
    state, found = LATE_PLAN.fresh_state(), []
    for entry in (*entries, end):
        folded = fold(LATE_PLAN, state, [entry])
        state = read_back(written(folded.state))
        found += folded.transitions
    return sorted(map(said, found))


@many
@given(drives(), st.randoms(use_true_random=False))
def test_s04_the_order_of_arrival_within_the_allowed_lateness_does_not_matter(
    fixes: list[Fix], rng: random.Random
) -> None:
    shuffled = [(fix.at_s + rng.uniform(0, LATE_S - 1), fix) for fix in fixes]
    assert arrived(shuffled) == arrived([(fix.at_s, fix) for fix in fixes])
