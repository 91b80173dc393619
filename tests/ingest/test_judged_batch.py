"""Whatever devices say, batches of any size give the same rows, and none is lost."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.arrival import Arrival, named_readings
from ingest.assemble import batch_of
from ingest.judging.memory import Memory
from store.journal.body import positions_body, readings_body
from store.journal.entries import Entry, Kind
from store.telemetry.batch import Batch
from store.telemetry.latest import newest_positions, newest_readings
from tests.ingest.test_judge_clone import NAMES
from tests.store.rows import NOON
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading
from vocabulary.times import SECOND_US, us_from_datetime

HOUR_S = 3600

OFFSETS_S = st.sampled_from(
    [0, 30, 8 * HOUR_S, -8 * HOUR_S, 25 * HOUR_S, -23 * 365 * 86400]
)

Said = tuple[int, int, int]
"""Which device, seconds since the message before, and a place."""


def arrivals_of(said: Sequence[Said], offsets_s: tuple[int, int]) -> list[Arrival]:
    """Make arrivals of two devices whose clocks are off."""
    arrivals, at = [], NOON
    for who, gap_s, place in said:
        at += timedelta(seconds=gap_s)
        name, said_at = f"MH-{who}", at + timedelta(seconds=offsets_s[who - 1])
        reading = Reading(
            device=name, quantity=Quantity.TILT_DEG, measured_at=said_at, value=place
        )
        fix = Position(
            device=name, fixed_at=said_at, lon=111 + place / 9, lat=35, speed_kmh=30
        )
        arrivals.append(
            Arrival(
                transport=Transport.NMEA,
                gateway="GW-1",
                peer=f"10.0.0.{place}:1",
                received_at=at,
                readings=named_readings([reading]),
                positions=[fix],
                refusals=(),
                committed=None,
            )
        )
    return arrivals


SAID = st.lists(
    st.tuples(st.integers(1, 2), st.integers(1, 400), st.integers(1, 2)),
    min_size=1,
    max_size=60,
)


def judged(arrivals: Sequence[Arrival], cuts: Sequence[int]) -> list[Batch]:
    memory = Memory()
    return [
        batch_of(arrivals[start:end], NAMES, memory, at=arrivals[end - 1].received_at)
        for start, end in pairwise(sorted({0, len(arrivals), *cuts}))
        if start < end <= len(arrivals)
    ]


def rows_of(batches: Sequence[Batch]) -> list[tuple[object, ...]]:
    found: list[tuple[object, ...]] = []
    for batch in batches:
        readings, fixes = batch.readings, batch.positions
        found += zip(
            readings.series_id.tolist(),
            readings.measured_us.tolist(),
            readings.quality.tolist(),
            strict=True,
        )
        found += zip(
            fixes.device_id.tolist(),
            fixes.fixed_us.tolist(),
            fixes.lon_e7.tolist(),
            fixes.quality.tolist(),
            strict=True,
        )
        found += [(each.reason, each.identity, each.octets) for each in batch.refusals]
    return sorted(found, key=repr)


@settings(deadline=None)
@given(
    said=SAID,
    offsets_s=st.tuples(OFFSETS_S, OFFSETS_S),
    cuts=st.lists(st.integers(1, 60), max_size=10),
)
def test_batches_of_any_size_give_the_same_rows_and_none_is_lost(
    said: Sequence[Said], offsets_s: tuple[int, int], cuts: Sequence[int]
) -> None:
    arrivals = arrivals_of(said, offsets_s)
    one_by_one = judged(arrivals, range(1, len(arrivals)))
    assert rows_of(judged(arrivals, cuts)) == rows_of(one_by_one)
    assert len(rows_of(one_by_one)) == 2 * len(said)


@settings(deadline=None)
@given(
    said=st.lists(
        st.tuples(st.integers(1, 300), st.integers(-40_000, 40_000)), max_size=60
    ),
    constant_s=st.one_of(st.none(), OFFSETS_S),
)
def test_nothing_from_the_future_is_ever_latest(
    said: Sequence[tuple[int, int]], constant_s: int | None
) -> None:
    memory, after_s = Memory(), 0
    for gap_s, off_s in said:
        after_s += gap_s
        offset_s = off_s if constant_s is None else constant_s
        (arrival,) = arrivals_of([(1, after_s, 1)], (offset_s, 0))
        at = arrival.received_at
        batch = batch_of([arrival], NAMES, memory, at=at)
        entries = [
            Entry(0, 1, at, Kind.READINGS, 1, readings_body(batch.readings)),
            Entry(0, 1, at, Kind.POSITIONS, 1, positions_body(batch.positions)),
        ]
        newest_us = [
            *newest_readings(entries).measured_us.tolist(),
            *newest_positions(entries).fixed_us.tolist(),
        ]
        assert max(newest_us, default=0) <= us_from_datetime(at) + 60 * SECOND_US
