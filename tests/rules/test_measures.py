"""What a measure makes of its samples is what a plain loop makes of them."""

import random
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.engine.columns import carry_rows, copied
from rules.engine.samples import Samples
from rules.measures import MEASURES, compile_measures
from rules.measures.count import CountSettings
from rules.measures.deviation import DeviationSettings
from rules.measures.measure import Memory, Settings
from rules.measures.rate import RateSettings
from rules.measures.ring import LEAST, MOST, capacity
from rules.measures.spread import SpreadSettings
from rules.measures.stuck import StuckSettings
from tests.rules import oracle_measures as plain
from tests.rules.oracle_measures import Found, Sample
from tests.rules.town import START_S, us

Plain = Callable[..., Found]

ASKED: list[tuple[Plain, list[Settings]]] = [
    (plain.rate, [RateSettings(60, 4), RateSettings(7, 32), RateSettings(600, 16)]),
    (
        plain.spread,
        [SpreadSettings(20, 8, False, 5), SpreadSettings(12, 5, True, 32)],  # noqa: FBT003 columns
    ),
    (plain.stuck, [StuckSettings(0, 9), StuckSettings(1.5, 4)]),
    (
        plain.count,
        [CountSettings(4, 3, True, 30, 20), CountSettings(2, 3.5, False, 12, 3)],  # noqa: FBT003 columns
    ),
]
DAILY = [
    DeviationSettings(5, 3, 0.5, "Europe/Berlin"),
    DeviationSettings(14, 1, 0.01, "Europe/Berlin"),
]
TROLL = DeviationSettings(5, 1, 0.5, "Antarctica/Troll")
"""Clocks go back by two hours there on 25 October 2026, at 01:00 UTC."""

Stream = list[Sample]


def stream_of(rng: random.Random) -> Stream:
    """Draw what one device says: mostly each second, sometimes after a gap."""
    at_s, stream = 0, []
    for _ in range(rng.randint(1, 60)):
        at_s += rng.choice([1, 1, 1, 2, 3, 5, 9, 40])
        stream.append((us(at_s), rng.choice([0.0, 1, 2, 2.5, 3, 3.5, 4, 5, 9])))
    return stream


def made(
    asked: Sequence[Settings], of_slot: Sequence[Stream], rng: random.Random
) -> list[Found]:
    """Measure streams in parts of any size, with a restart between some of them."""
    number, columns = compile_measures(asked)
    place = int(number[0]) - 1
    memory = MEASURES[place].fresh(columns[place])
    found: list[Found] = [[] for _ in asked]
    left = [list(stream) for stream in of_slot]
    while any(left):
        part = [stream[: rng.choice([0, 1, 1, 3, 20])] for stream in left]
        left = [stream[len(p) :] for stream, p in zip(left, part, strict=True)]
        samples = samples_of(part)
        value, known, *_ = MEASURES[place].measure(columns[place], memory, samples)
        for slot, one, is_known in zip(samples.slot, value, known, strict=True):
            found[slot].append(float(one) if is_known else None)
        memory = carried(memory) if rng.random() < 0.3 else memory
    return found


def carried(memory: Memory) -> Memory:
    """Take a memory over to one in which its first slot comes last."""
    other = copied(memory)
    n = len(next(iter(vars_of(memory))))
    rows = np.arange(n)
    carry_rows(memory, other, rows, rows)
    return other


def vars_of(memory: Memory) -> list[np.ndarray]:
    return [getattr(memory, name) for name in memory.__dataclass_fields__]


def samples_of(part: Sequence[Stream]) -> Samples:
    rows = [(slot, *s) for slot, stream in enumerate(part) for s in stream]
    n = len(rows)
    return Samples(
        np.array([row[0] for row in rows], np.intp),
        np.arange(n),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
        np.zeros(n, np.int32),
    )


def agree(found: Found, wanted: Found) -> bool:
    return len(found) == len(wanted) and all(
        (a is None) == (b is None) and (a is None or b is None or a == pytest.approx(b))
        for a, b in zip(found, wanted, strict=True)
    )


many = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 2**32).map(random.Random)


@many
@given(seeds)
def test_measures_agree_with_plain_loops(rng: random.Random) -> None:
    for loop, asked in ASKED:
        of = [stream_of(rng) for _ in asked]
        for found, stream, one in zip(made(asked, of, rng), of, asked, strict=True):
            assert agree(found, loop(stream, one)), (one, found, loop(stream, one))


@many
@given(seeds)
def test_deviation_agrees_with_a_plain_loop_over_weeks(rng: random.Random) -> None:
    streams_of: list[Stream] = []
    for _ in DAILY:
        at_s, stream = rng.randrange(300 * 86400), []
        for _ in range(150):
            at_s += rng.choice([1200, 2400, 3600, 4 * 3600, 23 * 3600, 3 * 86400])
            stream.append((us(at_s), rng.choice([10.0, 11, 12, 30])))
        streams_of.append(stream)
    for found, stream, one in zip(
        made(DAILY, streams_of, rng), streams_of, DAILY, strict=True
    ):
        assert agree(found, plain.deviation(stream, one))


def test_an_hour_that_comes_twice_is_no_earlier_day() -> None:
    """Clocks in Berlin go back on 31 October 2027, at 01:00 UTC."""
    before_s = 1_824_944_400 - START_S
    stream = [(us(before_s + at_s), 10.0) for at_s in (-600, 600)]
    asked = DeviationSettings(5, 1, 0.5, "Europe/Berlin")
    found = made([asked], [stream], random.Random(1))  # noqa: S311 not a secret
    assert found == [[None, None]]


def in_the_night_of_troll(*days: tuple[float, float, float]) -> Found:
    """Measure an hour of three days: once, twice with another in between, and once."""
    first_s = 1_792_882_800 - START_S  # 23:00 UTC, 01:00 on the wall
    stream: Stream = []
    for day, at_once in enumerate(days):
        hours = (0, 1, 2) if day == 1 else (0,)
        # From the second day on the wall shows 01:00 at 01:00 UTC.
        late_s = 2 * 3600 if day > 1 else 0
        stream += [
            (us(first_s + (day - 1) * 86400 + late_s + 3600 * hour), at_once[hour])
            for hour in hours
        ]
    return made([TROLL], [stream], random.Random(2))[0]  # noqa: S311 not a secret


def test_an_hour_that_comes_again_after_another_is_no_earlier_day_and_one_day() -> None:
    found = in_the_night_of_troll((10, 0, 0), (11, 9, 15), (13, 0, 0))
    # The second time is compared with the day before only; then both are one mean.
    assert found == [None, 2, None, 10, pytest.approx(1.5 / (1.4826 * 1.5))]


def test_a_wider_ring_takes_over_the_newest_of_a_narrower_one() -> None:
    narrow, wide = RateSettings(60, 4), RateSettings(60, 9)
    place = MEASURES.index(next(m for m in MEASURES if m.word == "rate"))
    stream = [(us(n), float(n * n)) for n in range(0, 120, 10)]
    for first, then in ((narrow, wide), (wide, narrow)):
        _, before = compile_measures([first])
        _, after = compile_measures([then])
        memory = MEASURES[place].fresh(before[place])
        MEASURES[place].measure(before[place], memory, samples_of([stream[:-1]]))
        taken = MEASURES[place].fresh(after[place])
        carry_rows(memory, taken, np.zeros(1, np.intp), np.zeros(1, np.intp))
        value, *_ = MEASURES[place].measure(
            after[place], taken, samples_of([stream[-1:]])
        )
        kept = stream[-5:] if first is narrow else stream[-4:]
        assert value[0] == pytest.approx(plain.rate(kept, then)[-1])


def test_as_many_samples_are_kept_as_a_window_should_have_twice() -> None:
    assert capacity(600, 10) == 122
    assert capacity(5, 10) == LEAST
    assert capacity(86400, 1) == MOST
