"""A gap is unknown: it adds nothing to a delay and takes nothing away, in any rule."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pytest

from cases.request import Hit
from rules.engine.carry import carry
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.plan.compile import compile_plan
from rules.trial.scene import START_S, device, positions, readings
from tests.rules.town import source, us
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality
from vocabulary.times import SECOND_US

DAY_S = 86_400
HOLD_S, GAP_S = 30, 25
"""The delay, and the largest gap. Samples are 10 s apart, the gap below 90 s."""

IN_A_ROW = (0, 10, 20, 30, 40, 50)
WITH_A_GAP = (0, 10, 100, 110, 120, 130, 140, 150)

Values = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A condition, and what is bad by it.

    Attributes:
        kind: What it is about.
        condition: As its file has it.
        bad: The quantities at a second, or metres from the border and km/h.
        before: Seconds and values of what comes first.
        quantities: What the device tells; none for a vehicle.
        known_after_s: How long after a gap the measure knows anything again.
    """

    kind: DeviceKind
    condition: str
    bad: Callable[[int], Values]
    before: tuple[tuple[int, Values], ...] = ()
    quantities: tuple[str, ...] = ()
    known_after_s: int = 0


def rocking(from_s: int) -> tuple[tuple[int, Values], ...]:
    """Return a reading that goes up and down each ten seconds before second 0."""
    return tuple((s, (2.0 if s % 20 else 20.0,)) for s in range(from_s, 0, 10))


KINDS = {
    "threshold": Kind(
        kind=DeviceKind.COVER,
        condition="threshold, above: 15",
        quantities=("tilt_deg",),
        bad=lambda _: (20,),
    ),
    "rate": Kind(
        kind=DeviceKind.PRESSURE,
        condition="rate, window_s: 20, below: -50",
        quantities=("pressure_kpa",),
        before=((-10, (310,)),),
        bad=lambda at_s: (300 - at_s,),
        known_after_s=10,
    ),
    "count": Kind(
        kind=DeviceKind.COVER,
        condition="count, each: {above: 10}, window_s: 900, above: 3",
        quantities=("tilt_deg",),
        before=rocking(-60),
        bad=lambda _: (20,),
    ),
    "spread": Kind(
        kind=DeviceKind.PRESSURE,
        condition="spread, window_s: 900, above: 100",
        quantities=("pressure_kpa",),
        before=((-20, (100,)),),
        bad=lambda _: (300,),
    ),
    "deviation": Kind(
        kind=DeviceKind.PRESSURE,
        condition="deviation, days: 7, least_days: 3, least_scatter: 5, below: -4",
        quantities=("pressure_kpa",),
        before=tuple((-day * DAY_S, (300,)) for day in (3, 2, 1)),
        bad=lambda _: (200,),
    ),
    "from_rest": Kind(
        kind=DeviceKind.COVER,
        condition="from_rest, above: 12, learn: 12, steady: 3, assumed: 0",
        quantities=("tilt_deg",),
        bad=lambda _: (20,),
    ),
    "expression": Kind(
        kind=DeviceKind.COVER,
        condition="expression, expression: tilt_deg > 30 and water_under_cover > 0.5",
        quantities=("tilt_deg", "water_under_cover"),
        bad=lambda _: (40, 1),
    ),
    "ponding": Kind(
        kind=DeviceKind.GAUGE,
        condition="ponding, above: 150, floor: 50, step_share: 0.8, rough: 30,"
        " rain: {quantity: rain_mm, at_least: 0.2, within_km: 2}",
        quantities=("depth_mm", "rain_mm"),
        bad=lambda at_s: (200, 10 + at_s / 10),
        before=((-10, (0, 5)),),
    ),
    "dimming": Kind(
        kind=DeviceKind.LAMP,
        condition="dimming, below: 70",
        quantities=("power_w", "dimming_pct"),
        bad=lambda _: (40, 100),
    ),
    "quality": Kind(
        kind=DeviceKind.COVER,
        condition="quality, bits: [stuck], window_s: 900, least: 2, above: 0.5",
        quantities=("tilt_deg",),
        bad=lambda _: (20,),
        before=((-10, (20,)),),
    ),
    "overspeed": Kind(
        kind=DeviceKind.VEHICLE,
        condition="overspeed, above: 60, margin_kmh: 3",
        bad=lambda _: (-500, 80),
    ),
    "speed_inside": Kind(
        kind=DeviceKind.VEHICLE,
        condition="speed_inside, fences: own, above: 20",
        bad=lambda _: (-500, 30),
    ),
    "geofence_outside": Kind(
        kind=DeviceKind.VEHICLE,
        condition="geofence, fences: own, band_m: 15",
        bad=lambda _: (200, 5),
    ),
    "geofence_inside": Kind(
        kind=DeviceKind.VEHICLE,
        condition=f"geofence, is: inside, fences: own, band_m: 15, dwell_s: {HOLD_S}",
        bad=lambda _: (-200, 5),
    ),
    "stop": Kind(
        kind=DeviceKind.VEHICLE,
        condition="stop, fences: own, band_m: 15, near_m: 60, stop_s: 20",
        before=((-20, (200, 0)), (-10, (200, 0))),
        bad=lambda _: (200, 0),
    ),
    # These count seconds themselves and have no delay of their own beside it.
    "stuck": Kind(
        kind=DeviceKind.PRESSURE,
        condition=f"stuck, above: {HOLD_S}",
        quantities=("pressure_kpa",),
        bad=lambda _: (300,),
    ),
    "stop_itself": Kind(
        kind=DeviceKind.VEHICLE,
        condition=f"stop, fences: own, band_m: 15, near_m: 60, stop_s: {HOLD_S}",
        bad=lambda _: (200, 0),
    ),
}
COUNTS_ITSELF = ("stuck", "stop_itself", "geofence_inside")


def rule(name: str, of: Kind) -> str:
    """Return the rule file of a condition."""
    lines = [
        f"code: {name.replace('_', '-')}",
        "name: {zh: 试验, en: test}",
        f"kind: {of.kind}",
        f"condition: {{type: {of.condition}, severity: minor}}",
        f"largest_gap_s: {GAP_S}",
        'reason: {zh: "{value}", en: "{value}"}',
        "source: test",
        "",
    ]
    if name not in COUNTS_ITSELF:
        lines.insert(3, f"on_delay_s: {HOLD_S}")
    if of.quantities and not name.startswith(("expression", "dimming")):
        lines.insert(3, f"quantity: {of.quantities[0]}")
    return "\n".join(lines)


def told(of: Kind, seq: int, at_s: int, values: Values) -> Learned:
    """Return one entry in which the device says something."""
    quality = int(Quality.STUCK) if "quality" in of.condition else 0
    if not of.quantities:
        return positions(seq, at_s, [(1, at_s, values[0], values[1], 0)])
    rows = [(10 + n, at_s, value, quality) for n, value in enumerate(values)]
    return readings(seq, at_s, rows)


def raised_s(name: str, seconds: Iterable[int]) -> list[float]:
    """Return when an alarm is raised if it is bad at some seconds."""
    of = KINDS[name]
    it = device(1, of.kind, *of.quantities)
    plan = compile_plan(source([it], rule(name, of)))
    said = [*of.before, *((at_s, of.bad(at_s)) for at_s in seconds)]
    entries = [told(of, seq, *one) for seq, one in enumerate(said, 1)]
    found = fold(plan, plan.fresh_state(), entries).transitions
    return [
        turn.measured_us / SECOND_US - START_S
        for turn in found
        if turn.kind is Hit.RAISED
    ]


@pytest.mark.parametrize("name", KINDS)
def test_what_is_bad_for_as_long_as_the_delay_raises(name: str) -> None:
    assert raised_s(name, IN_A_ROW) == [HOLD_S]


@pytest.mark.parametrize("name", KINDS)
def test_a_gap_neither_satisfies_a_delay_nor_breaks_it(name: str) -> None:
    after_s = KINDS[name].known_after_s
    assert raised_s(name, WITH_A_GAP) == [120 + after_s]


@pytest.mark.parametrize("name", KINDS)
def test_a_device_added_in_the_middle_changes_nothing_for_the_others(name: str) -> None:
    of = KINDS[name]
    two = [device(n, of.kind, *of.quantities) for n in (1, 2)]
    old, new = (
        compile_plan(source(some, rule(name, of))) for some in (two[:1], two[::-1])
    )
    said = [*of.before, *((at_s, of.bad(at_s)) for at_s in IN_A_ROW)]
    entries = [told(of, seq, *one) for seq, one in enumerate(said, 1)]
    for place in range(len(entries)):
        before = fold(old, old.fresh_state(), entries[:place])
        state, withdrawn = carry(old, before.state, new)
        assert not withdrawn
        after = fold(new, state, entries[place:])
        turns = [*before.transitions, *after.transitions]
        assert [turn.measured_us for turn in turns] == [us(HOLD_S)], place
