"""What late samples change is what two plain folds in event order differ by."""

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.request import Hit
from rules.correction.again import changed_by
from rules.correction.spans import Kind
from rules.plan.compile import compile_plan
from rules.plan.subject import Subject
from tests.rules.oracle import Oracle, Said
from tests.rules.town import device, readings, source, us
from vocabulary.device import DeviceKind
from vocabulary.position import Positions
from vocabulary.reading import Readings

RULE = """
code: deep
name: {zh: 深, en: deep}
kind: gauge
quantity: depth_mm
condition:
  type: %s
on_delay_s: %d
off_delay_s: %d
largest_gap_s: 60
reason: {zh: "{value}", en: "{value}"}
source: test
"""
CONDITIONS = [
    "threshold\n  grades: [{at: 10, severity: minor}, {at: 20, severity: major}]",
    "rate\n  window_s: 60\n  above: 20\n  severity: minor",
]
Sample = tuple[int, float]
Stood = tuple[int, int | None, str]
"""From when to when an alarm stood, None if it still does; and how bad it became."""


def plainly(text: str, samples: list[Sample]) -> list[Stood]:
    """Return from when to when alarms stand, and how bad they become."""
    oracle = Oracle.of(source([gauge()], text))
    found: list[Said] = []
    for seq, (at_s, value) in enumerate(sorted(samples), 1):
        found += oracle.step(readings(seq, at_s, [(40, at_s, value, 0)]))
    spans: list[Stood] = []
    for one in found:
        if one.kind is Hit.RAISED:
            spans.append((one.measured_us, None, one.severity))
        elif one.kind is Hit.CLEARED:
            spans[-1] = (spans[-1][0], one.measured_us, spans[-1][2])
        elif one.kind is Hit.ESCALATED:
            spans[-1] = (spans[-1][0], None, one.severity)
    return spans


def gauge() -> Subject:
    return device(4, DeviceKind.GAUGE, "depth_mm", interval_s=20)


def stored(samples: list[Sample]) -> Readings:
    content = readings(1, 0, [(40, at, value, 0) for at, value in sorted(samples)])
    assert isinstance(content.content, Readings)
    return content.content


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32).map(random.Random))
def test_a_late_sample_is_told_if_and_only_if_it_changes_what_is_decided(
    rng: random.Random,
) -> None:
    text = RULE % (rng.choice(CONDITIONS), rng.choice([0, 30]), rng.choice([0, 30]))
    times = rng.sample(range(0, 900, 5), rng.randint(3, 40))
    mood, samples = 0.0, list[Sample]()
    for at_s in sorted(times):
        mood = rng.choice([mood] * 4 + [0.0, 12.0, 25.0])
        samples.append((at_s, mood))
    late = rng.sample(samples, rng.choice([1, 1, 2]))
    late = [(at_s, rng.choice([value, 0.0, 25.0])) for at_s, value in late]
    in_time = [one for one in samples if one[0] not in {at_s for at_s, _ in late}]
    with_late = plainly(text, [*in_time, *late])
    without = plainly(text, in_time)
    found = changed_by(
        compile_plan(source([gauge()], text)),
        stored([*in_time, *late]),
        Positions.empty(),
        late_us={us(at_s) for at_s, _ in late},
        device_id=4,
        stretch=(us(-60), us(960)),
    )
    assert bool(found) == (with_late != without)
    new = [one for one in with_late if not any(overlap(one, o) for o in without)]
    gone = [one for one in without if not any(overlap(one, o) for o in with_late)]
    raised = {one.now.raised_us for one in found if one.now and not one.before}
    undone = {one.before.raised_us for one in found if one.before and not one.now}
    assert {one[0] for one in new} <= raised
    assert {one[0] for one in gone} <= undone
    # Each alarm, real or not, is in one correction at most.
    for of in ("now", "before"):
        spans = [getattr(one, of) for one in found if getattr(one, of)]
        assert len({span.raised_us for span in spans}) == len(spans)
    both = [one for one in found if one.now and one.before]
    assert all(one.kind in (Kind.OTHER_TIME, Kind.OTHER_SEVERITY) for one in both)


def test_what_becomes_of_another_device_beside_it_is_not_told() -> None:
    text = RULE % (CONDITIONS[0], 0, 0)
    other = device(5, DeviceKind.GAUGE, "depth_mm", interval_s=20)
    late = [(40, 15.0, 25.0), (40, 25.0, 0.0)]
    beside = [(50, 10.0, 25.0), (50, 15.0, 0.0), (50, 30.0, 25.0)]
    rows = sorted(
        [(40, 5.0, 0.0), *late, *beside, (40, 30.0, 0.0)], key=lambda row: row[1]
    )
    content = readings(1, 0, [(*row, 0) for row in rows]).content
    assert isinstance(content, Readings)
    found = changed_by(
        compile_plan(source([gauge(), other], text)),
        content,
        Positions.empty(),
        late_us={us(15), us(25)},
        device_id=4,
        stretch=(us(-60), us(960)),
    )
    told = [(one.kind, one.now and one.now.raised_us) for one in found]
    assert told == [(Kind.WOULD_HAVE_RAISED, us(15))]


DARK = """
code: dark
name: {zh: 暗, en: dark}
kind: lamp
quantity: power_w
condition:
  type: threshold
  below: 5
  severity: minor
  while: {of: upstream, quantity: contactor_on, above: 0.5}
largest_gap_s: 60
reason: {zh: "{value}", en: "{value}"}
source: test
"""


def test_what_another_device_told_in_time_at_the_same_instant_was_known() -> None:
    cabinet = device(4, DeviceKind.CABINET, "contactor_on")
    lamp = device(5, DeviceKind.LAMP, "power_w", upstream_id=4)
    told = [(40, 5.0, 0.0), (50, 5.0, 98.0), (40, 15.0, 1.0), (50, 25.0, 0.0)]
    rows = sorted([*told, (50, 15.0, 98.0)], key=lambda row: row[1])
    content = readings(1, 0, [(*row, 0) for row in rows]).content
    assert isinstance(content, Readings)
    found = changed_by(
        compile_plan(source([cabinet, lamp], DARK)),
        content,
        Positions.empty(),
        late_us={us(15)},
        device_id=5,
        stretch=(us(-60), us(120)),
    )
    assert found == []  # that the lamp was lit at 15 s changes nothing


def overlap(
    one: tuple[int, int | None, str], other: tuple[int, int | None, str]
) -> bool:
    end, other_end = one[1] or np.inf, other[1] or np.inf
    return other[0] <= end and one[0] <= other_end
