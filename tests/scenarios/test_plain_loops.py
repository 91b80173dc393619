"""Rest, doubt and quality bits: what a plain loop over one device's samples says.

The other measures are held against plain loops beside them: tests/rules, tests/fences,
tests/lighting and tests/lifecycle.
"""

import math
import random
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.columns import copied
from rules.engine.samples import Samples
from rules.measures import MEASURES, compile_measures
from rules.measures.bits import BitsSettings
from rules.measures.doubt import WIDTH, DoubtSettings
from rules.measures.from_rest import LONGEST_STEP_S, FromRestSettings
from rules.measures.measure import Settings
from tests.rules.town import us
from vocabulary.reading import Readings

S = 1_000_000
OWN, BESIDE = 1, 2
"""Series: the one that is measured, and the one that has a say."""


class Said(NamedTuple):
    at: int
    series: int
    value: float
    quality: int


Found = list[float | None]


def from_rest(said: Sequence[Said], asked: FromRestSettings) -> Found:
    found: Found = []
    is_declared = math.isfinite(asked.declared)
    rest = asked.declared if is_declared else asked.assumed
    learned, far, values = is_declared, 0.0, list[float]()
    last: int | None = None
    gate: Said | None = None
    for one in said:
        if one.series == asked.gate:
            gate = one
            found.append(None)
            continue
        values.append(one.value)
        newest = values[-asked.learn :]
        if (not learned or far >= asked.relearn_s) and len(newest) == asked.learn:
            lower, middle, upper = np.quantile(newest, (0.25, 0.5, 0.75)).tolist()
            plausible = asked.low <= middle <= asked.high
            if upper - lower <= asked.steady and plausible:
                rest, learned, far = middle, True, 0.0
        off = one.value - rest
        step = 0.0 if last is None else min((one.at - last) / S, LONGEST_STEP_S)
        last = one.at
        near = learned and abs(off) < asked.within
        if near:
            most = asked.follow_per_s * step
            rest += min(max(off, -most), most)
        far = far + step if learned and not near else 0.0
        told = gate is not None and one.at - gate.at <= asked.gate_gap_s * S
        value: float | None = off if asked.is_signed else abs(off)
        if gate is not None and told:
            sign = asked.gate_sign
            value = 0 if sign * gate.value < sign * asked.gate_limit else value
        elif asked.gate_must:
            value = None
        found.append(None if value is None or math.isnan(value) else value)
    return found


def doubt(said: Sequence[Said], asked: DoubtSettings) -> Found:
    found: Found = []
    rain: Said | None = None
    depths, step, peak = [0.0] * WIDTH, 0.0, 0.0
    for one in said:
        if one.series == asked.rain_series:
            rain = one
            found.append(None)
            continue
        water = one.value > asked.floor
        step = max(step, one.value - depths[-1]) if water else 0.0
        peak = max(peak, one.value) if water else 0.0
        depths = [*depths[1:], one.value]
        near = rain is not None and one.at - rain.at <= asked.rain_gap_s * S
        dry = near and rain is not None and rain.value < asked.rain_from
        bends = [
            abs(depths[n] - 2 * depths[n + 1] + depths[n + 2]) for n in range(WIDTH - 2)
        ]
        odd = step >= asked.step_share * peak or median(bends) >= asked.rough
        doubtful = water and dry and odd
        if asked.wants_doubtful:
            found.append(one.value if doubtful else 0)
        else:
            found.append(None if doubtful else one.value)
    return found


def bits(said: Sequence[Said], asked: BitsSettings) -> Found:
    found: Found = []
    for end, one in enumerate(said):
        newest = said[max(0, end + 1 - asked.capacity) : end + 1]
        inside = [s for s in newest if s.at >= one.at - asked.window_s * S]
        bad = [s for s in inside if s.quality & asked.mask]
        enough = len(inside) >= asked.least
        found.append(len(bad) / len(inside) if enough else None)
    return found


REST = FromRestSettings(learn=4, steady=2, follow_per_s=0.01, within=4)
ASKED: list[tuple[Callable[..., Found], list[Settings]]] = [
    (
        from_rest,
        [
            REST,
            FromRestSettings(
                assumed=0, learn=6, steady=3, low=-1, high=5, follow_per_s=1, within=9
            ),
            FromRestSettings(
                declared=2, learn=3, steady=1, follow_per_s=0, within=2, is_signed=True
            ),
            FromRestSettings(
                learn=3, steady=9, follow_per_s=0.1, within=3, relearn_s=60
            ),
            FromRestSettings(
                assumed=1,
                learn=5,
                steady=2,
                follow_per_s=0.1,
                within=4,
                gate=BESIDE,
                gate_limit=3,
                gate_gap_s=30,
            ),
            FromRestSettings(
                assumed=1,
                learn=5,
                steady=2,
                follow_per_s=0.1,
                within=4,
                gate=BESIDE,
                gate_sign=-1,
                gate_limit=2,
                gate_gap_s=8,
                gate_must=True,
            ),
        ],
    ),
    (
        doubt,
        [
            DoubtSettings(
                rain_series=BESIDE,
                rain_gap_s=gap_s,
                rain_from=2,
                floor=1,
                step_share=share,
                rough=rough,
                wants_doubtful=wants,
            )
            for gap_s, share, rough, wants in [
                (9, 0.8, 30, False),  # nine seconds is a step that is drawn
                (20, 1.0, 30, True),  # one step is all of most rises
                (600, 0.4, 2, False),
                (600, 2.0, 3, True),
            ]
        ],
    ),
    (bits, [BitsSettings(1, 3, 20, 32), BitsSettings(6, 1, 600, 5)]),
]


def stream_of(rng: random.Random) -> list[list[Said]]:
    """Draw what one device says, moment by moment."""
    at_s, moments = 0, []
    middle = 2.0
    for _ in range(rng.randint(1, 50)):
        at_s += rng.choice([1, 1, 2, 5, 9, 40, 7200])
        middle = rng.choice([middle] * 8 + [0.0, 7.0, 40.0])
        value = middle + rng.choice([0, 0, 0.5, 1, -1, 20])
        quality = rng.choice([0, 0, 0, 1, 2, 4])
        own = Said(us(at_s), OWN, value, quality)
        beside = Said(us(at_s), BESIDE, rng.choice([0.0, 2, 3, 5]), 0)
        moments.append(rng.choice([[own], [own], [beside], [beside, own]]))
    return moments


def samples_of(part: Sequence[Sequence[Said]]) -> Samples:
    """Return samples of some slots; of one instant in any order."""
    rows = [(slot, one) for slot, said in enumerate(part) for one in said]
    n = len(rows)
    at = np.array([one.at for _, one in rows], np.int64)
    value = np.array([one.value for _, one in rows], np.float64)
    quality = np.array([one.quality for _, one in rows], np.int32)
    series = np.array([one.series for _, one in rows], np.int32)
    slot = np.array([slot for slot, _ in rows], np.intp)
    readings = Readings(series, at, value, quality, at)
    return Samples(slot, np.arange(n), at, value, quality, readings=readings)


def made(
    asked: Sequence[Settings],
    of_slot: Sequence[Sequence[Sequence[Said]]],
    rng: random.Random,
) -> list[Found]:
    """Measure streams in parts of any size, with a restart after each."""
    number, columns = compile_measures(asked)
    place = int(number[0]) - 1
    memory = MEASURES[place].fresh(columns[place])
    found: list[Found] = [[] for _ in asked]
    left = [list(stream) for stream in of_slot]
    while any(left):
        part = [moments[: rng.choice([0, 1, 1, 3, 20])] for moments in left]
        left = [
            moments[len(taken) :] for moments, taken in zip(left, part, strict=True)
        ]
        samples = samples_of([[s for m in moments for s in m] for moments in part])
        value, known, *_ = MEASURES[place].measure(columns[place], memory, samples)
        for slot, one, is_known in zip(samples.slot, value, known, strict=True):
            found[slot].append(float(one) if is_known else None)
        memory = copied(memory)
    return found


@pytest.mark.parametrize(("loop", "asked"), ASKED)
@settings(max_examples=20, deadline=None)
@given(rng=st.integers(0, 2**32).map(random.Random))
def test_a_measure_says_what_a_plain_loop_says(
    loop: Callable[..., Found], asked: list[Settings], rng: random.Random
) -> None:
    streams = [stream_of(rng) for _ in asked]
    if loop is bits:  # which has one series only
        streams = [
            [own for m in s if (own := [one for one in m if one.series == OWN])]
            for s in streams
        ]
    for found, stream, one in zip(
        made(asked, streams, rng), streams, asked, strict=True
    ):
        wanted = loop([said for moment in stream for said in moment], one)
        assert found == [
            None if value is None else pytest.approx(value) for value in wanted
        ], one
